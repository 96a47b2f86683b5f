// What a run waits for: a card for each active step, with a form for what it takes.

import { h, when } from "./dom.js";
import { makeForm } from "./form/form.js";
import { Rounds, addressOf } from "./rounds.js";

/** The cards. `graph` knows the schemas, `isBare` says that the run is one that no binding covers, `submit(step, payload, signal)` submits. */
export class Steps {
  element = h("div", { class: "steps" });
  rounds = new Rounds();
  #context;
  #cards = new Map();

  /** `context`: `id` of the run, `graph`, `isBare`, `link`, `leaving`, `submit`, `rest` where the focus goes when a card is gone. */
  constructor(context) {
    this.#context = context;
  }

  /** Shows the active steps; the addresses of those that were not there before. */
  show(active) {
    const now = new Map(active.map((step) => [this.rounds.key(step), step]));
    const were = new Set([...this.#cards.values()].map((card) => card.address));
    for (const key of [...this.#cards.keys()]) if (!now.has(key)) this.#drop(key);
    const fresh = [];
    for (const [key, step] of now) {
      if (!this.#cards.has(key)) {
        const address = addressOf(step);
        const card = this.#card(step, address, () => this.#drop(key), were.has(address) && this.rounds.count(step) > 0);
        this.#cards.set(key, card);
        this.element.append(card.element);
        fresh.push(address);
      }
      const { doubt, address } = this.#cards.get(key);
      if (doubt) doubt.hidden = !this.rounds.unsure.has(address);
    }
    return fresh;
  }

  #drop(key) {
    const card = this.#cards.get(key);
    if (!card) return;
    if (card.element.contains(document.activeElement)) this.#context.rest.focus();
    card.element.remove();
    this.#cards.delete(key);
  }

  /** `drop` takes the card away; `isAnew` tells that it takes the place of one that may have been filled in. */
  #card(step, address, drop, isAnew) {
    const { id, graph, isBare, link, leaving, submit } = this.#context;
    const node = graph.nodes.get(address);
    const heading = h("h3", {}, step.stepId, step.address && h("span", { class: "address" }, step.address));
    const due = step.dueAt && h("p", { class: "hint" }, "times out ", when(step.dueAt));
    const place = whereWithin(node, isBare);
    if (place !== undefined) {
      const text = h(
        "p",
        { class: "hint" },
        `It waits inside ${place}, and is submitted over HTTP: `,
        h("code", {}, `POST /api/v1/journeys/${id}/steps/${address}`),
      );
      return { address, element: h("article", { class: "step" }, heading, due, text) };
    }
    const anew = isAnew && h("p", { class: "hint" }, "The run has come back to this step. What was entered for the time before was not submitted.");
    const doubt = h(
      "p",
      { class: "hint", role: "status", hidden: true },
      "The run has moved since this was shown, and may have come back to this step. See whether what you enter is still what is asked for.",
    );
    const form = makeForm({
      schema: node?.input,
      label: "Submit",
      name: `Submit ${address}`,
      link,
      leaving,
      submit: async (payload, signal) => {
        await submit(step, payload, signal);
        // A run may come back to the same step, which is then another one to fill in.
        drop();
      },
    });
    return { address, doubt, element: h("article", { class: "step" }, heading, due, anew, doubt, form) };
  }
}

/** What keeps a step from the WebSocket binding, in words (WS-032); `undefined` where nothing does. */
function whereWithin(node, isBare) {
  if (isBare) return "a compensation";
  for (let parent = node?.parent; parent; parent = parent.parent) if (parent.type !== "parallel") return "a subjourney";
  return undefined;
}
