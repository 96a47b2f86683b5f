// One run, live: where it is, what it waits for, what has happened.

import { RequestError, WatchEndedError } from "./client/index.js";
import { announce, badge, clock, exact, h, put, when } from "./dom.js";
import { confirmCancel, outcomeOf } from "./ending.js";
import { makeForm } from "./form/form.js";
import { Course } from "./graph/position.js";
import { GraphPanel } from "./panel.js";
import { versionOf } from "./service.js";
import { ASKED, KEPT, Trail } from "./trail.js";

/** How often the page is drawn while events come, at most. */
const FRAME_MS = 40;

/** Shows a run until `close()`. */
export class RunView {
  #main;
  #id;
  #context;
  #watch;
  #isClosed = false;
  #isDue = false;
  #journey;
  #panel;
  #course;
  #trail = new Trail();
  #drawn = 0;
  #status;
  #outcome;
  #steps = new Map();
  #parts = {};

  /** `context`: `catalogue`, `link`, `changed()` when the list of runs should be read again. */
  constructor(main, id, context) {
    this.#main = main;
    this.#id = id;
    this.#context = context;
    put(main, h("p", { class: "empty", role: "status" }, "Loading…"));
    this.#open().catch((error) => this.#isClosed || this.#failed(error));
  }

  /** Leaves the run alone. */
  close() {
    this.#isClosed = true;
    this.#watch?.close();
  }

