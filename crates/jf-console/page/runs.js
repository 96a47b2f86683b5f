// The list of runs beside everything else: newest first, filtered, and kept up to date while somebody looks. Which runs there are is read again and
// again; what those do that go on is pushed.

import { RequestError } from "./client/index.js";
import { badge, h, put, when } from "./dom.js";
import { Filters } from "./filters.js";
import { listRuns } from "./service.js";

/** From one reading to the next, and to one that is wanted at once while another one is under way; as often for each page of what is read. */
const EVERY_MS = 2_000;
const AGAIN_MS = 200;
/** Pages of the list that are shown at most; who looks for older runs knows of which journey, in which phase. */
const MOST_PAGES = 20;
/** A server that says nothing for so long is asked again. */
const PATIENCE_MS = 30_000;
/** Runs of the list that are watched at the same time. */
const WATCHED = 100;

/** The list; `filter(journeyName)` and `select(journeyId)` say what is looked at. */
export class Runs {
  #link;
  #list = h("ul", { class: "runs" });
  #state = h("p", { class: "hint", role: "status" });
  #more = h("button", { type: "button", class: "small", hidden: true }, "Older runs");
  #heading = h("h2", {}, "Runs");
  #rows = new Map();
  #journeyName;
  #filters = new Filters(() => this.#again());
  #selected;
  #pages = 1;
  /** Which runs the rows are of. */
  #shown;
  /** What is being read; there is one reading at a time. */
  #reading;
  #isStale = false;
  #timer;

  constructor(element, link) {
    this.#link = link;
    const id = h("input", { id: "find", type: "search", placeholder: "id of a run", autocomplete: "off", spellcheck: "false" });
    const find = h(
      "form",
      { class: "find", role: "search", submit: (event) => this.#find(event, id) },
      h("label", { for: "find", class: "sr" }, "Find a run by its id"),
      id,
      h("button", { class: "small" }, "Open"),
    );
    put(
      element,
      this.#heading,
      this.#filters.elements,
      find,
      this.#state,
      this.#list,
      this.#more,
    );
    this.#more.addEventListener("click", () => {
      this.#pages += 1;
      this.#restart();
    });
    document.addEventListener("visibilitychange", () => this.#tick());
  }

  /** Shows the runs of one journey, or of all. */
  filter(journeyName) {
    if (journeyName === this.#journeyName) return;
    this.#journeyName = journeyName;
    this.#heading.textContent = journeyName === undefined ? "Runs" : `Runs of ${journeyName}`;
    this.#again();
  }

  /** Marks the run that is looked at, and leaves watching it to whoever shows it: a client has one watch of a run. */
  select(journeyId) {
    this.#selected = journeyId;
    this.#rows.get(journeyId)?.watch?.close();
    for (const [id, row] of this.#rows) mark(row.link, id === journeyId);
  }

  #again() {
    this.#pages = 1;
    this.#restart();
  }

  /** Something else is to be read: what is under way is of no use any more. */
  #restart() {
    this.#reading?.abort();
    this.#tell("Reading…");
    void this.#read();
  }

