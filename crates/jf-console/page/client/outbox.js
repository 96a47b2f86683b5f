import { LostReplyError, RequestError } from "./errors.js";
import { ERROR_PREFIX } from "./protocol.js";
import { utf8Length } from "./runtime.js";
/** Places at the front of the queue that may be empty. */
const COMPACT = 1_024;
/**
 * The requests without a reply, in the order of their calls (ORD-1), within the limits of the connection (FLOW-5, LIM-4).
 *
 * Every request is settled exactly once: by its reply, or when nobody can say any more how it went.
 */
export class Outbox {
    /** All of them, by id. */
    #entries = new Map();
    /** Those that wait to be sent, in their order, from `#head` on; among them some that nobody waits for any more. */
    #queue = [];
    #head = 0;
    /** How many wait to be sent. */
    #queued = 0;
    #sender;
    #maxQueued;
    #inFlight = new WeakMap();
    #paces = new WeakMap();
    #timer;
    constructor(sender, maxQueued) {
        this.#sender = sender;
        this.#maxQueued = maxQueued;
    }
    get isEmpty() {
        return this.#entries.size === 0;
    }
    /** Takes a request; [`pump`](Outbox.pump) sends it. Those of callers are refused where too many wait already. */
    add(request) {
        if (request.isCalled && this.#queued >= this.#maxQueued)
            return request.fail(tooMany(request, this.#maxQueued));
        const entry = { request, sentOn: undefined, repeated: false, forgotten: false };
        this.#entries.set(request.id, entry);
        this.#queue.push(entry);
        this.#queued += 1;
    }
    /** Stops waiting for a reply. What was sent stays sent. */
    forget(id) {
        const entry = this.#entries.get(id);
        if (!entry || entry.forgotten)
            return;
        entry.forgotten = true;
        if (entry.sentOn)
            return;
        this.#entries.delete(id);
        this.#queued -= 1;
    }
    /** Whether requests wait for replies on a connection. */
    isBusy(connection) {
        return this.#count(connection) > 0;
    }
    /** Sends what waits and fits. */
    pump(connection) {
        if (!connection.isReady)
            return;
        const { limits } = connection.welcome;
        const pace = this.#pace(connection, limits);
        const [passed, refused] = [[], []];
        this.#sender.runtime.clearTimeout(this.#timer);
        let at = this.#head;
        for (; at < this.#queue.length; at += 1) {
            const entry = this.#queue[at];
            const { request } = entry;
            if (entry.forgotten)
                continue;
            if ((request.only && request.only !== connection) || (connection.isLeaving && request.isCommand)) {
                passed.push(entry);
                continue;
            }
            if (this.#count(connection) >= limits.maxInFlight)
                break;
            if (utf8Length(request.text) > limits.maxMessageBytes) {
                // The server would end the connection for it, and everybody's requests with it (LIM-1).
                this.#entries.delete(request.id);
                this.#queued -= 1;
                refused.push(request);
                continue;
            }
            const waitMs = pace.take(this.#sender.runtime.now());
            if (waitMs > 0) {
                this.#timer = this.#sender.runtime.setTimeout(() => this.pump(connection), waitMs);
                break;
            }
            entry.sentOn = connection;
            this.#queued -= 1;
            this.#inFlight.set(connection, this.#count(connection) + 1);
            connection.send(request.text);
        }
        this.#advance(at, passed);
        for (const request of refused)
            request.fail(tooLarge(request, limits));
    }
    /** Settles the request of a reply. `false` when there is none, or the frame tells of something to come. */
    reply(connection, frame) {
        const entry = frame.id === undefined ? undefined : this.#entries.get(frame.id);
        if (!entry || entry.sentOn !== connection)
            return false;
        const { request } = entry;
        if (frame.type === "accepted") {
            request.journeyId ??= frame.journeyId;
            if (!entry.forgotten)
                this.#sender.tell(() => request.accepted?.(frame));
            return false;
        }
        this.#inFlight.set(connection, this.#count(connection) - 1);
        const error = frame.type === "error" ? RequestError.from(frame, entry.repeated) : undefined;
        if (error?.code === "draining" && !entry.forgotten) {
            this.#again([entry]); // no effect; the next connection will have it (DRAIN-2)
            return true;
        }
        this.#entries.delete(request.id);
        if (entry.forgotten)
            return true;
        if (error)
            request.fail(error);
        else
            request.settle(frame);
        return true;
    }
    /** A connection is over: what can be repeated waits for the next one, in its old place. */
    lost(connection) {
        this.#inFlight.delete(connection);
        const again = [];
        const unknown = [];
        for (const entry of this.#entries.values()) {
            const { request } = entry;
            if (request.only === connection && !entry.sentOn)
                this.forget(request.id);
            if (entry.sentOn !== connection)
                continue;
            if (request.only !== connection && !entry.forgotten && request.repeat !== "never") {
                entry.repeated = true;
                again.push(entry);
                continue;
            }
            this.#entries.delete(request.id);
            if (request.only !== connection && !entry.forgotten)
                unknown.push(request);
        }
        this.#again(again);
        for (const request of unknown) {
            if (request.journeyId === undefined)
                request.fail(new LostReplyError(undefined, undefined));
            else
                this.#sender.readInstead(request.journeyId, request);
        }
    }
    /** Nothing will be sent or heard any more. What was sent and may have had an effect says so. */
    close(reason) {
        this.#sender.runtime.clearTimeout(this.#timer);
        const entries = [...this.#entries.values()];
        this.#entries.clear();
        [this.#queue, this.#head, this.#queued] = [[], 0, 0];
        for (const { request, sentOn, repeated, forgotten } of entries) {
            if (forgotten)
                continue;
            const unsure = request.isCommand && (sentOn !== undefined || repeated);
            request.fail(unsure ? new LostReplyError(request.journeyId, undefined) : reason);
        }
    }
    #count(connection) {
        return this.#inFlight.get(connection) ?? 0;
    }
    /** What stands before `at` in the queue has left it, except what was passed over. */
    #advance(at, passed) {
        this.#head = at;
        // Now and then, so that it costs nothing in the long run.
        if (passed.length === 0 && this.#head < Math.max(COMPACT, this.#queue.length / 2))
            return;
        this.#queue = [...passed, ...this.#queue.slice(this.#head)];
        this.#head = 0;
    }
    /** Requests that were sent wait again, each before those that were called after it: the order of `#entries`. */
    #again(entries) {
        if (entries.length === 0)
            return;
        for (const entry of entries)
            entry.sentOn = undefined;
        this.#queued += entries.length;
        this.#queue = [...this.#entries.values()].filter((entry) => entry.sentOn === undefined);
        this.#head = 0;
    }
    #pace(connection, limits) {
        let pace = this.#paces.get(connection);
        if (!pace)
            this.#paces.set(connection, (pace = new Pace(limits, this.#sender.runtime.now())));
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
function tooMany(request, most) {
    const problem = {
        type: `${ERROR_PREFIX}too-many-in-flight`,
        title: "Too Many In Flight",
        status: 429,
        detail: `${most} requests wait to be sent already; this one was not taken`,
    };
    return new RequestError(problem, "none", true, request.journeyId, undefined);
}
