import type { Retry } from "./backoff.js";
import type { Heartbeat, Welcome } from "./protocol.js";
import type { AbortSignalLike, Runtime, WebSocketConstructor } from "./runtime.js";

/**
 * What a client is doing: `connecting`; `open`; `waiting` before it tries again; `idle` until there is something to do (close 4510);
 * `closed` for good.
 */
export type ClientState = "connecting" | "open" | "waiting" | "idle" | "closed";

/** How the last connection ended. */
export interface Close {
  /** Close code (§17): 1006 where there was no connection to be had, such as for a handshake that was refused. */
  readonly code: number;
  /** Name of the code. */
  readonly reason: string;
}

/** How to connect. Everything is optional. */
export interface ConnectOptions {
  /** Makes the connections, where there is no global `WebSocket`. */
  readonly WebSocket?: WebSocketConstructor;
  /** Subprotocol to offer; `journeyforge.v1` unless the definitions name another one (SP-1, SP-4). */
  readonly subprotocol?: string;
  /**
   * The bearer token, or what gets one. A function is called for every connection, and when the token is about to expire (AUTH-4); a
   * plain token cannot be renewed.
   */
  readonly token?: string | (() => string | Promise<string>);
  /**
   * How the token travels: in `hello` (AUTH-5), the default; or as an entry of the subprotocol offer (SP-6), for servers that judge it before they
   * take the connection. Those need to be told to look there, others ignore it; and proxies may log it like any header.
   */
  readonly tokenIn?: "subprotocol" | "hello";
  /** Name and version of the application, for the logs of the server. */
  readonly client?: string;
  /**
   * How silence is noticed (HB-2). `message`, the default, works wherever scripts cannot see the pings of WebSocket itself; with `control`
   * the client probes with frames of its own.
   */
  readonly heartbeat?: Heartbeat;
  /** Times between attempts to connect (HB-4). */
  readonly retry?: Partial<Retry>;
  /** How long a connection may take until it can be used, in milliseconds; 15 000 unless said otherwise. */
  readonly connectTimeoutMs?: number;
  /**
   * How many statuses of unconflated watches may lie here untaken, over all watches (FLOW-7); 256 unless said otherwise. While they do,
   * the server holds further pushes back. 0 turns flow control off.
   */
  readonly window?: number;
  /**
   * How many requests may wait to be sent, while there is no connection or more are called for than the server takes; 10 000 unless said
   * otherwise. One more is refused as `too-many-in-flight`, without effect.
   */
  readonly maxQueued?: number;
  /** Closes the client, however far it has come. To bound how long the first connection may take there is `connectTimeoutMs`. */
  readonly signal?: AbortSignalLike;
  /** Told whenever the state changes; unless it is `connecting` or `open`, with how the last connection ended, if there was one. */
  readonly onState?: (state: ClientState, closed?: Close) => void;
  /** Told of the settings of every connection, as soon as it can be used. */
  readonly onWelcome?: (welcome: Welcome) => void;
  /** Clock and randomness, for tests. */
  readonly runtime?: Partial<Runtime>;
}
