// One field of a form, with those inside it.
//
// A field has an `element`, and `read(pointer, faults)`: its value, or `undefined` where there is none; what is wrong goes into `faults` as
// `{ pointer, message }`. `write(value)` fills it, `find(tokens)` is the field that a pointer leads to, or the nearest one, and `tell(message)` shows a fault
// at it (or takes it away).

import { freshId, h, put } from "../dom.js";
import { below, hint, inputType, parse, textOf } from "./value.js";

/** Values of an enumeration that are shown all at once. */
const RADIOS = 5;
/** Longer texts get more room. */
const LINES = 120;

/** The field called `name`; `required` says whether it must have a value. */
export function makeField(field, name, required) {
  const label = field.title ?? name;
  switch (field.kind) {
    case "object":
      return objectField(field, label, required);
    case "array":
      return arrayField(field, label, required);
    case "choice":
      return choiceField(field, label, required);
    case "const":
      return constantField(field, label, required);
    case "enum":
      return required && field.values.length <= RADIOS ? radioField(field, label) : selectField(field, label, required);
    case "boolean":
      return booleanField(field, label, required);
    default:
      return textField(field, label, required);
  }
}

function marked(label, required) {
  return [label, required ? h("span", { class: "required", "aria-hidden": "true" }, " *") : h("span", { class: "optional" }, " optional")];
}

/** Description, limits and faults of a control, tied to it for those who hear it. */
function notes(field, control) {
  const [description, limits, fault] = [freshId("description"), freshId("limits"), freshId("fault")];
  const text = hint(field);
  const error = h("p", { class: "fault", id: fault, hidden: true });
  const nodes = [
    field.description && h("p", { class: "hint", id: description }, field.description),
    text && h("p", { class: "hint", id: limits }, text),
    error,
  ];
  const ids = [field.description && description, text && limits].filter(Boolean);
  if (ids.length > 0) control.setAttribute("aria-describedby", ids.join(" "));
  const tell = (message) => {
    error.hidden = message === undefined;
    error.textContent = message ?? "";
    if (control.matches("fieldset")) control.classList.toggle("invalid", message !== undefined);
    else if (message === undefined) control.removeAttribute("aria-invalid");
    else control.setAttribute("aria-invalid", "true");
    const all = message === undefined ? ids : [...ids, fault];
    if (all.length > 0) control.setAttribute("aria-describedby", all.join(" "));
    else control.removeAttribute("aria-describedby");
  };
  return { nodes, tell };
}

function missing(pointer, faults) {
  faults.push({ pointer, message: "must be given" });
  return undefined;
}

function textField(field, label, required) {
  const id = freshId("field");
  const isLong = field.kind === "json" || (field.maxLength ?? 0) > LINES;
  const attributes = { id, name: label, autocomplete: "off", spellcheck: "false", "aria-required": required ? "true" : undefined };
  const placeholder =
    field.example !== undefined && field.kind !== "json" ? textOf(field, field.example) : field.kind === "json" ? "JSON" : undefined;
  const isNumber = field.kind === "number" || field.kind === "integer";
  const control = isLong
    ? h("textarea", { ...attributes, rows: field.kind === "json" ? 5 : 3, placeholder, class: field.kind === "json" ? "code" : undefined })
    : h("input", {
        ...attributes,
        type: isNumber ? "text" : inputType(field),
        inputmode: isNumber ? (field.kind === "integer" ? "numeric" : "decimal") : undefined,
        step: field.format === "date-time" ? 1 : undefined,
        placeholder,
      });
  const { nodes, tell } = notes(field, control);
  const view = {
    control,
    element: h("div", { class: "field" }, h("label", { for: id }, marked(label, required)), control, nodes),
    read(pointer, faults) {
      const { value, error } = parse(field, control.value);
      if (error !== undefined) faults.push({ pointer, message: error });
      else if (value === undefined && required) {
        // A text may be empty where nothing says otherwise, and everything else must be there.
        if (field.kind === "string" && (field.minLength ?? 0) === 0 && !field.format && !field.pattern) return "";
        return missing(pointer, faults);
      }
      return value;
    },
    write: (value) => (control.value = textOf(field, value)),
    find: () => view,
    tell,
  };
  if (field.initial !== undefined) view.write(field.initial);
  return view;
}

function titleOf(field, index) {
  const value = field.values[index];
  return field.titles?.[index] ?? (typeof value === "string" ? value : JSON.stringify(value));
}

function sameAs(value) {
  const text = JSON.stringify(value);
  return (other) => JSON.stringify(other) === text;
}

