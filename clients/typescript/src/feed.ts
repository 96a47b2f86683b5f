import type { Connection } from "./connection.js";
import type { Action, Cursor, JourneyOutcome, JourneyStatus } from "./documents.js";
import type { WatchEvent, WatchOptions } from "./events.js";
import { afterStatus, at, described } from "./place.js";
import type { ServerFrame, SubscribeEntry } from "./protocol.js";

/** What a feed needs of its client. */
export interface Keeper {
  /** An event was taken, so there is room for another (FLOW-7). */
  taken(): void;
  /** The watch is over; `asked` is the connection whose subscription is still there. */
  ended(feed: Feed, asked: Connection | undefined): void;
}

type Waiting = { resolve(result: IteratorResult<WatchEvent, undefined>): void; reject(error: unknown): void };

/**
 * The client's half of a subscription: the cursor that survives connections, and the events that nobody has taken yet (§9, §19).
 *
 * `#cursor` is how far everything has arrived, and what a resumed connection goes on from. `#shown` is the newest status that was
 * passed on. They differ where a reply tells that a run has ended: its number is that of the outcome, which is still to come.
 */
export class Feed {
  /** The connection whose frames count; none while there is no subscription. */
  home: Connection | undefined;
  /** The reply that establishes the subscription has come (ORD-3). */
  isLive = false;
  /** The request it was asked for with; none if it stands in `hello.resume`, whose replies bear no id (SUB-9). */
  requestId: string | undefined;
  /** Events that were pushed and not taken. Conflated statuses do not count, as they need no more room than one. */
  held = 0;

  readonly #keeper: Keeper;
  readonly #options: WatchOptions;
  readonly #queue: WatchEvent[] = [];
  readonly #waiting: Waiting[] = [];
  #told: string | undefined;
  #cursor: Cursor | undefined;
  #shown: Cursor | undefined;
  #taken: Cursor | undefined;
  #end: { readonly error?: Error } | undefined;

