import type { Connection } from "./connection.js";
import { LostReplyError, RequestError } from "./errors.js";
import { ERROR_PREFIX, type Limits, type ServerFrame } from "./protocol.js";
import { type Runtime, utf8Length } from "./runtime.js";

/** What happens with a request whose reply a lost connection took along (§19). */
export type Repeat =
  /** It has no effect, or one that may be had twice: sent again. */
  | "freely"
  /** It has `key` or `ifSeq`: the same bytes are sent again, and have one effect (IDEM-2, IDEM-9). */
  | "safely"
  /** It is never sent again; the state of the run is read instead (IDEM-1). */
  | "never";

/** A request, from the call to its reply. */
export interface Request {
  readonly id: string;
  /** The bytes of the frame, the same at every sending. */
  readonly text: string;
  /** Commands are not sent after `goaway` (DRAIN-2). */
  readonly isCommand: boolean;
  /** Somebody has called for it; what the client asks by itself is bounded elsewhere. */
  readonly isCalled?: boolean;
  readonly repeat: Repeat;
  /** The only connection it means anything on, if so; it ends with that one, unsettled. */
  readonly only?: Connection;
  journeyId: string | undefined;
  /** The terminal reply. */
  settle(frame: ServerFrame): void;
  fail(error: unknown): void;
  /** `accepted`: the command is durable (OP-3). */
  accepted?(frame: ServerFrame): void;
}

/** Places at the front of the queue that may be empty. */
const COMPACT = 1_024;

interface Entry {
  readonly request: Request;
  /** Where it was sent; `undefined` while it waits. */
  sentOn: Connection | undefined;
  repeated: boolean;
  /** Nobody waits for the reply any more; it still counts as in flight until it comes. */
  forgotten: boolean;
}

/** What an outbox needs of its client. */
export interface Sender {
  readonly runtime: Runtime;
  /** Asks for the state of a run whose command has lost its reply. */
  readInstead(journeyId: string, lost: Request): void;
  /** Calls something of the caller, whose exceptions are none of the client's. */
  tell(callback: () => void): void;
}

/**
 * The requests without a reply, in the order of their calls (ORD-1), within the limits of the connection (FLOW-5, LIM-4).
 *
 * Every request is settled exactly once: by its reply, or when nobody can say any more how it went.
 */
export class Outbox {
  /** All of them, by id. */
  readonly #entries = new Map<string, Entry>();
  /** Those that wait to be sent, in their order, from `#head` on; among them some that nobody waits for any more. */
  #queue: Entry[] = [];
  #head = 0;
  /** How many wait to be sent. */
  #queued = 0;
  readonly #sender: Sender;
  readonly #maxQueued: number;
  readonly #inFlight = new WeakMap<Connection, number>();
  readonly #paces = new WeakMap<Connection, Pace>();
  #timer: unknown;

