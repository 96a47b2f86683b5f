import type { Connection } from "./connection.js";
import type { Feed } from "./feed.js";

/**
 * Flow control by credit (FLOW-7): the server pushes no more than there is room for here.
 *
 * Only what somebody has to take one by one needs room: the statuses of unconflated watches. Credit is given back in portions of
 * half of the window, so that it costs few frames.
 */
export class Flow {
  readonly #window: number;
  #connection: Connection | undefined;
  /** Pushes the server may still send. */
  #credit = 0;

  constructor(window: number) {
    this.#window = window;
  }

  /** A new connection knows of no credit. */
  begin(connection: Connection): void {
    this.#connection = connection;
    this.#credit = 0;
  }

  /** A push has come. */
  pushed(connection: Connection): void {
    if (connection === this.#connection && this.#credit > 0) this.#credit -= 1;
  }

  /** Gives credit for the room there is, if that is worth a frame. */
  grant(connection: Connection, feeds: Iterable<Feed>): void {
    if (this.#window <= 0 || connection !== this.#connection || !connection.welcome!.features.includes("credit")) return;
    let room = this.#window;
    for (const feed of feeds) room -= feed.held;
    const n = room - this.#credit;
    if (n < 1 || n < this.#window / 2) return;
    this.#credit = room;
    connection.send(JSON.stringify({ type: "credit", n }));
  }
}