  async #open() {
    const { catalogue, link } = this.#context;
    const [client, version] = await Promise.all([link.client(), versionOf(this.#id)]);
    this.#journey = catalogue.find(version.journeyName, version.version);
    if (!this.#journey) {
      if (!this.#isClosed) this.#undeployed(version);
      return;
    }
    const status = await client.status(this.#id);
    if (this.#isClosed) return;
    this.#status = status.document;
    this.#build(version);
    const { epoch, seq } = status.cursor;
    const from = { ...(epoch !== undefined && { epoch }), seq: Math.max(0, seq - ASKED) };
    this.#trail.dropped = from.seq;
    this.#watch = client.watch(this.#id, { from, conflate: false });
    this.#due();
    await this.#follow(client);
  }

  async #follow(client) {
    try {
      for await (const event of this.#watch) {
        if (this.#isClosed) return;
        if (event.type === "outcome") await this.#ended(client, event);
        else this.#take(event);
      }
    } catch (error) {
      if (this.#isClosed) return;
      if (error instanceof WatchEndedError)
        this.#tell(
          error.reason === "gone"
            ? "The run was removed, or may not be read any more."
            : `The server has ended the subscription: ${error.reason}.`,
        );
      else this.#tell(error.message);
    }
  }

  #take(event) {
    this.#trail.add(event);
    if (event.type === "status" && event.document) {
      this.#status = event.document;
      this.#course.add(event.document);
    }
    if (event.type === "gap") this.#course.gap();
    this.#due();
  }

  async #ended(client, event) {
    // The outcome does not say where the run has ended; its last status does.
    const last = await client.status(this.#id).catch(() => undefined);
    if (this.#isClosed) return;
    this.#outcome = event;
    this.#trail.add({ ...event, at: last?.document?.updatedAt });
    if (last?.document) {
      this.#status = last.document;
      this.#course.add(last.document);
    }
    announce(`The run has ended: ${event.document?.status ?? ""}`);
    this.#context.changed();
    this.#due();
  }

  /** Draws soon, once for all that comes until then. */
  #due() {
    if (this.#isDue || this.#isClosed) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      if (!this.#isClosed) this.#draw();
    }, FRAME_MS);
  }

  #build(version) {
    this.#panel = new GraphPanel(this.#journey);
    this.#course = new Course(this.#panel.graph);
    const parts = {
      badge: h("span", { role: "status" }),
      time: h("span", { class: "time" }),
      note: h("p", { class: "notice", role: "alert", hidden: true }),
      stop: h("button", { type: "button", class: "danger", hidden: true, click: () => this.#confirm() }, "Cancel run"),
      waiting: h("h2", { tabindex: "-1" }, "Waiting for"),
      idle: h("p", { class: "hint" }),
      steps: h("div", { class: "steps" }),
      outcome: h("section", { class: "panel outcome", "aria-label": "Outcome", hidden: true }),
      facts: h("p", { class: "facts" }),
      events: h("ol", { class: "trail", reversed: true }),
      older: h("p", { class: "hint", hidden: true }),
    };
    this.#parts = parts;
    const trail = h("div", { class: "scroll", tabindex: "0", role: "log", "aria-label": "Events, newest first" }, parts.events);
    put(
      this.#main,
      h(
        "header",
        { class: "title" },
        h(
          "div",
          { class: "heading" },
          h(
            "h1",
            {},
            h(
              "a",
              { href: `#/journeys/${encodeURIComponent(version.journeyName)}/${encodeURIComponent(version.version)}` },
              version.journeyName,
            ),
          ),
          parts.badge,
          parts.stop,
        ),
        h("p", { class: "lead" }, "Run ", h("code", {}, this.#id), " · version ", version.version, " · ", parts.time),
        parts.facts,
        parts.note,
      ),
      h(
        "div",
        { class: "columns" },
        this.#panel.element,
        h(
          "div",
          { class: "stack" },
          parts.outcome,
          h("section", { class: "panel", "aria-label": "Steps" }, parts.waiting, parts.idle, parts.steps),
          h("section", { class: "panel", "aria-label": "Event trail" }, h("h2", {}, "Events"), trail, parts.older),
        ),
      ),
    );
  }

  #draw() {
    const { badge: place, time, stop, facts } = this.#parts;
    const status = this.#status;
    if (status) {
      if (place.dataset.phase !== status.phase) {
        place.dataset.phase = status.phase;
        put(place, badge(status.phase));
      }
      put(time, "changed ", when(status.updatedAt));
      stop.hidden = status.phase !== "RUNNING" || !this.#journey.cancellable;
      const known = [
        ...(status.tags ?? []).map((tag) => h("span", { class: "fact tag" }, tag)),
        ...Object.entries(status.attributes ?? {}).map(([name, value]) => h("span", { class: "fact" }, `${name}: ${value}`)),
      ];
      if (facts.childElementCount !== known.length) put(facts, known);
    }
    this.#panel.show(this.#course);
    this.#drawSteps(status?.phase === "RUNNING" ? (status.activeSteps ?? []) : []);
    this.#drawOutcome();
    this.#drawTrail();
  }

  #drawSteps(active) {
    const { steps, idle } = this.#parts;
    // A step that waits anew has another due time, and is another one to fill in.
    const key = (step) => `${step.address ?? step.stepId} ${step.dueAt ?? ""}`;
    const now = new Set(active.map(key));
    for (const known of [...this.#steps.keys()]) if (!now.has(known)) this.#dropStep(known);
    for (const step of active) {
      if (this.#steps.has(key(step))) continue;
      const address = step.address ?? step.stepId;
      const card = this.#card(step, address, () => this.#dropStep(key(step)));
      this.#steps.set(key(step), card);
      steps.append(card.element);
      if (this.#drawn > 0) announce(`${address} waits for input`);
    }
    idle.hidden = active.length > 0;
    idle.textContent =
      this.#status?.phase === "RUNNING" ? `No input: the run is at ${this.#status.currentState}.` : "Nothing: the run has ended.";
  }

  #dropStep(key) {
    const card = this.#steps.get(key);
    if (!card) return;
    if (card.element.contains(document.activeElement)) this.#parts.waiting.focus();
    card.element.remove();
    this.#steps.delete(key);
  }

  /** `drop` takes the card away. */
  #card(step, address, drop) {
    const node = this.#panel.graph.nodes.get(address);
    const heading = h("h3", {}, step.stepId, step.address && h("span", { class: "address" }, step.address));
    const due = step.dueAt && h("p", { class: "hint" }, "times out ", when(step.dueAt));
    // Inside a subjourney a step is not reachable over WebSocket (WS-032).
    for (let parent = node?.parent; parent; parent = parent.parent) {
      if (parent.type !== "parallel") {
        const text = h(
          "p",
          { class: "hint" },
          "It waits inside a subjourney, and is submitted over HTTP: ",
          h("code", {}, `POST /api/v1/journeys/${this.#id}/steps/${address}`),
        );
        return { element: h("article", { class: "step" }, heading, due, text) };
      }
    }
    const form = makeForm({
      schema: node?.input,
      label: "Submit",
      submit: async (payload) => {
        const client = await this.#context.link.client();
        await client.submit(this.#id, "submit", payload, { stepId: address });
        announce(`${step.stepId} was submitted`);
        this.#context.changed();
        // A run may come back to the same step, which is then another one to fill in.
        drop();
        this.#due();
      },
    });
    return { element: h("article", { class: "step" }, heading, due, form) };
  }

  #drawOutcome() {
    const { outcome } = this.#parts;
    if (!this.#outcome || !outcome.hidden) return;
    outcome.hidden = false;
    outcome.classList.add(this.#outcome.document?.phase === "SUCCEEDED" ? "succeeded" : "failed");
    put(outcome, outcomeOf(this.#outcome.document));
  }

  #drawTrail() {
    const { events, older } = this.#parts;
    const { lines, dropped } = this.#trail;
    const total = dropped + lines.length;
    const fresh = lines.slice(Math.max(0, lines.length - (total - this.#drawn)));
    for (const line of fresh) {
      events.prepend(
        h(
          "li",
          { class: line.kind },
          h(
            "span",
            { class: "line" },
            h("span", { class: "seq" }, line.seq),
            h("span", { class: "what" }, line.title),
            line.at && h("time", { class: "exact", datetime: line.at, title: exact(line.at) }, clock(line.at)),
          ),
          line.notes.map((note) => h("span", { class: "note" }, note)),
        ),
      );
    }
    while (events.childElementCount > KEPT) events.lastElementChild.remove();
    this.#drawn = total;
    older.hidden = dropped === 0;
    older.textContent = `${dropped} earlier events are not shown.`;
  }

  #confirm() {
    const cancel = async () => (await this.#context.link.client()).cancel(this.#id);
    confirmCancel(cancel, () => {
      this.#context.changed();
      this.#parts.waiting.focus();
    });
  }

  #tell(text) {
    this.#parts.note.hidden = false;
    this.#parts.note.textContent = text;
  }

  #undeployed({ journeyName, version }) {
    const text = `This run is of version ${version} of ${journeyName}, which is not deployed any more. It goes on, and is reachable over HTTP.`;
    put(
      this.#main,
      h("header", { class: "title" }, h("h1", {}, journeyName), h("p", { class: "lead" }, "Run ", h("code", {}, this.#id))),
      h("p", { class: "notice", role: "alert" }, text),
    );
  }

  #failed(error) {
    const isAbsent = error.status === 404 || error.status === 400 || (error instanceof RequestError && error.code === "not-found");
    const text = isAbsent
      ? "There is no such run, or its read guard does not let you see it. If it needs a credential, give one with the button above."
      : error.message;
    put(
      this.#main,
      h(
        "header",
        { class: "title" },
        h("h1", {}, isAbsent ? "Not found" : "This did not work"),
        h("p", { class: "lead" }, "Run ", h("code", {}, this.#id)),
      ),
      h("p", { class: "notice", role: "alert" }, text),
    );
  }
}
