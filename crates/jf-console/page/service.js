// What the page asks the server: a few documents, and everything about runs over the socket.

import { connect } from "./client/index.js";
import { parameters } from "./filters.js";

/** A refusal over HTTP, with its Problem. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? `the server answered ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

/** The header with the session, and where it is kept: for this tab, and for this server alone. */
const SESSION = "journeyforge-console-session";
/** What it has before it in the offer of a WebSocket, which takes no headers. */
const CARRIER = "session.console.journeyforge.";

/** The session of this page, where its browser keeps nothing for pages. */
let kept = null;

function session() {
  try {
    return sessionStorage.getItem(SESSION) ?? kept;
  } catch {
    return kept;
  }
}

function keep(text) {
  kept = text;
  try {
    sessionStorage.setItem(SESSION, text);
  } catch {
    // It ends with the page, then, and not with the tab.
  }
}

/** An answer, whatever it is. */
function request(path, options = {}) {
  const shown = session();
  return fetch(path, { ...options, headers: { ...options.headers, ...(shown !== null && { [SESSION]: shown }) } });
}

async function refused(response) {
  return new Refused(response.status, await response.json().catch(() => undefined));
}

async function get(path, signal) {
  const response = await request(path, { headers: { accept: "application/json" }, signal });
  if (response.ok) return response.json();
  // The session has ended with the server that gave it: back to the door.
  if (response.status === 401) location.reload();
  throw await refused(response);
}

/** Whether the console is open for this page, or wants its token. Throws what else keeps the page from it. */
export async function isOpen() {
  const response = await request("/session");
  if (!response.ok && response.status !== 401) throw await refused(response);
  return response.ok;
}

/** Shows the token of the console; whether it was the right one. Throws what else keeps the page from it. */
export async function open(token) {
  const response = await request("/session", { method: "POST", body: token });
  if (response.status === 401) return false;
  if (!response.ok) throw await refused(response);
  keep(await response.text());
  return true;
}

/** Why the console cannot be reached, in words. */
export function reason(error) {
  if (!(error instanceof Refused)) return "The server cannot be reached.";
  if (error.status === 403)
    return `This page is refused: ${error.message}. A proxy in front of the console must hand on the host name as it is.`;
  return error.message;
}

/** A connection that shows the session. */
class Socket extends WebSocket {
  constructor(url, offer) {
    const shown = session();
    super(url, shown === null ? offer : [...[offer].flat(), CARRIER + shown]);
  }
}

/** The definitions. */
export class Catalogue {
  journeys = [];
  /** Whether they are those of the server as it was last reached. */
  isKnown = false;

  /** Reads them; whether they are others than before. */
  async load() {
    const before = JSON.stringify(this.journeys);
    this.journeys = (await get("/catalogue")).journeys;
    this.isKnown = true;
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

/** A page of runs, newest first: `{ items, nextPageToken }`. The query is that of the listing. */
export function listRuns(query, signal) {
  return get(`/runs?${parameters({ pageSize: "50", ...query })}`, signal);
}

/** The definition version of a run: `{ journeyName, version }`. */
export function versionOf(journeyId) {
  return get(`/runs/${encodeURIComponent(journeyId)}`);
}

/** Attempts to connect with a credential that was just given. */
const TRIALS = 2;
const TRIAL_MS = 5_000;

/** The one connection of the page, which comes back by itself. Event `state`: there is another one. */
export class Link extends EventTarget {
  /** `connecting`, `open`, `waiting`, `idle`, `closed`. */
  state = "connecting";
  #current;

  #told(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  /** The client, as soon as it is connected. */
  client() {
    this.#current ??= this.#connect({ retry: { firstAttempts: Infinity } });
    return this.#current.client;
  }

  /**
   * Begins again with a bearer token that guards and tasks of journeys see; without one if it is empty. Throws when there is no connection to be had with it;
   * then the one before is as it was.
   */
  async use(token) {
    const credential = token === "" ? {} : { token };
    const next = this.#connect({ ...credential, connectTimeoutMs: TRIAL_MS, retry: { firstAttempts: TRIALS } });
    const client = await next.client;
    const before = this.#current;
    this.#current = next;
    before?.end();
    this.#told(client.state);
  }

  #connect({ retry, ...options }) {
    const ending = new AbortController();
    const mine = { client: undefined, end: () => ending.abort() };
    const told = (state) => this.#current === mine && this.#told(state);
    mine.client = connect(new URL("/socket", location.href), {
      client: "console",
      WebSocket: Socket,
      signal: ending.signal,
      onState: told,
      retry: { minMs: 300, maxMs: 5_000, ...retry },
      ...options,
    });
    mine.client.then(
      (client) => {
        told(client.state);
        void client.closed.then(() => told("closed"));
      },
      () => told("closed"),
    );
    return mine;
  }
}
