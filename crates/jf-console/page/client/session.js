import { RETRY, pause } from "./backoff.js";
import { reactionTo } from "./closing.js";
import { Connection } from "./connection.js";
import { ConnectionError, LostReplyError } from "./errors.js";
import { Outbox } from "./outbox.js";
import { ERROR_PREFIX, PROTOCOL, TOKEN_CARRIER } from "./protocol.js";
import { requestFor, statusReply } from "./requests.js";
import { RUNTIME, base64url, globalWebSocket } from "./runtime.js";
import { Subscriptions } from "./subscriptions.js";
/** A connection that lasts so long ends a row of failures. */
const LASTING_MS = 10_000;
const CONNECT_TIMEOUT_MS = 15_000;
const WINDOW = 256;
/** Requests that may wait to be sent. */
const MAX_QUEUED = 10_000;
/** Where the credential is in `hello`, it has no more room than this (IDLE-2), and the rest of it needs some. */
const HELLO_BYTES = 16_384;
const HELLO_RESERVE = 2_048;
/**
 * A client across its connections: when to connect, what to resume and repeat, when to give up (§17, §19).
 *
 * Usually there is one connection. After `goaway` there may be two for a while: the old one finishes what it has, and the new one has
 * everything else (DRAIN-3).
 */
export class Session {
    /** The settings last told. */
    welcome;
    state = "connecting";
    /** Settled when the client is over; without an error if that was its own wish. */
    over;
    runtime;
    #url;
    #options;
    #make;
    #retry;
    #outbox;
    #subscriptions;
    #credential;
    #tellOver;
    #tellFirst;
    #end;
    #connections = new Set();
    #current;
    #next;
    #timer;
    #isScheduled = false;
    #failures = 0;
    #since = 0;
    #hasRenewed = false;
    #closed;
    constructor(url, options) {
        this.#url = (typeof url === "string" ? url : url.href).replace(/^http/, "ws");
        this.#options = options;
        this.#credential = options.token;
        this.runtime = { ...RUNTIME, ...options.runtime };
        this.#retry = { ...RETRY, ...options.retry };
        const make = options.WebSocket ?? globalWebSocket();
        if (!make)
            throw new ConnectionError("there is no global WebSocket; give one in the options");
        this.#make = make;
        this.over = new Promise((resolve) => (this.#tellOver = resolve));
        this.#outbox = new Outbox(this, options.maxQueued ?? MAX_QUEUED);
        this.#subscriptions = new Subscriptions(this, options.window ?? WINDOW);
    }
    /** Connects for the first time; settled when requests can be sent, or when that is out of the question. */
    begin() {
        const { signal } = this.#options;
        return new Promise((resolve) => {
            this.#tellFirst = resolve;
            const abort = () => this.stop(new ConnectionError("aborted", undefined, { cause: signal?.reason }));
            if (signal?.aborted)
                return abort();
            signal?.addEventListener("abort", abort);
            void this.over.then(() => signal?.removeEventListener("abort", abort));
            this.#open();
        });
    }
    /** Takes a request; it is sent as soon as there is a connection for it. */
    request(request) {
        if (this.#end)
            return request.fail(this.#end);
        this.#outbox.add(request);
        if (this.#current)
            this.#outbox.pump(this.#current);
        this.#demand();
    }
    /** Stops waiting for a reply. */
    forget(id) {
        this.#outbox.forget(id);
    }
    /** A subscription that outlives connections. */
    watch(journeyId, options) {
        const feed = this.#subscriptions.open(journeyId, options);
        if (this.#end)
            feed.finish(this.#end);
        else
            this.#demand();
        return feed;
    }
    /** Shows another token, on this connection and all later ones (AUTH-5). Subscriptions that ended with the old one come back. */
    async authenticate(token) {
        this.#credential = token;
        const shown = await this.#token();
        await new Promise((resolve, reject) => {
            const members = { type: "auth", scheme: "bearer", token: shown };
            this.request(requestFor(members, { repeat: "never", settle: () => resolve(), fail: reject }));
        });
        this.#subscriptions.ask();
    }
    /** Ends everything, by its own wish or for a reason. Nothing of it can be used any more. */
    stop(error) {
        if (this.#end)
            return;
        this.#end = error ?? new ConnectionError("the client is closed");
        this.#cancelSchedule();
        this.#subscriptions.stop(error);
        this.#outbox.close(this.#end);
        for (const connection of [...this.#connections])
            connection.end(1000, "done");
        this.#setState("closed");
        this.#tellFirst?.(this.#end);
        this.#tellOver(error);
    }
    // Host
    async greet(connection, welcome) {
        const inHello = this.#options.tokenIn !== "subprotocol" || welcome.auth?.required === true;
        const token = inHello ? await this.#token() : undefined;
        const room = welcome.auth?.required ? HELLO_BYTES : welcome.limits.maxMessageBytes;
        return {
            client: this.#options.client,
            features: welcome.features.filter((feature) => feature === "bookmark" || feature === "credit"),
            heartbeat: this.#options.heartbeat ?? "message",
            autoSubscribe: false,
            ...(token !== undefined && { auth: { scheme: "bearer", token } }),
            ...this.#subscriptions.resume(connection, room - HELLO_RESERVE - (token?.length ?? 0)),
        };
    }
    ready(connection) {
        const before = this.#current;
        this.#current = connection;
        this.#next = undefined;
        this.#since = this.runtime.now();
        this.#hasRenewed = false;
        this.welcome = connection.welcome;
        this.#setState("open");
        const { welcome } = this;
        this.tell(() => this.#options.onWelcome?.(welcome));
        this.#tellFirst?.(undefined);
        this.#tellFirst = undefined;
        this.#subscriptions.begin(connection);
        this.#outbox.pump(connection);
        if (before)
            this.#retire(before);
        if (connection.isLeaving)
            this.#schedule(connection.successorMs);
    }
    frame(connection, frame) {
        const isReply = this.#outbox.reply(connection, frame);
        this.#subscriptions.frame(connection, frame);
        if (frame.type === "goaway")
            this.#leave(connection, Number(frame["reconnectDelayMs"]) || 0);
        if (isDraining(frame))
            this.#leave(connection, Number(frame["retryAfterMs"]) || this.#retry.minMs);
        if (frame.type === "authExpiring")
            this.renew();
        if (isReply && this.#current)
            this.#outbox.pump(this.#current);
        if (isReply && connection !== this.#current)
            this.#retire(connection);
    }
    closed(connection, closed) {
        this.#connections.delete(connection);
        this.#subscriptions.lost(connection);
        this.#outbox.lost(connection);
        const wasCurrent = this.#current === connection;
        const lasted = wasCurrent && this.runtime.now() - this.#since >= LASTING_MS;
        if (wasCurrent)
            this.#current = undefined;
        if (this.#next === connection)
            this.#next = undefined;
        if (wasCurrent || !this.#current)
            this.#closed = { code: closed.code, reason: closed.reason };
        if (this.#end)
            return;
        // Another one is there, or on its way at the time the server has named (DRAIN-1).
        if (this.#isScheduled && !this.#current)
            this.#setState("waiting");
        if ((this.#current && !this.#current.isLeaving) || this.#next || this.#isScheduled)
            return;
        this.#react(closed, lasted);
    }
    // Hub
    current() {
        return this.#current?.isReady ? this.#current : undefined;
    }
    isNext(connection) {
        return this.#next === connection;
    }
    renew() {
        const connection = this.current();
        if (!connection || typeof this.#credential !== "function")
            return false;
        // A new connection shows a fresh token (AUTH-4). Where one can be shown in a frame, that is less trouble (AUTH-5); if it fails, it
        // shows when the old one expires.
        if (!connection.welcome.features.includes("auth"))
            this.#leave(connection, 0);
        else
            this.authenticate(this.#credential).catch(() => undefined);
        return true;
    }
    // Sender
    readInstead(journeyId, lost) {
        const members = { type: "getStatus", journeyId };
        this.#outbox.add(requestFor(members, {
            repeat: "freely",
            settle: (frame) => lost.fail(new LostReplyError(journeyId, statusReply(frame))),
            fail: () => lost.fail(new LostReplyError(journeyId, undefined)),
        }));
    }
    /** Calls something of the caller. What that throws goes to whoever hears of uncaught exceptions, and stops nothing here. */
    tell(callback) {
        try {
            callback();
        }
        catch (error) {
            this.runtime.setTimeout(() => {
                throw error;
            }, 0);
        }
    }
    // Connecting
    #open() {
        this.#cancelSchedule();
        this.#next = "preparing";
        if (!this.#current)
            this.#setState("connecting");
        void this.#connect();
    }
    async #connect() {
        const protocols = [this.#options.subprotocol ?? PROTOCOL];
        try {
            const token = this.#options.tokenIn === "subprotocol" ? await this.#token() : undefined;
            if (token !== undefined)
                protocols.push(TOKEN_CARRIER + base64url(token));
        }
        catch (error) {
            this.#next = undefined;
            // Whoever issues tokens may be out of reach like everybody else.
            if (!this.#end)
                this.#react({ code: 1006, reason: `no credential: ${String(error)}` }, false);
            return;
        }
        if (this.#end)
            return;
        try {
            const socket = new this.#make(this.#url, protocols);
            const patience = this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
            const connection = new Connection(socket, this.runtime, this, patience);
            this.#next = connection;
            this.#connections.add(connection);
        }
        catch (error) {
            this.stop(new ConnectionError(`no connection can be made: ${String(error)}`, undefined, { cause: error }));
        }
    }
    #token() {
        return typeof this.#credential === "function" ? this.#credential() : this.#credential;
    }
    #react({ code, reason, refused }, lasted) {
        const reaction = refused?.retryable ? { kind: "retry", atLeastMs: refused.retryAfterMs ?? 0 } : reactionTo(code);
        const over = () => {
            const message = refused?.message ?? `the connection was closed with ${code}${reason && ` (${reason})`}`;
            this.stop(new ConnectionError(message, code, refused && { cause: refused }));
        };
        switch (reaction.kind) {
            case "stop":
                return over();
            case "renew":
                // Once: a fresh credential that is refused as well will not get better (AUTH-6).
                if (typeof this.#credential !== "function" || this.#hasRenewed)
                    return over();
                this.#hasRenewed = true;
                return this.#open();
            case "on-demand":
                if (!this.#tellFirst && this.#outbox.isEmpty && this.#subscriptions.isEmpty)
                    return this.#setState("idle");
                return this.#schedule(pause(0, this.#retry, this.runtime));
            case "retry": {
                if (lasted)
                    this.#failures = 0;
                const wait = reaction.atLeastMs + pause((this.#failures += 1), this.#retry, this.runtime);
                const limit = this.#tellFirst ? this.#retry.firstAttempts : this.#retry.attempts;
                return this.#failures >= limit ? over() : this.#schedule(wait);
            }
        }
    }
    #schedule(ms) {
        this.#cancelSchedule();
        this.#isScheduled = true;
        this.#timer = this.runtime.setTimeout(() => this.#open(), ms);
        if (!this.#current)
            this.#setState("waiting");
    }
    #cancelSchedule() {
        this.#isScheduled = false;
        this.runtime.clearTimeout(this.#timer);
    }
    /** Something is to be done, so an idle client wakes up. */
    #demand() {
        if (this.state === "idle")
            this.#open();
    }
    /** The connection will end; the next one is opened before it does (DRAIN-3). */
    #leave(connection, delayMs) {
        if (connection.isLeaving)
            return;
        connection.isLeaving = true;
        connection.successorMs = delayMs;
        if (connection === this.#current && !this.#next)
            this.#schedule(delayMs);
    }
    /** Closes a connection that another one has taken the place of, as soon as all its replies are there. */
    #retire(connection) {
        if (!this.#outbox.isBusy(connection))
            connection.end(1000, "moved");
    }
    #setState(state) {
        if (this.state === state)
            return;
        this.state = state;
        const closed = state === "open" || state === "connecting" ? undefined : this.#closed;
        this.tell(() => this.#options.onState?.(state, closed));
    }
}
/** A refusal that says no less than `goaway`, in case that has not come (DRAIN-2). */
function isDraining(frame) {
    return frame.type === "error" && frame["problem"]?.type === `${ERROR_PREFIX}draining`;
}
