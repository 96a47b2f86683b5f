import { ConnectionError } from "./errors.js";
/**
 * The events of one run, in order and without repetition, across lost connections: `for await (const event of watch)`.
 *
 * It is over after the outcome, or when it is closed; leaving the loop closes it. It throws {@link WatchEndedError} when the server ends
 * the subscription, `RequestError` when it refuses it, {@link ConnectionError} when the client is over.
 */
export class Watch {
    #feed;
    /** @internal */
    constructor(feed) {
        this.#feed = feed;
    }
    /** The run. */
    get journeyId() {
        return this.#feed.journeyId;
    }
    /** Where to go on from after the last event that was taken: `watch(journeyId, { from })` of any later client. */
    get cursor() {
        return this.#feed.cursor;
    }
    /** The next event. */
    next() {
        return this.#feed.next();
    }
    /** What leaving a loop calls. */
    return() {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
    }
    [Symbol.asyncIterator]() {
        return this;
    }
    /** Reads on to the end of the run. Rejects with what the iteration throws, and if the watch is closed before. */
    async outcome() {
        for await (const event of this)
            if (event.type === "outcome")
                return event;
        throw new ConnectionError("the watch was closed before the run ended");
    }
    /** Ends the subscription (SUB-12). The run goes on. */
    close() {
        this.#feed.stop();
    }
}
