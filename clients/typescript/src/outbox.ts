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

interface Entry {
  readonly request: Request;
  /** Where it was sent; `undefined` while it waits. */
  sentOn: Connection | undefined;
  repeated: boolean;
  /** Nobody waits for the reply any more; it still counts as in flight until it comes. */
  forgotten: boolean;
}

/** A request about the state of a run whose command has lost its reply. */
export type ReadInstead = (journeyId: string, lost: Request) => void;

/**
 * The requests without a reply, in the order of their calls (ORD-1), within the limits of the connection (FLOW-5, LIM-4).
 *
 * Every request is settled exactly once: by its reply, or when nobody can say any more how it went.
 */
export class Outbox {
  readonly #entries = new Map<string, Entry>();
  readonly #runtime: Runtime;
  readonly #readInstead: ReadInstead;
  readonly #paces = new WeakMap<Connection, Pace>();
  #timer: unknown;

  constructor(runtime: Runtime, readInstead: ReadInstead) {
    this.#runtime = runtime;
    this.#readInstead = readInstead;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Takes a request; [`pump`](Outbox.pump) sends it. */
  add(request: Request): void {
    this.#entries.set(request.id, { request, sentOn: undefined, repeated: false, forgotten: false });
  }

  /** Stops waiting for a reply. What was sent stays sent. */
  forget(id: string): void {
    const entry = this.#entries.get(id);
    if (entry?.sentOn) entry.forgotten = true;
    else this.#entries.delete(id);
  }

  /** Whether requests wait for replies on a connection. */
  isBusy(connection: Connection): boolean {
    return this.#inFlight(connection) > 0;
  }

  /** Sends what waits and fits. */
  pump(connection: Connection): void {
    if (!connection.isReady) return;
    const { limits } = connection.welcome!;
    const pace = this.#pace(connection, limits);
    let inFlight = this.#inFlight(connection);
    this.#runtime.clearTimeout(this.#timer);
    for (const entry of [...this.#entries.values()]) {
      const { request } = entry;
      if (entry.sentOn || (request.only && request.only !== connection) || (connection.isLeaving && request.isCommand)) continue;
      if (inFlight >= limits.maxInFlight) return;
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
  reply(connection: Connection, frame: ServerFrame): boolean {
    const entry = frame.id === undefined ? undefined : this.#entries.get(frame.id);
    if (!entry || entry.sentOn !== connection) return false;
    const { request } = entry;
    if (entry.forgotten) {
      if (frame.type !== "accepted") this.#entries.delete(request.id);
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
    } else {
      this.#entries.delete(request.id);
      request.settle(frame);
    }
    return true;
  }

  /** A connection is over: what can be repeated waits for the next one, in its old place. */
  lost(connection: Connection): void {
    for (const entry of [...this.#entries.values()]) {
      const { request } = entry;
      if (request.only === connection || (entry.forgotten && entry.sentOn === connection)) this.#entries.delete(request.id);
      if (entry.sentOn !== connection || !this.#entries.has(request.id)) continue;
      if (request.repeat !== "never") {
        entry.sentOn = undefined;
        entry.repeated = true;
        continue;
      }
      this.#entries.delete(request.id);
      if (request.journeyId === undefined) request.fail(new LostReplyError(undefined, undefined));
      else this.#readInstead(request.journeyId, request);
    }
  }

  /** Nothing will be sent or heard any more. What was sent and may have had an effect says so. */
  close(reason: Error): void {
    this.#runtime.clearTimeout(this.#timer);
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { request, sentOn, repeated, forgotten } of entries) {
      if (forgotten) continue;
      const unsure = request.isCommand && (sentOn !== undefined || repeated);
      request.fail(unsure ? new LostReplyError(request.journeyId, undefined) : reason);
    }
  }

  #inFlight(connection: Connection): number {
    let count = 0;
    for (const { sentOn } of this.#entries.values()) count += sentOn === connection ? 1 : 0;
    return count;
  }

  #pace(connection: Connection, limits: Limits): Pace {
    let pace = this.#paces.get(connection);
    if (!pace) this.#paces.set(connection, (pace = new Pace(limits, this.#runtime.now())));
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
