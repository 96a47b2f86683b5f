import { outcomeReply, requestFor, startReply, statusReply } from "./requests.js";
import { Session } from "./session.js";
import { Watch } from "./watch.js";
/**
 * A client of the journeys on one path, from {@link connect}.
 *
 * It survives connections: requests wait while there is none, commands whose reply was lost are repeated without a second effect,
 * and watches go on where they were (§19). Commands for one run are carried out in the order of the calls (ORD-1).
 *
 * Requests reject with `RequestError` when the server refuses them, and with `ConnectionError` or `LostReplyError` when nothing more can
 * be heard.
 */
export class Client {
    #session;
    /** @internal */
    constructor(session) {
        this.#session = session;
    }
    /** What the client is doing. */
    get state() {
        return this.#session.state;
    }
    /** The settings of the present connection, or of the last one: limits, features, what is served (§4). */
    get welcome() {
        return this.#session.welcome;
    }
    /** Settled when the client is over: with the reason, or without one after `close()`. It never rejects. */
    get closed() {
        return this.#session.over;
    }
    /**
     * Starts a run (OP-1, OP-2). It is not watched by that: `client.watch(reply.journeyId, { from: reply.cursor })` misses nothing, however
     * much later.
     */
    start(type, payload, options = {}) {
        const { journeyName, onAccepted } = options;
        const members = { type, journeyName, payload: given(payload), ...(onAccepted && { ack: true }) };
        const accepted = onAccepted && ((frame) => onAccepted(frame.journeyId ?? ""));
        return this.#command(members, options, (frame) => startReply(frame), accepted);
    }
    /** Submits a step of a run (WS-032, OP-4). The reply tells where the run stands then, with the members of the step's `response`. */
    submit(journeyId, type, payload, options = {}) {
        const { stepId, onAccepted } = options;
        const members = { type, journeyId, stepId, ...precondition(options), payload: given(payload), ...(onAccepted && { ack: true }) };
        return this.#command(members, options, statusReply, onAccepted && (() => onAccepted()));
    }
    /** Cancels a run (RT-10). A run that has ended stays as it is, and answers with its status. */
    cancel(journeyId, options = {}) {
        return this.#command({ type: "cancel", journeyId, ...precondition(options) }, options, statusReply);
    }
    /** Where a run stands (`getStatus`). */
    status(journeyId, options = {}) {
        return this.#ask({ type: "getStatus", journeyId }, { repeat: "freely", isCommand: false }, options, statusReply);
    }
    /** How a run ended (`getOutcome`); refused as `not-terminal` while it goes on (OP-6). To wait for it: `client.watch(journeyId).outcome()`. */
    outcome(journeyId, options = {}) {
        const read = (frame) => outcomeReply(frame);
        return this.#ask({ type: "getOutcome", journeyId }, { repeat: "freely", isCommand: false }, options, read);
    }
    /**
     * Watches a run, wherever it was started (SUB-13): every event once, in order, across lost connections.
     *
     * A client has one watch per run at a time; it throws a `TypeError` for a second one.
     */
    watch(journeyId, options = {}) {
        return new Watch(this.#session.watch(journeyId, options));
    }
    /**
     * Shows another token (AUTH-5), on this connection and all later ones. Only where `welcome.features` has `auth`; a token from a function
     * is renewed without being asked.
     */
    authenticate(token) {
        return this.#session.authenticate(token);
    }
    /** Ends the client: watches are over, requests without a reply reject. Runs go on. */
    close() {
        this.#session.stop();
    }
    #command(members, options, read, accepted) {
        const key = options.key === false ? undefined : (options.key ?? this.#session.runtime.randomKey());
        const repeat = key !== undefined || members.ifSeq !== undefined ? "safely" : "never";
        const frame = { ...members, key, trace: options.trace };
        return this.#ask(frame, { repeat, isCommand: true }, options, read, accepted);
    }
    #ask(members, kind, { signal }, read, accepted) {
        return new Promise((resolve, reject) => {
            if (signal?.aborted)
                return reject(signal.reason);
            const abort = () => {
                this.#session.forget(request.id);
                reject(signal?.reason);
            };
            const done = () => signal?.removeEventListener("abort", abort);
            const request = requestFor(members, {
                ...kind,
                isCalled: true,
                settle: (frame) => (done(), resolve(read(frame))),
                fail: (error) => (done(), reject(error)),
                ...(accepted && { accepted }),
            });
            signal?.addEventListener("abort", abort);
            this.#session.request(request);
        });
    }
}
/**
 * Connects to the journeys on one path, such as `wss://journeys.example.com/ws/loans`.
 *
 * The promise is kept when requests can be sent. It rejects with `ConnectionError` when that is out of the question, or after
 * `retry.firstAttempts`; from then on the client comes back by itself, as long as the server wants it to (§17).
 */
export async function connect(url, options = {}) {
    const session = new Session(url, options);
    const error = await session.begin();
    if (error)
        throw error;
    return new Client(session);
}
function precondition({ ifSeq }) {
    if (typeof ifSeq !== "object")
        return ifSeq === undefined ? {} : { ifSeq };
    return { ifSeq: ifSeq.seq, ...(ifSeq.epoch !== undefined && { epoch: ifSeq.epoch }) };
}
/** A payload must be there; there is no JSON for `undefined`. */
function given(payload) {
    return payload === undefined ? null : payload;
}
