/**
 * Flow control by credit (FLOW-7): the server pushes no more than there is room for here.
 *
 * Only what somebody has to take one by one needs room: the statuses of unconflated watches. Credit is given back in portions of
 * half of the window, so that it costs few frames.
 */
export class Flow {
    #window;
    #connection;
    /** Pushes the server may still send. */
    #credit = 0;
    constructor(window) {
        this.#window = window;
    }
    /** A new connection knows of no credit. */
    begin(connection) {
        this.#connection = connection;
        this.#credit = 0;
    }
    /** A push has come. */
    pushed(connection) {
        if (connection === this.#connection && this.#credit > 0)
            this.#credit -= 1;
    }
    /** Gives credit for the room there is, if that is worth a frame. */
    grant(connection, feeds) {
        if (this.#window <= 0 || connection !== this.#connection || !connection.welcome.features.includes("credit"))
            return;
        let room = this.#window;
        for (const feed of feeds)
            room -= feed.held;
        const n = room - this.#credit;
        if (n < 1 || n < this.#window / 2)
            return;
        this.#credit = room;
        connection.send(JSON.stringify({ type: "credit", n }));
    }
}
