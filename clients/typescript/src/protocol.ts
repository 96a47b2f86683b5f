/** Names and shapes of the wire protocol (§2 to §4). */

/** The grammar of frames, and the subprotocol where the definition names none of its own (SP-2, SP-4). */
export const PROTOCOL = "journeyforge.v1";

/** Prefix of the entry of a subprotocol offer that carries a token (SP-6). */
export const TOKEN_CARRIER = "base64url.bearer.journeyforge.";

/** Prefix of `problem.type` (ENG-140). */
export const ERROR_PREFIX = "urn:journeyforge:error:";

/** Kinds of events a subscription can ask for (SEQ-2). */
export type EventKind = "status" | "outcome";

/** A message of the server, read leniently: members that are not known are left alone (ERR-6). */
export interface ServerFrame {
  readonly type: string;
  readonly id?: string;
  readonly journeyId?: string;
  readonly seq?: number;
  readonly epoch?: string;
  readonly [member: string]: unknown;
}

/** What the server allows on this connection (LIM-6). */
export interface Limits {
  /** Bytes of a message of the client. */
  readonly maxMessageBytes: number;
  /** Bytes of a payload. */
  readonly maxPayloadBytes: number;
  /** Requests that may wait for their reply. */
  readonly maxInFlight: number;
  /** Subscriptions at a time. */
  readonly maxSubscriptions: number;
  /** Requests per second, in the long run. */
  readonly ratePerSec: number;
  /** Requests at once. */
  readonly burst: number;
  /** Further limits. */
  readonly [name: string]: number;
}

/** A definition that is served on the path. */
export interface ServedJourney {
  /** Name of the definition. */
  readonly journeyName: string;
  /** Message type that starts it. */
  readonly start: string;
  /** Whether a start is answered at once, or when the run has come as far as it can by itself. */
  readonly startMode: "sync" | "async";
  /** Message type of each step. */
  readonly steps: Readonly<Record<string, string>>;
  /** Whether runs can be cancelled. */
  readonly cancellable: boolean;
}

/** What the server says first, and again with the settings in force (§4). */
export interface Welcome {
  /** The grammar of frames. */
  readonly protocol: string;
  /** Additions to the grammar. */
  readonly revision: number;
  /** For logs; it grants nothing. */
  readonly connectionId: string;
  /** Clock of the server, in RFC 3339. */
  readonly serverTime: string;
  /** How silence is probed, in milliseconds (HB-1, HB-2). */
  readonly heartbeat: { readonly mode: Heartbeat; readonly intervalMs: number; readonly timeoutMs: number };
  /** Limits of the connection. */
  readonly limits: Limits;
  /** Parts of the protocol that this server has. */
  readonly features: readonly string[];
  /** Whether the credential must be sent in `hello`. */
  readonly auth: { readonly required: boolean };
  /** What is served here, unless the server keeps it to itself. */
  readonly journeys?: readonly ServedJourney[];
}

/** How a silent connection is probed: by pings of WebSocket itself, or by frames that scripts can see (HB-2). */
export type Heartbeat = "control" | "message";

/** An entry of `hello.resume`, and the members of `subscribe` (SUB-4, SUB-9). */
export interface SubscribeEntry {
  readonly journeyId: string;
  readonly after?: number;
  readonly epoch?: string;
  readonly replay?: "latest" | "all" | "none";
  readonly events?: readonly EventKind[];
  readonly conflate?: boolean;
}

/** The frame in a message, if it is one JSON object with a `type`. */
export function readFrame(text: string): ServerFrame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isFrame = typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
  return isFrame ? (value as ServerFrame) : undefined;
}
