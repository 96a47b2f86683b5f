import { RequestError, WatchEndedError } from "./errors.js";
import { Feed } from "./feed.js";
import { Flow } from "./flow.js";
import { requestFor } from "./requests.js";
/** Unless a refusal says otherwise. */
const AGAIN_MS = 1_000;
/**
 * The subscriptions of a client, each of which belongs to one connection at a time and moves to the next (§9, §19).
 *
 * They are resumed in `hello`, asked for in frames of their own where that is not possible, and asked for again where a refusal is
 * only for now.
 */
export class Subscriptions {
    #hub;
    #feeds = new Map();
    #flow;
    #timers = new Set();
    constructor(hub, window) {
        this.#hub = hub;
        this.#flow = new Flow(window);
    }
    get isEmpty() {
        return this.#feeds.size === 0;
    }
    /** One more. A connection has one per run (§1), and so has a client. */
    open(journeyId, options) {
        if (this.#feeds.has(journeyId))
            throw new TypeError(`this client already watches ${journeyId}`);
        const feed = new Feed(journeyId, options, this);
        this.#feeds.set(journeyId, feed);
        this.ask();
        return feed;
    }
    /** Entries of `hello.resume`, as many as there is room for; the others are asked for when the connection is ready (SUB-9). */
    resume(connection, room) {
        const resume = [];
        for (const feed of this.#feeds.values()) {
            const entry = feed.entry();
            room -= JSON.stringify(entry).length + 1;
            if (room < 0)
                break;
            this.#leave(feed);
            feed.ask(connection);
            resume.push(entry);
        }
        return resume.length > 0 ? { resume } : {};
    }
    /** A new connection can be used. */
    begin(connection) {
        this.#flow.begin(connection);
        this.ask();
    }
    /** Asks for every subscription that is not there. */
    ask() {
        const connection = this.#hub.current();
        if (!connection)
            return;
        for (const feed of this.#feeds.values()) {
            if (feed.home === connection || (feed.home && this.#hub.isNext(feed.home)))
                continue;
            this.#leave(feed);
            const request = requestFor({ type: "subscribe", ...feed.entry() }, {
                repeat: "never",
                settle: (frame) => feed.subscribed(frame),
                fail: (error) => error instanceof RequestError && this.#refused(feed, error),
            });
            feed.ask(connection, request.id);
            this.#hub.request(request);
        }
        this.grant();
    }
    /** A connection is gone, and its subscriptions with it (SUB-11). */
    lost(connection) {
        for (const feed of this.#feeds.values())
            if (feed.home === connection)
                this.#leave(feed);
    }
    /** A frame of the server; those that concern no subscription are left alone. */
    frame(connection, frame) {
        const feed = frame.journeyId === undefined ? undefined : this.#feeds.get(frame.journeyId);
        if (feed?.home === connection)
            this.#tell(feed, frame);
        if (frame.id === undefined && (frame.type === "status" || frame.type === "outcome"))
            this.#flow.pushed(connection);
        this.grant();
    }
    /** Gives the server the credit there is room for (FLOW-7). */
    grant() {
        const connection = this.#hub.current();
        if (connection && !this.isEmpty)
            this.#flow.grant(connection, this.#feeds.values());
    }
    /** Ends all of them. */
    stop(error) {
        for (const timer of this.#timers)
            this.#hub.runtime.clearTimeout(timer);
        for (const feed of [...this.#feeds.values()])
            feed.finish(error);
    }
    taken() {
        this.grant();
    }
    ended(feed, asked) {
        this.#feeds.delete(feed.journeyId);
        if (feed.requestId !== undefined)
            this.#hub.forget(feed.requestId);
        if (asked?.isReady) {
            const nothing = () => undefined;
            const members = { type: "unsubscribe", journeyId: feed.journeyId };
            this.#hub.request(requestFor(members, { repeat: "never", only: asked, settle: nothing, fail: nothing }));
        }
    }
    #leave(feed) {
        if (feed.requestId !== undefined)
            this.#hub.forget(feed.requestId);
        feed.leave();
    }
    #refused(feed, error) {
        if (!error.retryable)
            return feed.finish(error);
        this.#leave(feed);
        const timer = this.#hub.runtime.setTimeout(() => {
            this.#timers.delete(timer);
            this.ask();
        }, error.retryAfterMs ?? AGAIN_MS);
        this.#timers.add(timer);
    }
    #tell(feed, frame) {
        if (frame.id !== undefined)
            return feed.reply(frame);
        switch (frame.type) {
            case "subscribed":
                if (feed.isResuming)
                    feed.subscribed(frame);
                return;
            case "error":
                if (feed.isResuming)
                    this.#refused(feed, RequestError.from(frame));
                return;
            case "unsubscribed":
                return this.#unsubscribed(feed, String(frame["reason"]));
            default:
                return feed.push(frame);
        }
    }
    #unsubscribed(feed, reason) {
        if (!feed.isLive || reason === "requested")
            return;
        if (reason === "completed")
            return feed.finish();
        if (reason === "auth-expired" && this.#hub.renew())
            return this.#leave(feed);
        feed.finish(new WatchEndedError(feed.journeyId, reason));
    }
}
