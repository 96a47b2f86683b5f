// The graph with what belongs to it: zoom, the same as a list, and what a state is.

import { h, json, put } from "./dom.js";
import { Drawing } from "./graph/draw.js";
import { layout } from "./graph/layout.js";
import { TYPES, graphOf, wayLabel } from "./graph/model.js";

const ZOOMS = [0.5, 0.6, 0.75, 0.9, 1, 1.25, 1.5, 2];
/** Smaller than this a graph is scrolled rather than shrunk. */
const LEAST = 0.68;

/** The panel for a version of the catalogue. */
export class GraphPanel {
  graph;
  /** There is none of a graph that is too large. */
  #drawing;
  #field;
  #detail = h("div", { class: "about", "aria-live": "polite" });
  #zoom;
  #entries = new Map();
  #followed;

  /** `label` is what it is called. */
  constructor(journey, label = "States") {
    this.graph = graphOf(journey);
    const list = (open) => h("details", { class: "states", open }, h("summary", {}, "States as a list"), this.#scopeList(this.graph.root));
    const picture = layout(this.graph.root);
    if (!picture) {
      const told = h("p", { class: "hint" }, `These ${this.graph.nodes.size} states are too many to be drawn.`);
      this.element = h("section", { class: "panel graph-panel", "aria-label": label }, told, list(true));
      return;
    }
    this.#drawing = new Drawing(picture, (node) => this.#select(node));
    this.#field = h(
      "div",
      { class: "canvas", tabindex: "0", role: "region", "aria-label": "State graph, scrollable" },
      this.#drawing.element,
    );
    const step = (by, label, sign) =>
      h("button", { type: "button", class: "small icon", "aria-label": label, title: label, click: () => this.#step(by) }, sign);
    const legend = h(
      "p",
      { class: "legend", "aria-hidden": "true" },
      h("span", { class: "key here" }, "here"),
      h("span", { class: "key visited" }, "visited"),
      h("span", { class: "key timeout" }, "time-out"),
    );
    this.element = h(
      "section",
      { class: "panel graph-panel", "aria-label": label },
      h("div", { class: "tools" }, legend, h("span", { class: "zoom" }, step(-1, "Smaller", "−"), step(1, "Larger", "+"))),
      this.#field,
      this.#detail,
      list(false),
    );
    new ResizeObserver(() => this.#zoom === undefined && this.#fit()).observe(this.#field);
  }

  /** Marks where a run is, and brings it into view when it has moved. */
  show(course) {
    this.#drawing?.show(course);
    for (const [address, { mark, item }] of this.#entries) {
      const word = course?.here.has(address) ? "the run is here" : course?.visited.has(address) ? "visited" : "";
      if (mark.textContent !== word) mark.textContent = word;
      item.classList.toggle("here", course?.here.has(address) ?? false);
    }
    const here = [...(course?.here ?? [])].join(" ");
    if (here !== "" && here !== this.#followed) {
      this.#followed = here;
      this.#reveal([...course.here].at(-1));
    }
  }

  #reveal(address) {
    const box = this.#drawing?.at(address)?.getBoundingClientRect();
    if (!box) return;
    const field = this.#field.getBoundingClientRect();
    const by = (low, high, least, most) => (low < least ? low - least - 24 : high > most ? high - most + 24 : 0);
    this.#field.scrollBy({ left: by(box.left, box.right, field.left, field.right), top: by(box.top, box.bottom, field.top, field.bottom) });
  }

  #fit() {
    const room = this.#field.clientWidth - 2;
    if (room <= 0) return;
    this.#scale(Math.max(LEAST, Math.min(1, room / this.#drawing.width)));
    // What does not fit begins where runs begin.
    this.#reveal(this.#followed?.split(" ").at(-1) ?? this.graph.root.start);
  }

  #step(by) {
    const now = this.#drawing.element.clientWidth / this.#drawing.width;
    const index = by > 0 ? ZOOMS.findIndex((zoom) => zoom > now + 0.01) : ZOOMS.findLastIndex((zoom) => zoom < now - 0.01);
    if (index < 0) return;
    this.#zoom = ZOOMS[index];
    this.#scale(this.#zoom);
  }

  #scale(zoom) {
    this.#drawing.element.setAttribute("width", Math.round(this.#drawing.width * zoom));
    this.#drawing.element.setAttribute("height", Math.round(this.#drawing.height * zoom));
  }

  #select(node) {
    this.#drawing.select(node.address);
    const rows = [
      ["Type", TYPES[node.type] ?? node.type],
      node.detail && [node.type === "fail" ? "Error code" : node.type === "parallel" ? "Join" : "Does", node.detail],
      node.timeoutSec && ["Time-out", `${node.timeoutSec} s`],
    ];
    const ways = node.scope.ways.filter((way) => way.from === node.address);
    put(
      this.#detail,
      h("h3", {}, node.address),
      h(
        "dl",
        {},
        rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
      ),
      ways.length > 0 &&
        h(
          "ul",
          {},
          ways.map((way) => h("li", {}, wayText(way))),
        ),
      node.input !== undefined && h("details", {}, h("summary", {}, "Schema of its input"), json(node.input)),
      h("button", { type: "button", class: "small quiet", click: () => this.#unselect(node) }, "Close"),
    );
  }

  #unselect(node) {
    put(this.#detail);
    this.#drawing.select(undefined);
    this.#drawing.at(node.address)?.focus();
  }

  #scopeList(scope) {
    return h(
      "ul",
      {},
      scope.nodes.map((node) => {
        const mark = h("strong", { class: "mark" });
        const ways = scope.ways.filter((way) => way.from === node.address).map(wayText);
        const text = [
          node.id,
          ` – ${TYPES[node.type] ?? node.type}`,
          node.detail ? ` (${node.detail})` : "",
          ways.length > 0 ? `: ${ways.join("; ")}` : "",
          " ",
        ];
        const inner = node.scopes.map((within) =>
          h("div", {}, within.title !== undefined && h("p", {}, `Branch ${within.title}`), this.#scopeList(within)),
        );
        const item = h("li", {}, text, mark, inner);
        this.#entries.set(node.address, { item, mark });
        return item;
      }),
    );
  }
}

function wayText(way) {
  const to = way.to.split("~").at(-1);
  const label = wayLabel(way);
  return label === undefined ? `then ${to}` : `${label} → ${to}`;
}
