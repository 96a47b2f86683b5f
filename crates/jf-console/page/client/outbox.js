import { LostReplyError, RequestError } from "./errors.js";
import { ERROR_PREFIX } from "./protocol.js";
import { utf8Length } from "./runtime.js";
/**
 * The requests without a reply, in the order of their calls (ORD-1), within the limits of the connection (FLOW-5, LIM-4).
 *
 * Every request is settled exactly once: by its reply, or when nobody can say any more how it went.
 */
export class Outbox {
    #entries = new Map();
    #runtime;
    #readInstead;
    #paces = new WeakMap();
    #timer;
    constructor(runtime, readInstead) {
        this.#runtime = runtime;
        this.#readInstead = readInstead;
    }
    get isEmpty() {
        return this.#entries.size === 0;
    }
    /** Takes a request; [`pump`](Outbox.pump) sends it. */
    add(request) {
        this.#entries.set(request.id, { request, sentOn: undefined, repeated: false, forgotten: false });
    }
    /** Stops waiting for a reply. What was sent stays sent. */
    forget(id) {
        const entry = this.#entries.get(id);
        if (entry?.sentOn)
            entry.forgotten = true;
        else
            this.#entries.delete(id);
    }
    /** Whether requests wait for replies on a connection. */
    isBusy(connection) {
        return this.#inFlight(connection) > 0;
    }
    /** Sends what waits and fits. */
    pump(connection) {
        if (!connection.isReady)
            return;
        const { limits } = connection.welcome;
        const pace = this.#pace(connection, limits);
        let inFlight = this.#inFlight(connection);
        this.#runtime.clearTimeout(this.#timer);
        for (const entry of [...this.#entries.values()]) {
            const { request } = entry;
            if (entry.sentOn || (request.only && request.only !== connection) || (connection.isLeaving && request.isCommand))
                continue;
            if (inFlight >= limits.maxInFlight)
                return;
            if (utf8Length(request.text) > limits.maxMessageBytes) {
                // The server would end the connection for it, and everybody's requests with it (LIM-1).
                this.#entries.delete(request.id);
                request.fail(tooLarge(request, limits));
                continue;
            }
            const waitMs = pace.take(this.#runtime.now());
            if (waitMs > 0) {
                this.#timer = this.#runtime.setTimeout(() => this.pump(connection), waitMs);
                return;
            }
            entry.sentOn = connection;
            inFlight += 1;
            connection.send(request.text);
        }
    }
    /** Settles the request of a reply. `false` when there is none, or the frame tells of something to come. */
    reply(connection, frame) {
        const entry = frame.id === undefined ? undefined : this.#entries.get(frame.id);
        if (!entry || entry.sentOn !== connection)
            return false;
        const { request } = entry;
        if (entry.forgotten) {
            if (frame.type !== "accepted")
                this.#entries.delete(request.id);
            return frame.type !== "accepted";
        }
        if (frame.type === "accepted") {
            request.journeyId ??= frame.journeyId;
            request.accepted?.(frame);
            return false;
        }
        if (frame.type === "error") {
            const error = RequestError.from(frame, entry.repeated);
            if (error.code === "draining") {
                entry.sentOn = undefined; // no effect; the next connection will have it (DRAIN-2)
                return true;
            }
            this.#entries.delete(request.id);
            request.fail(error);
        }
        else {
            this.#entries.delete(request.id);
            request.settle(frame);
        }
        return true;
    }
    /** A connection is over: what can be repeated waits for the next one, in its old place. */
    lost(connection) {
        for (const entry of [...this.#entries.values()]) {
            const { request } = entry;
            if (request.only === connection || (entry.forgotten && entry.sentOn === connection))
                this.#entries.delete(request.id);
            if (entry.sentOn !== connection || !this.#entries.has(request.id))
                continue;
            if (request.repeat !== "never") {
                entry.sentOn = undefined;
                entry.repeated = true;
                continue;
            }
            this.#entries.delete(request.id);
            if (request.journeyId === undefined)
                request.fail(new LostReplyError(undefined, undefined));
            else
                this.#readInstead(request.journeyId, request);
        }
    }
    /** Nothing will be sent or heard any more. What was sent and may have had an effect says so. */
    close(reason) {
        this.#runtime.clearTimeout(this.#timer);
        const entries = [...this.#entries.values()];
        this.#entries.clear();
        for (const { request, sentOn, repeated, forgotten } of entries) {
            if (forgotten)
                continue;
            const unsure = request.isCommand && (sentOn !== undefined || repeated);
            request.fail(unsure ? new LostReplyError(request.journeyId, undefined) : reason);
        }
    }
    #inFlight(connection) {
        let count = 0;
        for (const { sentOn } of this.#entries.values())
            count += sentOn === connection ? 1 : 0;
        return count;
    }
    #pace(connection, limits) {
        let pace = this.#paces.get(connection);
        if (!pace)
            this.#paces.set(connection, (pace = new Pace(limits, this.#runtime.now())));
        return pace;
    }
}
/** Keeps below the rate of the connection (LIM-4). Half of the burst is left for what the network pushes together. */
class Pace {
    #perMs;
    #burst;
    #tokens;
    #at;
    constructor(limits, now) {
        this.#perMs = limits.ratePerSec / 1000;
        this.#burst = Math.max(1, Math.floor(limits.burst / 2));
        this.#tokens = this.#burst;
        this.#at = now;
    }
    /** Takes a token; else says after how many milliseconds there is one. */
    take(now) {
        if (!(this.#perMs > 0))
            return 0;
        this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
        this.#at = now;
        if (this.#tokens < 1)
            return Math.ceil((1 - this.#tokens) / this.#perMs);
        this.#tokens -= 1;
        return 0;
    }
}
function tooLarge(request, limits) {
    const problem = {
        type: `${ERROR_PREFIX}too-large`,
        title: "Too Large",
        status: 413,
        detail: `the message has more than ${limits.maxMessageBytes} bytes; it was not sent`,
    };
    return new RequestError(problem, "none", false, request.journeyId, undefined);
}