function selectField(field, label, required) {
  const id = freshId("field");
  const options = field.values.map((_, index) => h("option", { value: index }, titleOf(field, index)));
  const control = h(
    "select",
    { id, name: label, "aria-required": required ? "true" : undefined },
    h("option", { value: "" }, required ? "Choose…" : "–"),
    options,
  );
  const { nodes, tell } = notes(field, control);
  const view = {
    control,
    element: h("div", { class: "field" }, h("label", { for: id }, marked(label, required)), control, nodes),
    read: (pointer, faults) =>
      control.value !== "" ? field.values[Number(control.value)] : required ? missing(pointer, faults) : undefined,
    write(value) {
      const index = field.values.findIndex(sameAs(value));
      control.value = index < 0 ? "" : String(index);
    },
    find: () => view,
    tell,
  };
  if (field.initial !== undefined) view.write(field.initial);
  return view;
}

function radioField(field, label) {
  const name = freshId("radio");
  const inputs = field.values.map((_, index) => h("input", { type: "radio", name, value: index, id: `${name}-${index}` }));
  const set = h(
    "fieldset",
    { class: "field radios" },
    h("legend", {}, marked(label, true)),
    h(
      "div",
      { class: "segments" },
      inputs.map((input, index) => [input, h("label", { for: input.id }, titleOf(field, index))]),
    ),
  );
  const { nodes, tell } = notes(field, set);
  set.append(...nodes.filter(Boolean));
  const view = {
    control: inputs[0],
    element: set,
    read(pointer, faults) {
      const index = inputs.findIndex((input) => input.checked);
      return index < 0 ? missing(pointer, faults) : field.values[index];
    },
    write(value) {
      const same = sameAs(value);
      inputs.forEach((input, index) => (input.checked = same(field.values[index])));
    },
    find: () => view,
    tell,
  };
  if (field.initial !== undefined) view.write(field.initial);
  return view;
}

/** Yes and no are two choices: a box that was not ticked would be a value that nobody has given. */
function booleanField(field, label, required) {
  const choices = { ...field, values: [true, false], titles: ["yes", "no"] };
  return required ? radioField(choices, label) : selectField(choices, label, false);
}

function constantField(field, label, required) {
  const id = freshId("field");
  const control = required ? undefined : h("input", { type: "checkbox", id });
  const shown = h("code", {}, JSON.stringify(field.value));
  const view = {
    control: control ?? shown,
    element: h(
      "div",
      { class: "field constant" },
      control ? [control, h("label", { for: id }, `${label}: `, shown)] : h("p", {}, h("span", { class: "name" }, label), " ", shown),
    ),
    read: () => (!control || control.checked ? field.value : undefined),
    write: (value) => control && (control.checked = value !== undefined),
    find: () => view,
    tell: () => undefined,
  };
  return view;
}

function objectField(field, label, required) {
  const parts = field.properties.map(({ name, required: must, field: inner }) => ({ name, must, view: makeField(inner, name, must) }));
  const set = h(
    "fieldset",
    { class: "field object" },
    label === undefined ? h("legend", { class: "sr" }, "Fields") : h("legend", {}, marked(label, required)),
  );
  const { nodes, tell } = notes({ description: field.description }, set);
  set.append(...nodes.filter(Boolean), ...parts.map((part) => part.view.element));
  const view = {
    control: set,
    element: set,
    read(pointer, faults) {
      const value = {};
      const inside = [];
      for (const { name, view: part } of parts) {
        const read = part.read(below(pointer, name), inside);
        if (read !== undefined) Object.defineProperty(value, name, { value: read, enumerable: true, writable: true, configurable: true });
      }
      // An object that may be left out, and of which nothing was given, is left out; what it would need is then not missing.
      if (!required && Object.keys(value).length === 0) return undefined;
      faults.push(...inside);
      return value;
    },
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

function arrayField(field, label, required) {
  let items = [];
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
    const title = `Item ${items.length + 1}`;
    const item = makeField({ ...field.item, title: undefined }, title, true);
    const remove = h("button", { type: "button", class: "small quiet", "aria-label": `Remove ${title}` }, "Remove");
    const entry = { view: item, element: h("li", {}, item.element, remove) };
    remove.addEventListener("click", () => {
      items = items.filter((other) => other !== entry);
      entry.element.remove();
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
  else for (let count = 0; required && count < Math.min(field.minItems ?? 0, 10); count += 1) append();
  grown();
  return view;
}

function choiceField(field, label, required) {
  const id = freshId("field");
  const select = h(
    "select",
    { id, name: label, "aria-required": required ? "true" : undefined },
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

/** Moves the focus to the first control of an element. */
export function focusIn(element) {
  element.querySelector("input, select, textarea, button")?.focus();
}
