// What the page asks the server: a few documents, and everything about runs over the socket.

import { connect } from "./client/index.js";

/** A refusal over HTTP, with its Problem. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? `the server answered ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

async function get(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (response.ok) return response.json();
  // The session has ended with the server that gave it: back to the door.
  if (response.status === 401) location.reload();
  throw new Refused(response.status, await response.json().catch(() => undefined));
}

/** Whether the console is open for this browser. */
export async function isOpen() {
  return (await fetch("/session")).ok;
}

/** Shows the token of the console; whether it was the right one. */
export async function open(token) {
  return (await fetch("/session", { method: "POST", body: token })).ok;
}

/** The definitions. */
export class Catalogue {
  journeys = [];

  async load() {
    const before = JSON.stringify(this.journeys);
    this.journeys = (await get("/catalogue")).journeys;
    return JSON.stringify(this.journeys) !== before;
  }

  /** The versions that serve new runs, one for each name. */
  get serving() {
    return this.journeys.filter((journey) => journey.serving);
  }

  /** A version; the serving one without a version. */
  find(name, version) {
    return this.journeys.find(
      (journey) => journey.name === name && (version === undefined ? journey.serving : journey.version === version),
    );
  }

  versions(name) {
    return this.journeys.filter((journey) => journey.name === name);
  }
}

/** A page of runs, newest first: `{ items, nextPageToken }`. */
export function listRuns({ journeyName, phase, pageToken, pageSize = 50 }) {
  const query = new URLSearchParams({ pageSize: String(pageSize) });
  for (const [name, value] of Object.entries({ journeyName, phase, pageToken })) if (value) query.set(name, value);
  return get(`/runs?${query}`);
}

/** The definition version of a run: `{ journeyName, version }`. */
export function versionOf(journeyId) {
  return get(`/runs/${encodeURIComponent(journeyId)}`);
}

/** The one connection of the page, which comes back by itself. */
export class Link {
  #client;
  #token;
  #told;

  /** `told` hears of states: `connecting`, `open`, `waiting`, `idle`, `closed`. */
  constructor(told) {
    this.#told = told;
  }

  /** The client, as soon as it is connected. */
  client() {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** Whether a credential for journeys was given. */
  get hasToken() {
    return this.#token !== undefined;
  }

  /** Begins again with a bearer token that guards and tasks of journeys see; without one if it is empty. */
  async use(token) {
    const before = this.#client;
    this.#token = token === "" ? undefined : token;
    this.#client = undefined;
    (await before?.catch(() => undefined))?.close();
    return this.client();
  }

  #connect() {
    const url = new URL("/socket", location.href);
    const mine = connect(url, {
      client: "console",
      ...(this.#token !== undefined && { token: this.#token }),
      retry: { minMs: 300, maxMs: 5_000, firstAttempts: Infinity },
      onState: (state) => this.#client === mine && this.#told(state),
    });
    mine.then(
      (client) => {
        if (this.#client === mine) this.#told(client.state);
        void client.closed.then(() => this.#client === mine && this.#told("closed"));
      },
      () => this.#client === mine && this.#told("closed"),
    );
    return mine;
  }
}
