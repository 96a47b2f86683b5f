// A server in miniature: logs, keys, subscriptions with cursors. It keeps the promises that the client builds upon, and nothing else.
import { FakeSocket, welcome } from "./virtual.mjs";

const LATENCY_MS = 5;

/** One log per run; a run ends with its third step. Two events follow every step but the last, so that own replies skip one. */
export class Model {
  runs = new Map();
  /** Effects that commands had, in order: `[run, what]`. */
  effects = [];
  /** Messages that have been on the way, in both directions. */
  messages = 0;
  /** Numbers of messages that are lost, together with their connections. */
  lost = new Set();
  /** Refusals that a correct client never causes. */
  complaints = [];
  #keys = new Map();
  #links = new Set();

  constructor(time) {
    const model = this;
    this.time = time;
    this.WebSocket = class extends FakeSocket {
      constructor(url, protocols) {
        super(url, protocols);
        this.link = new Link(model, this);
        model.#links.add(this.link);
      }
      send(text) {
        super.send(text);
        this.link.travel(() => this.link.receive(JSON.parse(text)));
      }
      close(code) {
        super.close(code);
        this.link.end();
      }
    };
  }

  forget(link) {
    this.#links.delete(link);
  }

  /** Announces the end to all, and serves on new connections. */
  drain(reconnectDelayMs) {
    for (const link of this.#links) link.drain(reconnectDelayMs);
  }

  get connections() {
    return this.#links.size;
  }

  /** Carries a command out, once per key. Gives the run and whether it had been carried out before. */
  command({ type, journeyId, key, payload }) {
    if (key !== undefined && this.#keys.has(key)) return { run: this.#keys.get(key), replayed: true };
    const run = type === "begin" ? this.#begin() : this.runs.get(journeyId);
    this.effects.push([run.id, type === "begin" ? payload.name : payload.n]);
    if (type === "go") this.#step(run);
    if (key !== undefined) this.#keys.set(key, run);
    for (const link of this.#links) link.wake();
    return { run, replayed: false };
  }

  #begin() {
    const run = { id: `run-${this.runs.size + 1}`, steps: 0, log: ["status"] };
    this.runs.set(run.id, run);
    return run;
  }

  #step(run) {
    run.steps += 1;
    run.log.push(...(run.steps < 3 ? ["status", "status"] : ["outcome"]));
  }
}

/** The server's side of a connection. */
class Link {
  #model;
  #socket;
  #over = false;
  #draining = false;
  #subscriptions = new Map();
  #inFlight = new Set();

  constructor(model, socket) {
    this.#model = model;
    this.#socket = socket;
    this.say(welcome());
  }

  /** Takes a message to the other side, or ends the connection on the way. */
  travel(arrive) {
    const number = this.#model.messages++;
    this.#model.time.runtime.setTimeout(() => {
      if (this.#over) return;
      if (!this.#model.lost.has(number)) return arrive();
      this.end();
      this.#socket.onclose?.({ code: 1006, reason: "" });
    }, LATENCY_MS);
  }

  say(frame) {
    if (!this.#over) this.travel(() => this.#socket.onmessage?.({ data: JSON.stringify(frame) }));
  }

  end() {
    this.#over = true;
    this.#model.forget(this);
  }

  drain(reconnectDelayMs) {
    this.#draining = true;
    this.say({ type: "goaway", reason: "drain", graceMs: 1_000, reconnectDelayMs });
  }

  receive(frame) {
    const { id, type, journeyId } = frame;
    if (id !== undefined && this.#inFlight.has(id)) this.#model.complaints.push("duplicate-id");
    switch (type) {
      case "hello":
        this.say({ ...welcome(), id });
        for (const entry of frame.resume ?? []) this.#subscribe(entry);
        return;
      case "begin":
      case "go":
        return this.#command(frame);
      case "getStatus":
        return this.#tell(this.#model.runs.get(journeyId), { id });
      case "subscribe":
        return this.#subscribe(frame);
      case "unsubscribe":
        this.#subscriptions.delete(journeyId);
        return this.say({ type: "unsubscribed", id, journeyId, reason: "requested" });
      case "credit":
        return;
      default:
        this.#model.complaints.push(`unknown-type ${type}`);
    }
  }

  #command(frame) {
    const { id, ack } = frame;
    if (this.#draining) {
      return this.say({ type: "error", id, effect: "none", retryable: true, problem: { type: "urn:journeyforge:error:draining" } });
    }
    this.#inFlight.add(id);
    const { run, replayed } = this.#model.command(frame);
    if (ack && !replayed) this.say({ type: "accepted", id, journeyId: run.id, seq: run.log.length, epoch: "e1" });
    // The reply takes its time, and shows the state of then (IDEM-7).
    this.#model.time.runtime.setTimeout(() => {
      this.#inFlight.delete(id);
      this.#tell(run, { id, ...(replayed && { replayed }) });
    }, 3);
  }

  /** A status as reply; it counts as delivery up to its number, the outcome excepted (SEQ-5). */
  #tell(run, members) {
    const ended = run.log.at(-1) === "outcome";
    const seq = run.log.length;
    const payload = { journeyId: run.id, phase: ended ? "SUCCEEDED" : "RUNNING" };
    this.say({ type: "status", journeyId: run.id, seq, epoch: "e1", payload, ...members });
    const subscription = this.#subscriptions.get(run.id);
    if (subscription) subscription.cursor = Math.max(subscription.cursor, ended ? seq - 1 : seq);
    this.wake();
  }

  #subscribe({ id, journeyId, after, replay, conflate = true }) {
    const { log } = this.#model.runs.get(journeyId);
    const cursor = after ?? (replay === "none" ? log.length : log.length - 1);
    this.#subscriptions.set(journeyId, { cursor, conflate });
    this.say({ type: "subscribed", ...(id && { id }), journeyId, epoch: "e1", after: after ?? log.length, head: log.length, recovered: true });
    this.wake();
  }

  wake() {
    for (const [journeyId, subscription] of this.#subscriptions) {
      const { log } = this.#model.runs.get(journeyId);
      while (subscription.cursor < log.length) {
        let skipped = 0;
        // Conflated: the newest status only, and none before an outcome (FLOW-2, FLOW-3).
        while (subscription.conflate && subscription.cursor + 1 < log.length) {
          subscription.cursor += 1;
          skipped += 1;
        }
        const seq = (subscription.cursor += 1);
        const type = log[seq - 1];
        const payload = { journeyId, phase: type === "outcome" ? "SUCCEEDED" : "RUNNING" };
        this.say({ type, journeyId, seq, ...(skipped && { skipped }), payload });
      }
      if (log.at(-1) === "outcome") {
        this.#subscriptions.delete(journeyId);
        this.say({ type: "unsubscribed", journeyId, reason: "completed" });
      }
    }
  }
}