  constructor(sender: Sender, maxQueued: number) {
    this.#sender = sender;
    this.#maxQueued = maxQueued;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Takes a request; [`pump`](Outbox.pump) sends it. Those of callers are refused where too many wait already. */
  add(request: Request): void {
    if (request.isCalled && this.#queued >= this.#maxQueued) return request.fail(tooMany(request, this.#maxQueued));
    const entry: Entry = { request, sentOn: undefined, repeated: false, forgotten: false };
    this.#entries.set(request.id, entry);
    this.#queue.push(entry);
    this.#queued += 1;
  }

  /** Stops waiting for a reply. What was sent stays sent. */
  forget(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.forgotten) return;
    entry.forgotten = true;
    if (entry.sentOn) return;
    this.#entries.delete(id);
    this.#queued -= 1;
  }

  /** Whether requests wait for replies on a connection. */
  isBusy(connection: Connection): boolean {
    return this.#count(connection) > 0;
  }

  /** Sends what waits and fits. */
  pump(connection: Connection): void {
    if (!connection.isReady) return;
    const { limits } = connection.welcome!;
    const pace = this.#pace(connection, limits);
    const [passed, refused]: [Entry[], Request[]] = [[], []];
    this.#sender.runtime.clearTimeout(this.#timer);
    let at = this.#head;
    for (; at < this.#queue.length; at += 1) {
      const entry = this.#queue[at]!;
      const { request } = entry;
      if (entry.forgotten) continue;
      if ((request.only && request.only !== connection) || (connection.isLeaving && request.isCommand)) {
        passed.push(entry);
        continue;
      }
      if (this.#count(connection) >= limits.maxInFlight) break;
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
    for (const request of refused) request.fail(tooLarge(request, limits));
  }

  /** Settles the request of a reply. `false` when there is none, or the frame tells of something to come. */
  reply(connection: Connection, frame: ServerFrame): boolean {
    const entry = frame.id === undefined ? undefined : this.#entries.get(frame.id);
    if (!entry || entry.sentOn !== connection) return false;
    const { request } = entry;
    if (frame.type === "accepted") {
      request.journeyId ??= frame.journeyId;
      if (!entry.forgotten) this.#sender.tell(() => request.accepted?.(frame));
      return false;
    }
    this.#inFlight.set(connection, this.#count(connection) - 1);
    const error = frame.type === "error" ? RequestError.from(frame, entry.repeated) : undefined;
    if (error?.code === "draining" && !entry.forgotten) {
      this.#again([entry]); // no effect; the next connection will have it (DRAIN-2)
      return true;
    }
    this.#entries.delete(request.id);
    if (entry.forgotten) return true;
    if (error) request.fail(error);
    else request.settle(frame);
    return true;
  }

  /** A connection is over: what can be repeated waits for the next one, in its old place. */
  lost(connection: Connection): void {
    this.#inFlight.delete(connection);
    const again: Entry[] = [];
    const unknown: Request[] = [];
    for (const entry of this.#entries.values()) {
      const { request } = entry;
      if (request.only === connection && !entry.sentOn) this.forget(request.id);
      if (entry.sentOn !== connection) continue;
      if (request.only !== connection && !entry.forgotten && request.repeat !== "never") {
        entry.repeated = true;
        again.push(entry);
        continue;
      }
      this.#entries.delete(request.id);
      if (request.only !== connection && !entry.forgotten) unknown.push(request);
    }
    this.#again(again);
    for (const request of unknown) {
      if (request.journeyId === undefined) request.fail(new LostReplyError(undefined, undefined));
      else this.#sender.readInstead(request.journeyId, request);
    }
  }

  /** Nothing will be sent or heard any more. What was sent and may have had an effect says so. */
  close(reason: Error): void {
    this.#sender.runtime.clearTimeout(this.#timer);
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    [this.#queue, this.#head, this.#queued] = [[], 0, 0];
    for (const { request, sentOn, repeated, forgotten } of entries) {
      if (forgotten) continue;
      const unsure = request.isCommand && (sentOn !== undefined || repeated);
      request.fail(unsure ? new LostReplyError(request.journeyId, undefined) : reason);
    }
  }

  #count(connection: Connection): number {
    return this.#inFlight.get(connection) ?? 0;
  }

  /** What stands before `at` in the queue has left it, except what was passed over. */
  #advance(at: number, passed: Entry[]): void {
    this.#head = at;
    // Now and then, so that it costs nothing in the long run.
    if (passed.length === 0 && this.#head < Math.max(COMPACT, this.#queue.length / 2)) return;
    this.#queue = [...passed, ...this.#queue.slice(this.#head)];
    this.#head = 0;
  }

  /** Requests that were sent wait again, each before those that were called after it: the order of `#entries`. */
  #again(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) entry.sentOn = undefined;
    this.#queued += entries.length;
    this.#queue = [...this.#entries.values()].filter((entry) => entry.sentOn === undefined);
    this.#head = 0;
  }

  #pace(connection: Connection, limits: Limits): Pace {
    let pace = this.#paces.get(connection);
    if (!pace) this.#paces.set(connection, (pace = new Pace(limits, this.#sender.runtime.now())));
    return pace;
  }
}

/** Keeps below the rate of the connection (LIM-4). Half of the burst is left for what the network pushes together. */
class Pace {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(limits: Limits, now: number) {
    this.#perMs = limits.ratePerSec / 1000;
    this.#burst = Math.max(1, Math.floor(limits.burst / 2));
    this.#tokens = this.#burst;
    this.#at = now;
  }

  /** Takes a token; else says after how many milliseconds there is one. */
  take(now: number): number {
    if (!(this.#perMs > 0)) return 0;
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#perMs);
    this.#tokens -= 1;
    return 0;
  }
}

function tooLarge(request: Request, limits: Limits): RequestError {
  const problem = {
    type: `${ERROR_PREFIX}too-large`,
    title: "Too Large",
    status: 413,
    detail: `the message has more than ${limits.maxMessageBytes} bytes; it was not sent`,
  };
  return new RequestError(problem, "none", false, request.journeyId, undefined);
}

function tooMany(request: Request, most: number): RequestError {
  const problem = {
    type: `${ERROR_PREFIX}too-many-in-flight`,
    title: "Too Many In Flight",
    status: 429,
    detail: `${most} requests wait to be sent already; this one was not taken`,
  };
  return new RequestError(problem, "none", true, request.journeyId, undefined);
}
