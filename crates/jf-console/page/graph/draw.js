// The graph as SVG. What it shows is in a list beside it, too; here every state is a button. The graph is one stop of the tabulator: arrow keys lead from
// state to state.

import { freshId, s } from "../dom.js";
import { TYPES } from "./model.js";
import { shortened } from "./text.js";

/** Signs of the types, on a field of 16 by 16. */
const SIGNS = {
  task: "M3.5 8.5 7 12l5.5-8",
  choice: "M8 2.5 13.5 8 8 13.5 2.5 8Z",
  transform: "M3 5.5h9l-2.5-2.5M13 10.5H4l2.5 2.5",
  parallel: "M8 2.5v3M8 5.5 4 8v5.5M8 5.5 12 8v5.5",
  wait: "M8 8.2a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM3 13.5c.5-2.6 2.3-4 5-4s4.5 1.4 5 4",
  webhook: "M13 3 3 8l4 1.5L8.5 13.5Z",
  timer: "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM8 5v3.2l2.2 1.3",
  subjourney: "M2.5 3.5h4v3.5h-4ZM9.5 9h4v3.5h-4ZM4.5 7v3.8H9.5",
  succeed: "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM5.5 8l1.8 1.8 3.4-3.6",
  fail: "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM6 6l4 4M10 6l-4 4",
};

/** A drawn graph: `element` to show, `show(course)` to mark where a run is, `focus(address)`. */
export class Drawing {
  #nodes = new Map();
  #ways = new Map();

  /** Of a layout; `onSelect` is told the node that is chosen. */
  constructor({ width, height, ...placed }, onSelect) {
    this.width = Math.ceil(width);
    this.height = Math.ceil(height);
    const arrow = freshId("arrow");
    const marker = (id, name) =>
      s(
        "marker",
        {
          id,
          class: name,
          viewBox: "0 0 8 8",
          refX: 7,
          refY: 4,
          markerWidth: 8,
          markerHeight: 8,
          markerUnits: "userSpaceOnUse",
          orient: "auto-start-reverse",
        },
        s("path", { d: "M0 .8 7.5 4 0 7.2Z" }),
      );
    this.element = s(
      "svg",
      {
        class: "graph",
        viewBox: `0 0 ${this.width} ${this.height}`,
        width: this.width,
        height: this.height,
        role: "group",
        "aria-label": "State graph; arrow keys move between states",
      },
      s("defs", {}, marker(arrow, "arrow"), marker(`${arrow}-taken`, "arrow taken")),
    );
    this.#arrow = arrow;
    this.#scope(placed, this.element, onSelect);
  }

  #arrow;

