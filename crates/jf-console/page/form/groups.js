// Fields that hold others: objects, lists, and one of several.

import { freshId, h, put } from "../dom.js";
import { focusIn, makeField, marked, missing, notes, sameAs } from "./field.js";
import { below, lost } from "./value.js";

/** Whether two values are the same, whatever the order of their members. */
const isSame = (one, other) => lost(one, other).length === 0 && lost(other, one).length === 0;

/** Whether a field reads as what its schema gives it to begin with. */
const isInitial = (field, view) => field.initial !== undefined && isSame(field.initial, view.read("", []));

export function objectField(field, label, required) {
  const parts = field.properties.map(({ name, required: must, field: inner }) => ({ name, must, view: makeField(inner, name, must) }));
  const set = h(
    "fieldset",
    { class: "field object" },
    label === undefined ? h("legend", { class: "sr" }, "Fields") : h("legend", {}, marked(label, required)),
  );
  const { nodes, tell } = notes({ description: field.description }, set);
  set.append(...nodes.filter(Boolean), ...parts.map((part) => part.view.element));
  const isUntouched = () => parts.every((part) => part.view.isBlank());
  const view = {
    control: set,
    element: set,
    read(pointer, faults) {
      // An object that may be left out, and in which nothing was entered, is left out: what its parts begin with is nothing that anybody has given, and
      // what it would need is not missing.
      if (!required && isUntouched()) return undefined;
      const value = {};
      for (const { name, view: part } of parts) {
        const read = part.read(below(pointer, name), faults);
        if (read !== undefined) Object.defineProperty(value, name, { value: read, enumerable: true, writable: true, configurable: true });
      }
      return value;
    },
    isBlank: () => isUntouched() || isInitial(field, view),
    write(value) {
      for (const { name, view: part } of parts) part.write(Object.hasOwn(value ?? {}, name) ? value[name] : undefined);
    },
    find([first, ...rest]) {
      const part = parts.find(({ name }) => name === first);
      return part ? part.view.find(rest) : view;
    },
    tell,
  };
  if (field.initial !== undefined) view.write(field.initial);
  return view;
}

export function arrayField(field, label, required) {
  let items = [];
  /** Items that were there at the beginning. */
  let begun = 0;
  // Lists of lists of lists would begin with very many fields.
  const isPlain = !["object", "array", "choice"].includes(field.item.kind);
  const list = h("ol", { class: "items" });
  const add = h("button", { type: "button", class: "small" }, `Add ${label ? `to ${label}` : "an item"}`);
  const set = h(
    "fieldset",
    { class: "field array" },
    label === undefined ? h("legend", { class: "sr" }, "Items") : h("legend", {}, marked(label, required)),
  );
  const { nodes, tell } = notes({ description: field.description }, set);
  set.append(...nodes.filter(Boolean), list, add);
  const append = (value) => {
    const title = (index) => `Item ${index + 1}`;
    const item = makeField({ ...field.item, title: undefined }, title(items.length), true);
    const remove = h("button", { type: "button", class: "small quiet", "aria-label": `Remove ${title(items.length)}` }, "Remove");
    /** Those after one that was removed move up, and pointers to them lead there. */
    const number = (index) => {
      remove.setAttribute("aria-label", `Remove ${title(index)}`);
      item.element.querySelector("label, legend, .name").firstChild.data = title(index);
    };
    const entry = { view: item, element: h("li", {}, item.element, remove), number };
    remove.addEventListener("click", () => {
      items = items.filter((other) => other !== entry);
      entry.element.remove();
      items.forEach((item, index) => item.number(index));
      grown();
      add.focus();
    });
    if (value !== undefined) item.write(value);
    items.push(entry);
    list.append(entry.element);
    grown();
    return entry;
  };
  const grown = () => {
    add.disabled = field.maxItems !== undefined && items.length >= field.maxItems;
    list.hidden = items.length === 0;
  };
  add.addEventListener("click", () => focusIn(append().element));
  const view = {
    control: add,
    element: set,
    read(pointer, faults) {
      if (items.length === 0 && !required) return undefined;
      if (items.length < (field.minItems ?? 0)) faults.push({ pointer, message: `must have at least ${field.minItems}` });
      const values = items.map(({ view: item }, index) => item.read(below(pointer, index), faults));
      return values.map((value) => (value === undefined ? null : value));
    },
    isBlank: () => (items.length <= begun && items.every((item) => item.view.isBlank())) || isInitial(field, view),
    write(value) {
      items = [];
      put(list);
      for (const item of Array.isArray(value) ? value : []) append(item);
      grown();
    },
    find: ([first, ...rest]) => items[Number(first)]?.view.find(rest) ?? view,
    tell,
  };
  if (field.initial !== undefined) view.write(field.initial);
  else for (; required && begun < Math.min(field.minItems ?? 0, isPlain ? 10 : 1); begun += 1) append();
  grown();
  return view;
}

export function choiceField(field, label, required) {
  const id = freshId("field");
  const select = h(
    "select",
    { id, "data-name": label, "aria-required": required ? "true" : undefined },
    h("option", { value: "" }, required ? "Choose…" : "–"),
    field.options.map((option, index) => h("option", { value: index }, option.title)),
  );
  const inside = h("div", { class: "variant" });
  const { nodes, tell } = notes({ description: field.description }, select);
  let chosen;
  const choose = (index) => {
    const option = field.options[index];
    chosen = option && makeField(option.field, option.field.kind === "object" ? undefined : (label ?? option.title), true);
    put(inside, chosen?.element);
  };
  select.addEventListener("change", () => choose(select.value === "" ? -1 : Number(select.value)));
  const view = {
    control: select,
    element: h("div", { class: "field choice" }, h("label", { for: id }, marked(label ?? "Variant", required)), select, nodes, inside),
    read: (pointer, faults) => (chosen ? chosen.read(pointer, faults) : required ? missing(pointer, faults) : undefined),
    isBlank: () => chosen === undefined || isInitial(field, view),
    write(value) {
      const index = value === undefined ? -1 : fitting(field.options, value);
      select.value = index < 0 ? "" : String(index);
      choose(index);
      chosen?.write(value);
    },
    find: (tokens) => (chosen ? chosen.find(tokens) : view),
    tell,
  };
  if (field.initial !== undefined) view.write(field.initial);
  return view;
}

/** The variant that a value is of, as far as its shape tells. */
function fitting(options, value) {
  const type = Array.isArray(value) ? "array" : value === null ? "const" : typeof value;
  const score = ({ field }) => {
    if (field.kind === "object" && type === "object") {
      const tags = field.properties.filter((property) => property.field.kind === "const");
      if (tags.some((tag) => value[tag.name] !== tag.field.value)) return -1;
      return 1 + field.properties.filter((property) => Object.hasOwn(value, property.name)).length;
    }
    if (field.kind === "const") return sameAs(value)(field.value) ? 2 : -1;
    if (field.kind === "enum") return field.values.some(sameAs(value)) ? 2 : -1;
    if (field.kind === "json") return 0;
    return field.kind === type || (field.kind === "integer" && Number.isInteger(value)) || (field.kind === "number" && type === "number")
      ? 1
      : -1;
  };
  const scores = options.map(score);
  const best = Math.max(...scores);
  return best < 0 ? -1 : scores.indexOf(best);
}
