// Which runs are listed. What is looked for stands in the query of the address: a reload keeps it, and so does a bookmark.

import { h } from "./dom.js";

const PHASES = [
  ["", "all"],
  ["RUNNING", "running"],
  ["SUCCEEDED", "succeeded"],
  ["FAILED", "failed"],
];
/** Attributes that the listing can be asked for (HTTP-081). */
const ATTRIBUTES = [
  ["subjectId", "Subject"],
  ["tenantId", "Tenant"],
  ["orderId", "Order"],
  ["paymentIntentId", "Payment intent"],
  ["crmCaseId", "CRM case"],
];

/** The controls; `changed()` is called when something else is looked for. */
export class Filters {
  #changed;
  #phases;
  #fields;
  #summary = h("summary");
  #more;
  /** What the controls show, as it stands in the address. */
  #shown;

  constructor(changed) {
    this.#changed = changed;
    this.#phases = PHASES.map(([value, label]) =>
      h("input", { type: "radio", name: "phase", id: `phase-${label}`, value, change: () => this.#look({ ...this.query, phase: value }) }),
    );
    const field = (name) => h("input", { id: `filter-${name}`, autocomplete: "off", spellcheck: "false" });
    this.#fields = new Map(["tag", ...ATTRIBUTES.map(([name]) => name)].map((name) => [name, field(name)]));
    const labels = [["tag", "Tags, with commas between"], ...ATTRIBUTES];
    this.#more = h(
      "details",
      { class: "filters" },
      this.#summary,
      h(
        "form",
        { "aria-label": "Filters", submit: (event) => this.#submit(event) },
        labels.map(([name, label]) => h("p", {}, h("label", { for: `filter-${name}` }, label), this.#fields.get(name))),
        h(
          "div",
          { class: "actions" },
          h("button", { class: "small" }, "Filter"),
          h("button", { type: "button", class: "small quiet", click: () => this.#look({ phase: this.query.phase }) }, "Clear"),
        ),
      ),
    );
    this.elements = [
      h(
        "fieldset",
        { class: "segments phases" },
        h("legend", { class: "sr" }, "Runs that are"),
        this.#phases.map((input, index) => [input, h("label", { for: input.id }, PHASES[index][1])]),
      ),
      this.#more,
    ];
    this.#fill();
    this.#more.open = this.#isMore();
    // Steps back lead to what was looked for there.
    addEventListener("popstate", () => {
      if (this.#fill()) this.#changed();
    });
  }

  /** What the listing is asked for: `phase` (may be empty), `tag` (a list), attributes. */
  get query() {
    const asked = new URLSearchParams(location.search);
    const phase = asked.get("phase") ?? "";
    const query = { phase: PHASES.some(([known]) => known === phase) ? phase : "", tag: asked.getAll("tag").filter(Boolean) };
    for (const [name] of ATTRIBUTES) if (asked.get(name)) query[name] = asked.get(name);
    return query;
  }

  /** What an empty list means, in words. */
  get nothing() {
    const { phase } = this.query;
    if (this.#isMore()) return "No run is like that.";
    return phase === "" ? "None yet." : `None is ${phase.toLowerCase()}.`;
  }

  #isMore() {
    return this.#count() > 0;
  }

  #count() {
    const { phase: _, tag, ...attributes } = this.query;
    return tag.length + Object.keys(attributes).length;
  }

  #submit(event) {
    event.preventDefault();
    const texts = Object.fromEntries([...this.#fields].map(([name, { value }]) => [name, value.trim()]));
    this.#look({ ...texts, phase: this.query.phase, tag: texts.tag.split(",").map((tag) => tag.trim()) });
  }

  #look(query) {
    const asked = parameters(query).toString();
    history.replaceState(null, "", `${location.pathname}${asked && "?"}${asked}${location.hash}`);
    if (this.#fill()) this.#changed();
  }

  /** Shows in the controls what the address says; whether that is something else than before. */
  #fill() {
    const { query } = this;
    for (const input of this.#phases) input.checked = input.value === query.phase;
    for (const [name, input] of this.#fields) input.value = name === "tag" ? query.tag.join(", ") : (query[name] ?? "");
    const count = this.#count();
    this.#summary.textContent = count > 0 ? `More filters (${count})` : "More filters";
    const shown = parameters(query).toString();
    if (shown === this.#shown) return false;
    this.#shown = shown;
    return true;
  }
}

/** Parameters of a query, those that are empty left out; a list gives several. */
export function parameters(query) {
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) if (one) all.append(name, one);
  return all;
}