  #scope(placed, parent, onSelect) {
    const ways = s("g", { class: "ways", "aria-hidden": "true" });
    const nodes = s("g", { class: "nodes" });
    parent.append(ways, nodes);
    for (const way of placed.ways) {
      const path = s("path", { class: `way ${way.way.kind}`, d: line(way), "marker-end": `url(#${this.#arrow})` });
      ways.append(path);
      this.#ways.set(way.way, path);
      if (way.label) {
        const { x, y, width, height, text } = way.label;
        ways.append(
          s(
            "g",
            { class: `label ${way.way.kind}` },
            s("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: height / 2 }),
            s("text", { x, y: y + 4, "text-anchor": "middle" }, text, s("title", {}, way.way.label ?? text)),
          ),
        );
      }
    }
    for (const node of placed.nodes) nodes.append(this.#node(node, onSelect));
  }

  #node({ node, x, y, width, height, inner }, onSelect) {
    const has = inner.length > 0;
    const text = height > 34 && node.detail && !has;
    const middle = has ? y + 19 : y + height / 2;
    const button = s(
      "g",
      {
        class: "state",
        tabindex: this.#nodes.size === 0 ? "0" : "-1",
        role: "button",
        "data-address": node.address,
        click: () => onSelect(node),
        focus: () => this.#stop(node.address),
        keydown: (event) => {
          const moved = this.#neighbour(node.address, event.key);
          if (!moved && event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          if (moved) moved.focus();
          else onSelect(node);
        },
      },
      s("title", {}, node.detail ? `${node.id} (${node.detail})` : node.id),
      s("rect", { class: "ring", x: x - 4, y: y - 4, width: width + 8, height: height + 8, rx: 13 }),
      s("rect", { class: "box", x, y, width, height, rx: 10 }),
      s("path", { class: "sign", d: SIGNS[node.type] ?? SIGNS.task, transform: `translate(${x + 13} ${middle - 8})` }),
      s("text", { class: "name", x: x + 38, y: text ? middle - 2 : middle + 4.5 }, shortened(node.id, 28)),
      text && s("text", { class: "detail", x: x + 38, y: middle + 13 }, shortened(node.detail, 30)),
    );
    const group = s("g", { class: `node ${node.type}` }, button);
    this.#nodes.set(node.address, { node, group, button });
    this.#name(node, button, []);
    for (const box of inner) {
      const frame = s(
        "g",
        { class: "scope" },
        s("rect", { class: "frame", x: box.x, y: box.y, width: box.width, height: box.height, rx: 8 }),
      );
      if (box.scope.title !== undefined) frame.append(s("text", { class: "title", x: box.x + 12, y: box.y + 20 }, box.scope.title));
      group.append(frame);
      this.#scope(box.placed, frame, onSelect);
    }
    return group;
  }

  /** Where the tabulator stops. */
  #stop(address) {
    for (const [other, { button }] of this.#nodes) button.setAttribute("tabindex", other === address ? "0" : "-1");
  }

  /** The state that a key leads to, in the order of the definition. */
  #neighbour(address, key) {
    const all = [...this.#nodes.keys()];
    const index = all.indexOf(address);
    const to = { ArrowDown: index + 1, ArrowRight: index + 1, ArrowUp: index - 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 }[key];
    return this.#nodes.get(all[to])?.button;
  }

  #name(node, button, words) {
    const label = [node.id, TYPES[node.type] ?? node.type, ...words].join(", ");
    if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  }

  /** Marks where a run is and has been; `undefined` for no run. */
  show(course) {
    for (const [address, { node, group, button }] of this.#nodes) {
      const [here, visited] = [course?.here.has(address) ?? false, course?.visited.has(address) ?? false];
      const inside = !here && course !== undefined && [...course.here].some((other) => other.startsWith(`${address}~`));
      group.classList.toggle("here", here);
      group.classList.toggle("inside", inside);
      group.classList.toggle("visited", visited && !here);
      if (here) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
      this.#name(node, button, here ? ["the run is here"] : inside ? ["the run is inside"] : visited ? ["visited"] : []);
    }
    for (const [way, path] of this.#ways) {
      const taken = course?.taken.has(way) ?? false;
      path.classList.toggle("taken", taken);
      path.setAttribute("marker-end", `url(#${this.#arrow}${taken ? "-taken" : ""})`);
    }
    const last = [...(course?.here ?? [])].at(-1);
    if (last !== undefined && !this.element.contains(document.activeElement)) this.#stop(last);
  }

  /** The element of a state, to be scrolled to. */
  at(address) {
    return this.#nodes.get(address)?.button;
  }

  /** Marks the node that was chosen. */
  select(address) {
    for (const [other, { group }] of this.#nodes) group.classList.toggle("selected", other === address);
  }
}

/** A smooth line through the points: leaves and enters upright, and is straight along labels. */
function line({ points, isLoop }) {
  const [first, ...rest] = points.map(({ x, y }) => ({ x: round(x), y: round(y) }));
  let path = `M${first.x} ${first.y}`;
  if (isLoop) return `${path}C${rest[0].x} ${rest[0].y} ${rest[1].x} ${rest[1].y} ${rest[2].x} ${rest[2].y}`;
  let before = first;
  for (const point of rest) {
    const half = round((before.y + point.y) / 2);
    path += Math.abs(point.x - before.x) < 0.5 ? `L${point.x} ${point.y}` : `C${before.x} ${half} ${point.x} ${half} ${point.x} ${point.y}`;
    before = point;
  }
  return path;
}

function round(number) {
  return Math.round(number * 10) / 10;
}
