import { LIVENESS_TIMEOUT } from "./closing.js";
import { RequestError } from "./errors.js";
import { readFrame } from "./protocol.js";
/** Ids of the connection's own frames; those of requests are letters and digits, and may be any of them. */
const HELLO = "~hello";
const PROBE = "~probe";
/** Close code for what the other side must not do; codes from 4000 are ours to give. */
const BROKEN = 4000;
/**
 * One WebSocket, from the handshake to the close: greeting and heartbeat (§13, §19).
 *
 * It knows nothing of requests and subscriptions, and is not used again after its end.
 */
export class Connection {
    /** The settings in force. */
    welcome;
    /** Whether `hello` is answered, and the end has not come. */
    isReady = false;
    /** The server has said `goaway`. */
    isLeaving = false;
    /** How long after that the next connection is to be opened (DRAIN-1). */
    successorMs = 0;
    #socket;
    #runtime;
    #host;
    #timer;
    #heard;
    #probed = false;
    #over = false;
    constructor(socket, runtime, host, patienceMs) {
        this.#socket = socket;
        this.#runtime = runtime;
        this.#host = host;
        this.#heard = runtime.now();
        this.#timer = runtime.setTimeout(() => this.end(1006, "timeout"), patienceMs);
        socket.onmessage = (event) => this.#receive(event.data);
        socket.onclose = (event) => this.#ended({ code: event.code, reason: event.reason });
        socket.onerror = () => this.#failed();
    }
    /** Sends a message, unless the connection is over; then whoever sent it hears of the end, or has. */
    send(text) {
        if (!this.#over)
            this.#socket.send(text);
    }
    /** Ends the connection from this side. The end is told at once, since a dead peer would never answer. */
    end(code, reason) {
        if (this.#over)
            return;
        try {
            // Codes below 3000 are not for scripts, 1000 excepted.
            this.#socket.close(code === 1000 || code >= 3000 ? code : 1000);
        }
        finally {
            this.#ended({ code, reason });
        }
    }
    /** A close with more to say follows an error, except that older versions of Node.js leave it out where a handshake has failed. */
    #failed() {
        if (this.#over || this.welcome)
            return;
        this.#runtime.clearTimeout(this.#timer);
        this.#timer = this.#runtime.setTimeout(() => this.end(1006, "handshake failed"), 0);
    }
    #receive(data) {
        if (this.#over)
            return;
        this.#heard = this.#runtime.now();
        this.#probed = false;
        const frame = typeof data === "string" ? readFrame(data) : undefined;
        // Something of value may have been in it: a resumed connection will tell.
        if (!frame)
            return this.end(BROKEN, "unreadable message");
        switch (frame.type) {
            case "ping": // HB-2
                return this.send(JSON.stringify({ type: "pong", id: frame.id }));
            case "pong":
                return;
            case "welcome":
                return this.#welcomed(frame);
            case "error":
                if (frame.id === HELLO) {
                    const refused = RequestError.from(frame);
                    this.#socket.close(1000);
                    return this.#ended({ code: 1000, reason: "hello refused", refused });
                }
        }
        this.#host.frame(this, frame);
    }
    #welcomed(frame) {
        const first = this.welcome === undefined;
        this.welcome = frame;
        if (first) {
            this.#host.greet(this, this.welcome).then((members) => this.send(JSON.stringify({ type: "hello", id: HELLO, ...members })), (error) => this.end(BROKEN, `cannot say hello: ${String(error)}`));
        }
        else if (frame.id === HELLO && !this.isReady) {
            this.isReady = true;
            this.#runtime.clearTimeout(this.#timer);
            this.#listen();
            this.#host.ready(this);
        }
    }
    /**
     * Notices silence (HB-4). In mode `message` the server probes, and silence beyond interval and time-out means that it is gone; in mode
     * `control` its probes cannot be seen here, so the client asks with frames of its own (HB-3).
     */
    #listen() {
        const { mode, intervalMs, timeoutMs } = this.welcome.heartbeat;
        const silence = this.#runtime.now() - this.#heard;
        if (silence >= intervalMs + timeoutMs)
            return this.end(LIVENESS_TIMEOUT, "liveness-timeout");
        if (mode === "control" && silence >= intervalMs && !this.#probed) {
            this.#probed = true;
            this.send(JSON.stringify({ type: "ping", id: PROBE }));
        }
        const next = silence < intervalMs && mode === "control" ? intervalMs : intervalMs + timeoutMs;
        this.#timer = this.#runtime.setTimeout(() => this.#listen(), next - silence);
    }
    #ended(closed) {
        if (this.#over)
            return;
        this.#over = true;
        this.isReady = false;
        this.#runtime.clearTimeout(this.#timer);
        // The socket may go on for a while by itself; nothing of it counts any more.
        this.#socket.onmessage = null;
        this.#socket.onclose = null;
        this.#host.closed(this, closed);
    }
}
