// Virtual time and sockets without a network. Nothing here sleeps.

/** Lets everything happen that needs no time. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that is moved by hand. `random` is what the back-off draws; keys are numbered. */
export class VirtualTime {
  #now = 0;
  #timers = [];
  #keys = 0;
  random = () => 0;

  runtime = {
    now: () => this.#now,
    setTimeout: (callback, ms) => {
      const timer = { at: this.#now + ms, callback };
      this.#timers.push(timer);
      return timer;
    },
    clearTimeout: (timer) => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    },
    random: () => this.random(),
    randomKey: () => `key-000000000000${(this.#keys += 1)}`,
  };

  get now() {
    return this.#now;
  }

  /** Moves on, and lets everything happen on the way at its time. */
  async advance(ms) {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      this.#timers.sort((one, other) => one.at - other.at);
      const next = this.#timers[0];
      if (!next || next.at > end) break;
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
  }
}

/** What the client under test takes for the network: `sockets` are the connections it has tried, in order. */
export class Network {
  sockets = [];
  WebSocket;

  constructor() {
    const { sockets } = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url, protocols) {
        super(url, protocols);
        sockets.push(this);
      }
    };
  }

  get last() {
    return this.sockets.at(-1);
  }
}

/** One end of a connection; the test is the server. */
export class FakeSocket {
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  /** Frames of the client. */
  frames = [];
  /** The same, byte by byte. */
  texts = [];
  /** Code the client has closed with. */
  closedWith;

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
  }

  send(text) {
    this.texts.push(text);
    this.frames.push(JSON.parse(text));
  }

  close(code = 1005) {
    this.closedWith ??= code;
  }

  /** Frames of a type. */
  sent(type) {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The server says something. */
  say(...frames) {
    for (const frame of frames) this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
    return settle();
  }

  /** The server, or the network, ends the connection. */
  end(code = 1006, reason = "") {
    this.onerror?.({});
    this.onclose?.({ code, reason });
    return settle();
  }

  /** The server introduces itself and answers `hello`. */
  async greet(more = {}) {
    await this.say(welcome(more));
    await this.say({ ...welcome(more), id: this.sent("hello")[0].id });
  }
}

/** A `welcome`. */
export function welcome(more = {}) {
  return {
    type: "welcome",
    protocol: "journeyforge.v1",
    revision: 1,
    connectionId: "c-1",
    serverTime: "2026-01-02T03:04:05.000Z",
    features: ["bookmark", "actions", "auth", "credit"],
    auth: { required: false },
    ...more,
    heartbeat: { mode: "message", intervalMs: 25_000, timeoutMs: 10_000, ...more.heartbeat },
    limits: { maxMessageBytes: 1_114_112, maxPayloadBytes: 1_048_576, maxInFlight: 32, maxSubscriptions: 256, ratePerSec: 50, burst: 100, ...more.limits },
  };
}

/** A `status`, `outcome` or `started`. */
export function document(type, seq, more = {}) {
  const { phase = type === "outcome" ? "SUCCEEDED" : "RUNNING", ...members } = more;
  return { type, journeyId: "run-1", seq, payload: { journeyId: "run-1", phase }, ...members };
}
