import { ERROR_PREFIX } from "./protocol.js";
/** Root of everything that this package rejects with. */
export class JourneyForgeError extends Error {
    name = "JourneyForgeError";
}
/** The server refused a request: an `error` frame (ERR-1 to ERR-3). */
export class RequestError extends JourneyForgeError {
    problem;
    effect;
    retryable;
    journeyId;
    retryAfterMs;
    name = "RequestError";
    /** The last part of `problem.type`, such as `step-not-active`; the whole of it where it is of another family. */
    code;
    constructor(
    /** The Problem document. */
    problem, 
    /**
     * Whether the command had an effect. A failed precondition of a command that had to be repeated is `unknown`: the first
     * sending may be the one that moved the run.
     */
    effect, 
    /** Whether repeating the same command, with the same key, makes sense. */
    retryable, 
    /** The run, if the request was about one. */
    journeyId, 
    /** How long to wait before repeating, in milliseconds (LIM-4). */
    retryAfterMs) {
        super(problem.detail ?? problem.title ?? problem.type);
        this.problem = problem;
        this.effect = effect;
        this.retryable = retryable;
        this.journeyId = journeyId;
        this.retryAfterMs = retryAfterMs;
        this.code = problem.type.startsWith(ERROR_PREFIX) ? problem.type.slice(ERROR_PREFIX.length) : problem.type;
    }
    /** The error in a frame. `repeated` tells that the request was sent before, on a connection that was lost. */
    static from(frame, repeated = false) {
        const problem = (frame["problem"] ?? { type: "about:blank" });
        const moved = repeated && problem.type === `${ERROR_PREFIX}seq-mismatch`;
        const effect = frame["effect"] === "none" && !moved ? "none" : "unknown";
        const retryAfterMs = frame["retryAfterMs"];
        return new RequestError(problem, effect, frame["retryable"] === true, frame.journeyId, typeof retryAfterMs === "number" ? retryAfterMs : undefined);
    }
}
/**
 * The connection was lost, or the client closed, before the reply to a command came, and the command had neither `key` nor `ifSeq`
 * with which it could have been repeated (IDEM-1, §19). Nobody but the state of the run can tell whether it had an effect.
 */
export class LostReplyError extends JourneyForgeError {
    journeyId;
    status;
    name = "LostReplyError";
    /** Always unknown. */
    effect = "unknown";
    constructor(
    /** The run, if it is known. */
    journeyId, 
    /** Where the run stood when it could be read again. */
    status) {
        super("the connection was lost before the reply came; the command may have had an effect");
        this.journeyId = journeyId;
        this.status = status;
    }
}
/** The connection is over for good: closed by `client.close()`, or by the server in a way that forbids coming back (§17). */
export class ConnectionError extends JourneyForgeError {
    code;
    name = "ConnectionError";
    constructor(message, 
    /** Close code of WebSocket, if there was one. */
    code, options) {
        super(message, options);
        this.code = code;
    }
}
/** The server ended a subscription before its outcome (`unsubscribed`, §4). */
export class WatchEndedError extends JourneyForgeError {
    journeyId;
    reason;
    name = "WatchEndedError";
    constructor(
    /** The run. */
    journeyId, 
    /** `gone`: the run was removed, or may not be read any more (ACC-3); `limit`; `auth-expired` (AUTH-4). */
    reason) {
        super(`the subscription has ended: ${reason}`);
        this.journeyId = journeyId;
        this.reason = reason;
    }
}
