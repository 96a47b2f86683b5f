import type { At, JourneyStatus, Problem } from "./documents.js";
import { ERROR_PREFIX, type ServerFrame } from "./protocol.js";

/** Whether a command had an effect (IDEM-10). */
export type Effect = "none" | "unknown";

/** What requests are refused for (ENG-140, ERR-1). There may be others, of newer servers and of other families. */
export type ErrorCode =
  | "malformed-frame"
  | "unknown-type"
  | "unknown-member"
  | "duplicate-id"
  | "invalid-input"
  | "too-large"
  | "metadata-limit"
  | "idempotency-key-invalid"
  | "journey-name-required"
  | "type-not-for-journey"
  | "step-type-mismatch"
  | "not-found"
  | "not-terminal"
  | "not-cancellable"
  | "step-not-active"
  | "step-ambiguous"
  | "seq-mismatch"
  | "idempotency-mismatch"
  | "rate-limited"
  | "too-many-in-flight"
  | "subscription-limit"
  | "unauthenticated"
  | "forbidden"
  | "draining"
  | "unavailable"
  | "internal"
  | "unsupported"
  // Any other text, without hiding these from editors.
  | (string & {});

/** Root of everything that this package rejects with. */
export class JourneyForgeError extends Error {
  override readonly name: string = "JourneyForgeError";
}

/** The server refused a request: an `error` frame (ERR-1 to ERR-3). */
export class RequestError extends JourneyForgeError {
  override readonly name = "RequestError";
  /** The last part of `problem.type`, such as `step-not-active`; the whole of it where it is of another family. */
  readonly code: ErrorCode;

  constructor(
    /** The Problem document. */
    readonly problem: Problem,
    /**
     * Whether the command had an effect. A failed precondition of a command that had to be repeated is `unknown`: the first
     * sending may be the one that moved the run.
     */
    readonly effect: Effect,
    /** Whether repeating the same command, with the same key, makes sense. */
    readonly retryable: boolean,
    /** The run, if the request was about one. */
    readonly journeyId: string | undefined,
    /** How long to wait before repeating, in milliseconds (LIM-4). */
    readonly retryAfterMs: number | undefined,
  ) {
    super(problem.detail ?? problem.title ?? problem.type);
    this.code = problem.type.startsWith(ERROR_PREFIX) ? problem.type.slice(ERROR_PREFIX.length) : problem.type;
  }

  /** The error in a frame. `repeated` tells that the request was sent before, on a connection that was lost. */
  static from(frame: ServerFrame, repeated = false): RequestError {
    const problem = (frame["problem"] ?? { type: "about:blank" }) as Problem;
    const moved = repeated && problem.type === `${ERROR_PREFIX}seq-mismatch`;
    const effect = frame["effect"] === "none" && !moved ? "none" : "unknown";
    const retryAfterMs = frame["retryAfterMs"];
    return new RequestError(
      problem,
      effect,
      frame["retryable"] === true,
      frame.journeyId,
      typeof retryAfterMs === "number" ? retryAfterMs : undefined,
    );
  }
}

/**
 * The connection was lost, or the client closed, before the reply to a command came, and the command had neither `key` nor `ifSeq`
 * with which it could have been repeated (IDEM-1, §19). Nobody but the state of the run can tell whether it had an effect.
 */
export class LostReplyError extends JourneyForgeError {
  override readonly name = "LostReplyError";
  /** Always unknown. */
  readonly effect: Effect = "unknown";

  constructor(
    /** The run, if it is known. */
    readonly journeyId: string | undefined,
    /** Where the run stood when it could be read again. */
    readonly status: At<JourneyStatus> | undefined,
  ) {
    super("the connection was lost before the reply came; the command may have had an effect");
  }
}

/** The connection is over for good: closed by `client.close()`, or by the server in a way that forbids coming back (§17). */
export class ConnectionError extends JourneyForgeError {
  override readonly name = "ConnectionError";

  constructor(
    message: string,
    /** Close code of WebSocket, if there was one. */
    readonly code?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The server ended a subscription before its outcome (`unsubscribed`, §4). */
export class WatchEndedError extends JourneyForgeError {
  override readonly name = "WatchEndedError";

  constructor(
    /** The run. */
    readonly journeyId: string,
    /** `gone`: the run was removed, or may not be read any more (ACC-3); `limit`; `auth-expired` (AUTH-4). */
    readonly reason: string,
  ) {
    super(`the subscription has ended: ${reason}`);
  }
}
