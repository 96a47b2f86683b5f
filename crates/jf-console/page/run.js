// One run, live: where it is, what it waits for, what has happened.

import { RequestError, WatchEndedError } from "./client/index.js";
import { announce, badge, clock, exact, h, put, when } from "./dom.js";
import { confirmCancel, outcomeOf } from "./ending.js";
import { Course } from "./graph/position.js";
import { GraphPanel } from "./panel.js";
import { addressOf } from "./rounds.js";
import { Refused, versionOf } from "./service.js";
import { Steps } from "./steps.js";
import { ASKED, KEPT, Trail } from "./trail.js";

/** How often the page is drawn while events come, at most. */
const FRAME_MS = 40;

/** Shows a run until `close()`. */
export class RunView {
  #main;
  #id;
  #context;
  #watch;
  #leaving = new AbortController();
  #isDue = false;
  #journey;
  #isCompensation = false;
  #panel;
  #course;
  /** Where it is while its course is still told from before. */
  #present;
  #trail = new Trail();
  #drawn = 0;
  #status;
  /** The cursor of that status, and of the one that is on the screen. */
  #at;
  #shownAt;
  /** The number of the first status that was read: what is told of before is history. */
  #from = 0;
  #outcome;
  #steps;
  #parts = {};
  /** What is to be announced with the next drawing. */
  #news = [];
  /** Another attempt may show it: the server was away, or its definitions were not known. */
  isStuck = false;

  /** `context`: `catalogue`, `link`, `renew()` reads the catalogue again, `changed()` when the list of runs should be read again. */
  constructor(main, id, context) {
    this.#main = main;
    this.#id = id;
    this.#context = context;
    put(main, h("p", { class: "empty", role: "status" }, "Loading…"));
    this.#open().catch((error) => this.#isClosed || this.#failed(error));
  }

  /** Leaves the run alone. */
  close() {
    this.#leaving.abort();
    this.#watch?.close();
  }

  get #isClosed() {
    return this.#leaving.signal.aborted;
  }

  async #open() {
    const { catalogue, link, renew } = this.#context;
    const [client, version] = await Promise.all([link.client(), versionOf(this.#id)]);
    const find = () => catalogue.find(version.journeyName, version.version);
    // It may have been deployed since the definitions were read, or they could not be.
    if (!find()) await renew();
    const journey = find();
    if (!journey) {
      if (!this.#isClosed) this.#undeployed(version);
      return;
    }
    this.#isCompensation = version.compensation === true;
    this.#journey = this.#isCompensation ? { ...journey, graph: journey.compensation, cancellable: false } : journey;
    const status = await client.status(this.#id);
    if (this.#isClosed) return;
    this.#build(version);
    this.#present = new Course(this.#panel.graph);
    if (status.document) this.#stands(status.document, status.cursor);
    this.#from = status.seq;
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
      this.#course.add(event.document);
      if (event.seq >= this.#from) this.#present = undefined;
      if (event.seq > this.#from) this.#stands(event.document, event.cursor, event.reply);
    }
    if (event.type === "gap") {
      this.#course.gap();
      // Numbers of a log that was restored may be smaller ones.
      if (!this.#present) this.#from = 0;
      this.#steps.rounds.gap();
    }
    this.#due();
  }

  /** The run stands there now. */
  #stands(status, cursor, isOwn = false) {
    this.#status = status;
    this.#at = cursor;
    this.#present?.add(status);
    this.#steps.rounds.add(status, isOwn);
  }

  async #ended(client, event) {
    // The outcome does not say where the run has ended; its last status does.
    const last = await client.status(this.#id).catch(() => undefined);
    if (this.#isClosed) return;
    this.#outcome = event;
    this.#trail.add({ ...event, at: last?.document?.updatedAt });
    this.#present = undefined;
    if (last?.document) {
      this.#stands(last.document, last.cursor);
      this.#course.add(last.document);
    }
    this.#news.push(`The run has ended: ${event.document?.status ?? ""}`);
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
      outcome: h("section", { class: "panel outcome", "aria-label": "Outcome", hidden: true }),
      facts: h("p", { class: "facts" }),
      undoing: h("p", { class: "hint", hidden: true }),
      events: h("ol", { class: "trail", reversed: true }),
      older: h("p", { class: "hint", hidden: true }),
    };
    this.#parts = parts;
    this.#steps = new Steps({
      id: this.#id,
      graph: this.#panel.graph,
      isBare: this.#isCompensation,
      link: this.#context.link,
      leaving: this.#leaving.signal,
      submit: (step, payload, signal) => this.#submit(step, payload, signal),
      rest: parts.waiting,
    });
    // No live region: what matters of it is announced, and a busy run would never stop talking.
    const trail = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Events, newest first" }, parts.events);
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
        h(
          "p",
          { class: "lead" },
          this.#isCompensation ? "Compensation " : "Run ",
          h("code", {}, this.#id),
          " · version ",
          version.version,
          " · ",
          parts.time,
        ),
        this.#isCompensation && h("p", { class: "hint" }, "It undoes what another run of this journey has done, and cannot be cancelled."),
        parts.facts,
        parts.undoing,
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
          h("section", { class: "panel", "aria-label": "Steps" }, parts.waiting, parts.idle, this.#steps.element),
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
    this.#panel.show(this.#present ?? this.#course);
    this.#drawSteps(status?.phase === "RUNNING" ? (status.activeSteps ?? []) : []);
    this.#drawOutcome();
    this.#drawCompensation();
    this.#drawTrail();
    if (this.#news.length > 0) announce(this.#news.join(". "));
    this.#news = [];
  }

  #drawSteps(active) {
    const { idle } = this.#parts;
    const fresh = this.#steps.show(active);
    if (this.#drawn > 0) this.#news.push(...fresh.map((address) => `${address} waits for input`));
    this.#shownAt = this.#at;
    idle.hidden = active.length > 0;
    idle.textContent =
      this.#status?.phase === "RUNNING" ? `No input: the run is at ${this.#status.currentState}.` : "Nothing: the run has ended.";
  }

  async #submit(step, payload, signal) {
    const client = await this.#context.link.client();
    // Where one step is all that is waited for, an event since may have made it another one (IDEM-9).
    const isOnly = this.#status?.activeSteps?.length === 1;
    const ifSeq = isOnly ? this.#shownAt : undefined;
    try {
      await client.submit(this.#id, "submit", payload, { stepId: addressOf(step), signal, ...(ifSeq && { ifSeq }) });
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== "seq-mismatch") throw error;
      throw new Error("the run has moved since this was shown. See where it is now, and submit again", { cause: error });
    }
    this.#news.push(`${step.stepId} was submitted`);
    this.#context.changed();
    this.#due();
  }

  /** Where the run is undone, if it is. */
  #drawCompensation() {
    const { undoing } = this.#parts;
    const href = (this.#status?._links ?? this.#outcome?.document?._links)?.compensation?.href;
    if (typeof href !== "string" || !undoing.hidden) return;
    const id = href.split("/").at(-1);
    undoing.hidden = false;
    put(undoing, "What it has done is undone by its ", h("a", { href: `#/runs/${encodeURIComponent(id)}` }, "compensation"), ".");
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
    this.isStuck = true;
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
      : error instanceof Refused || error instanceof RequestError
        ? error.message
        : "The server cannot be reached. This is shown as soon as it can.";
    this.isStuck = !isAbsent;
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
