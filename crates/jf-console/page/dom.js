// Making elements. All text of runs and definitions goes through here, as text: there is no way to markup.

import { hasInexact } from "./form/value.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `attributes` are set as attributes, functions as listeners, and what is `undefined`, `null` or `false` is left out; children are nodes,
 * texts, or nothing.
 */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for what is drawn. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** Puts other children into an element. */
export function put(element, ...children) {
  element.replaceChildren(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
}

let ids = 0;

/** A name for an element that labels refer to. */
export function freshId(word) {
  ids += 1;
  return `${word}-${ids}`;
}

/** Tells a screen reader; what is on the screen says the same. */
export function announce(text) {
  const region = document.getElementById("announcements");
  // Equal texts one after the other would not be read again.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

const RTF = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 365],
  ["year", Infinity],
];

/** How long ago something was, or how soon it will be. */
export function ago(instant, now = Date.now()) {
  let amount = (Date.parse(instant) - now) / 1000;
  if (Number.isNaN(amount)) return String(instant);
  for (const [unit, size] of STEPS) {
    if (Math.abs(amount) < size) return RTF.format(Math.round(amount), unit);
    amount /= size;
  }
  return String(instant);
}

/** A `<time>` that says how long ago. */
export function when(instant) {
  return h("time", { datetime: instant, title: exact(instant) }, ago(instant));
}

/** An instant to the millisecond, in the zone of the reader. */
export function exact(instant) {
  const time = new Date(instant);
  if (Number.isNaN(time.getTime())) return String(instant);
  return `${time.toLocaleDateString()} ${clock(instant)}`;
}

/** The time of day to the millisecond. */
export function clock(instant) {
  const time = new Date(instant);
  if (Number.isNaN(time.getTime())) return String(instant);
  return time.toLocaleTimeString(undefined, {
    hourCycle: "h23",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  });
}

/** Brings all times on the page up to date. */
export function refreshTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const text = ago(time.dateTime);
    if (time.textContent !== text && !time.classList.contains("exact")) time.textContent = text;
  }
}

const PHASES = { RUNNING: "running", SUCCEEDED: "succeeded", FAILED: "failed" };

/** The phase of a run as a badge. Colour is not all that tells it. */
export function badge(phase) {
  const word = PHASES[phase] ?? "unknown";
  return h("span", { class: `badge ${word}` }, h("span", { class: "dot", "aria-hidden": "true" }), word);
}

/** Any JSON value, for reading. */
export function json(value) {
  const text = JSON.stringify(value, null, 2) ?? "";
  return [
    h("pre", { class: "json", tabindex: "0", role: "region", "aria-label": "JSON" }, text),
    hasInexact(value) && h("p", { class: "hint" }, "Numbers beyond 9007199254740991, and those of more than 16 digits, may be rounded here."),
  ];
}