  constructor(
    readonly journeyId: string,
    options: WatchOptions,
    keeper: Keeper,
  ) {
    this.#options = options;
    this.#keeper = keeper;
    const from = options.from ?? "now";
    if (from === "start") this.#cursor = { seq: 0 };
    else if (typeof from === "object") this.#taken = this.#cursor = this.#shown = from;
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Where to go on from after the last event that was taken. */
  get cursor(): Cursor | undefined {
    return this.#taken;
  }

  /** What a new subscription asks for: what it did before, from where it has come to (SUB-9). */
  entry(): SubscribeEntry {
    const { events, conflate, from } = this.#options;
    const cursor = this.#cursor;
    return {
      journeyId: this.journeyId,
      ...(cursor && { after: cursor.seq }),
      ...(cursor?.epoch !== undefined && { epoch: cursor.epoch }),
      ...(!cursor && from === "live" && { replay: "none" }),
      ...(events && { events }),
      ...(conflate === false && { conflate }),
    };
  }

  /** A subscription is being asked for on this connection. */
  ask(home: Connection, requestId?: string): void {
    this.home = home;
    this.isLive = false;
    this.requestId = requestId;
  }

  /** The subscription is gone with its connection; the cursor stays. */
  leave(): void {
    this.home = undefined;
    this.isLive = false;
    this.requestId = undefined;
  }

  /** Whether a frame without `id` is the answer to its entry in `hello.resume`. */
  get isResuming(): boolean {
    return this.home !== undefined && !this.isLive && this.requestId === undefined;
  }

  /** `subscribed`: pushes follow. */
  subscribed(frame: ServerFrame): void {
    this.isLive = true;
    this.#told = frame.epoch;
    if (frame["recovered"] === false) return; // a gap and a snapshot will say where we are
    const { after, head } = frame;
    if (!this.#cursor && this.#options.from === "live") {
      const seq = typeof after === "number" ? after : head;
      if (typeof seq === "number") this.#cursor = at(frame.epoch, seq);
    } else if (this.#cursor && this.#cursor.epoch === undefined) {
      this.#cursor = at(frame.epoch, this.#cursor.seq);
    }
  }

  /** A push. */
  push(frame: ServerFrame): void {
    if (!this.isLive || this.isOver) return;
    if (frame.epoch !== undefined) this.#told = frame.epoch;
    switch (frame.type) {
      case "status":
        return this.#status(frame, false);
      case "outcome":
        return this.#outcome(frame);
      case "gap":
        return this.#gap(frame);
      case "bookmark":
        return this.#bookmark(frame);
    }
  }

  /** A reply with a document: the server will not push what it says (SEQ-5). */
  reply(frame: ServerFrame): void {
    if (!this.isLive || this.isOver) return;
    if (frame.epoch !== undefined) this.#told = frame.epoch;
    if (frame.type === "status") this.#status(frame, true);
    else if (frame.type === "outcome") this.#outcome(frame);
  }

  /** Ends the watch; without an error it is simply over. */
  finish(error?: Error, asked?: Connection): void {
    if (this.isOver) return;
    this.#end = error ? { error } : {};
    this.#keeper.ended(this, asked);
    this.#serve();
  }

  /** The watcher has seen enough. */
  stop(): void {
    this.#queue.length = 0;
    this.held = 0;
    this.finish(undefined, this.home);
    this.#keeper.taken();
  }

  /** The next event. */
  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#serve();
    });
  }

  #status(frame: ServerFrame, reply: boolean): void {
    const { seq } = frame;
    if (typeof seq !== "number") return;
    const before = this.#shownHere();
    if (before !== undefined && seq <= before) return;
    const skipped = this.#skipped(frame, seq, reply);
    const document = frame["payload"] as JourneyStatus | undefined;
    this.#shown = at(this.#told, seq);
    const cursor = (this.#cursor = afterStatus(this.#told, seq, document));
    if (this.#options.events && !this.#options.events.includes("status")) return;
    this.#put({
      ...described(frame, seq, cursor, document),
      type: "status",
      skipped,
      snapshot: frame["snapshot"] === true,
      reply,
      ...(Array.isArray(frame["actions"]) && { actions: frame["actions"] as Action[] }),
    });
  }

  #outcome(frame: ServerFrame): void {
    const { seq } = frame;
    if (typeof seq !== "number") return;
    const skipped = this.#skipped(frame, seq, false);
    const cursor = (this.#cursor = at(this.#told, seq));
    const document = frame["payload"] as JourneyOutcome | undefined;
    if (!this.#options.events || this.#options.events.includes("outcome")) {
      this.#put({ ...described(frame, seq, cursor, document), type: "outcome", skipped, snapshot: frame["snapshot"] === true });
    }
    this.finish();
  }

  #gap(frame: ServerFrame): void {
    // The next state counts whatever its number is: a log that was restored may have gone back.
    this.#shown = undefined;
    this.#put({
      type: "gap",
      journeyId: this.journeyId,
      from: Number(frame["from"]),
      to: Number(frame["to"]),
      reason: String(frame["reason"]),
    });
  }

  #bookmark(frame: ServerFrame): void {
    if (typeof frame.seq !== "number") return;
    const cursor = at(this.#told, frame.seq);
    if (this.#cursor && this.#cursor.epoch === cursor.epoch && this.#cursor.seq > cursor.seq) return;
    this.#cursor = cursor;
    // A newer one says all that an older one did, which nobody has taken meanwhile.
    if (this.#queue.at(-1)?.type === "bookmark") this.#queue.pop();
    this.#put({ type: "bookmark", journeyId: this.journeyId, cursor });
  }

  /** The newest status passed on, if it is of the log that is being told (SEQ-4). */
  #shownHere(): number | undefined {
    const shown = this.#shown;
    return shown && (shown.epoch ?? this.#told) === this.#told ? shown.seq : undefined;
  }

  /** How many statuses were left out, as far as they have not been seen on another connection or in a reply. */
  #skipped(frame: ServerFrame, seq: number, reply: boolean): number {
    const before = this.#shownHere();
    const between = before === undefined ? undefined : Math.max(0, seq - before - 1);
    if (reply) return between ?? 0;
    const skipped = typeof frame["skipped"] === "number" ? frame["skipped"] : 0;
    return between === undefined ? skipped : Math.min(skipped, between);
  }

  #put(event: WatchEvent): void {
    if (this.#options.conflate !== false) event = this.#conflate(event);
    else if (event.type === "status" && !event.reply) this.held += 1;
    this.#queue.push(event);
    this.#serve();
  }

  /** Keeps the queue as short as it can be: a gap or a newer status makes the statuses before it worthless. */
  #conflate(event: WatchEvent): WatchEvent {
    if (event.type !== "status" && event.type !== "gap") return event;
    let skipped = 0;
    for (let index = this.#queue.length - 1; index >= 0; index -= 1) {
      const queued = this.#queue[index]!;
      if (queued.type === "gap" && event.type === "status") break;
      if (queued.type === "status") skipped += queued.skipped + 1;
      if (queued.type !== "outcome") this.#queue.splice(index, 1);
    }
    return event.type === "status" && skipped > 0 ? { ...event, skipped: event.skipped + skipped } : event;
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const event = this.#queue.shift();
      if (event) {
        if (event.type === "status" && this.held > 0 && !event.reply) this.held -= 1;
        if (event.type !== "gap") this.#taken = event.cursor;
        this.#waiting.shift()!.resolve({ done: false, value: event });
        this.#keeper.taken();
      } else if (this.#end) {
        const { error } = this.#end;
        // Told once, like an exception; after that the iteration is over.
        this.#end = {};
        if (error) this.#waiting.shift()!.reject(error);
        else this.#waiting.shift()!.resolve({ done: true, value: undefined });
      } else {
        return;
      }
    }
  }
}