  #tick() {
    if (document.visibilityState === "visible") this.refresh();
  }

  #find(event, input) {
    event.preventDefault();
    const id = input.value.trim();
    if (id !== "") location.hash = `#/runs/${encodeURIComponent(id)}`;
  }

  /** Reads the list again: now, or after what is being read, which may be long on its way. */
  refresh() {
    if (this.#reading) this.#isStale = true;
    else void this.#read();
  }

  async #read() {
    clearTimeout(this.#timer);
    const reading = new AbortController();
    const patience = setTimeout(() => reading.abort(new Error("the server says nothing")), PATIENCE_MS);
    const query = { journeyName: this.#journeyName, ...this.#filters.query };
    const of = JSON.stringify(query);
    this.#reading = reading;
    this.#isStale = false;
    try {
      const items = [];
      let token;
      for (let page = 0; page < this.#pages; page += 1) {
        const { items: some, nextPageToken } = await listRuns({ ...query, pageToken: token }, reading.signal);
        items.push(...some);
        token = nextPageToken ?? undefined;
        if (!token) break;
      }
      if (this.#reading !== reading) return;
      this.#shown = of;
      this.#show(items);
      this.#more.hidden = !token || this.#pages >= MOST_PAGES;
    } catch (error) {
      if (this.#reading !== reading) return;
      // Runs of something else would stand below the wrong heading.
      if (this.#shown !== of) this.#show([]);
      if (this.#rows.size === 0) this.#tell(`The list cannot be read: ${error.message}`);
      else this.#tell("");
    } finally {
      clearTimeout(patience);
      if (this.#reading === reading) {
        this.#reading = undefined;
        this.#timer = setTimeout(() => this.#tick(), (this.#isStale ? AGAIN_MS : EVERY_MS) * this.#pages);
      }
    }
  }

  #tell(text) {
    if (this.#state.textContent !== text) this.#state.textContent = text;
    this.#state.hidden = text === "";
  }

  #show(items) {
    this.#tell(items.length > 0 ? "" : this.#filters.nothing);
    const before = this.#rows;
    this.#rows = new Map();
    for (const status of items) {
      const row = before.get(status.journeyId) ?? this.#row(status.journeyId);
      row.show(status);
      this.#rows.set(status.journeyId, row);
    }
    for (const [id, row] of before) if (!this.#rows.has(id)) row.watch?.close();
    void this.#follow(items);
    const elements = [...this.#rows.values()].map((row) => row.element);
    // Rows that are where they were are left alone, and so is the focus.
    if (elements.length !== this.#list.children.length || elements.some((element, index) => element !== this.#list.children[index])) {
      const focused = this.#list.contains(document.activeElement) ? document.activeElement : undefined;
      put(this.#list, elements);
      if (focused && this.#list.contains(focused)) focused.focus({ preventScroll: true });
    }
  }

  /** Watches what goes on, as far as that is allowed. */
  async #follow(items) {
    const client = await this.#link.client().catch(() => undefined);
    if (client?.state !== "open") return;
    for (const { journeyId, phase } of items.slice(0, WATCHED)) {
      const row = this.#rows.get(journeyId);
      if (phase !== "RUNNING" || journeyId === this.#selected || !row || row.watch || row.refusedBy === client) continue;
      void this.#watch(client, journeyId, row);
    }
  }

  async #watch(client, journeyId, row) {
    try {
      row.watch = client.watch(journeyId);
      for await (const event of row.watch) {
        if (event.type === "status" && event.document) row.show(event.document);
        if (event.type === "outcome") void this.refresh();
      }
    } catch (error) {
      // A guard that denies will not change its mind for the same client; a connection that is gone is made anew.
      if (error instanceof RequestError) row.refusedBy = client;
    } finally {
      row.watch = undefined;
    }
  }

  #row(journeyId) {
    const [phase, name, state, time] = [
      h("span"),
      h("span", { class: "name" }),
      h("span", { class: "state" }),
      h("span", { class: "time" }),
    ];
    const link = h(
      "a",
      { href: `#/runs/${encodeURIComponent(journeyId)}` },
      h("span", { class: "line" }, name, time),
      h("span", { class: "line small" }, state, phase),
      h("span", { class: "id" }, journeyId),
    );
    mark(link, journeyId === this.#selected);
    let shown = "";
    return {
      link,
      element: h("li", {}, link),
      watch: undefined,
      refusedBy: undefined,
      show(status) {
        // What was read may be older than what was pushed.
        const key = `${status.updatedAt} ${status.phase} ${status.currentState}`;
        if (key === shown || status.updatedAt < shown.split(" ")[0]) return;
        shown = key;
        name.textContent = status.journeyName;
        state.textContent =
          status.phase === "RUNNING" && status.activeSteps?.length > 0
            ? `waits at ${status.activeSteps.map((step) => step.stepId).join(", ")}`
            : status.currentState;
        put(phase, badge(status.phase));
        put(time, when(status.updatedAt));
      },
    };
  }
}

function mark(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
