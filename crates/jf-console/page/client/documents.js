/** The documents inside frames. They are those of the HTTP API, member for member (OP-8). */
export {};
