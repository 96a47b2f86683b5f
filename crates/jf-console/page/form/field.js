// One field of a form, with those inside it.
//
// A field has an `element`, and `read(pointer, faults)`: its value, or `undefined` where there is none; what is wrong goes into `faults` as
// `{ pointer, message }`, with `isUnread` where something was entered that has no value yet. `isBlank()` tells that nothing was entered: what it
// reads as, if anything, is what it began with. `write(value)` fills it, `find(tokens)` is the field that a pointer leads to, or the nearest one, and
// `tell(message)` shows a fault at it (or takes it away).

import { freshId, h } from "../dom.js";
import { arrayField, choiceField, objectField } from "./groups.js";
import { hint, inputType, parse, textOf } from "./value.js";

/** Values of an enumeration that are shown all at once. */
const RADIOS = 5;
/** Longer texts get more room. */
const LINES = 120;

/** What values of fields with a text are. */
const TYPE_OF = { string: "string", number: "number", integer: "number" };

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

/** A label, with whether the field must be given. */
export function marked(label, required) {
  return [label, required ? h("span", { class: "required", "aria-hidden": "true" }, " *") : h("span", { class: "optional" }, " optional")];
}

/** Description, limits and faults of a control, tied to it for those who hear it. */
export function notes(field, control) {
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

/** Notes that a value is missing. */
export function missing(pointer, faults) {
  faults.push({ pointer, message: "must be given" });
  return undefined;
}

function textField(field, label, required) {
  const id = freshId("field");
  const isLong = field.kind === "json" || (field.maxLength ?? 0) > LINES;
  const attributes = { id, "data-name": label, autocomplete: "off", spellcheck: "false", "aria-required": required ? "true" : undefined };
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
  let written;
  const view = {
    control,
    element: h("div", { class: "field" }, h("label", { for: id }, marked(label, required)), control, nodes),
    read(pointer, faults) {
      const { value, error } = parse(field, control.value);
      if (error !== undefined) faults.push({ pointer, message: error, isUnread: true });
      // What nobody has touched is what it was, down to the fraction of a second that is not shown.
      else if (written !== undefined && control.value === written.text) return written.value;
      // Nothing in a field that may be left out is nothing, even where it could be `null`.
      else if (value === null && field.kind !== "json" && !required) return undefined;
      else if (value === undefined && required) {
        // A text may be empty where nothing says otherwise, and everything else must be there.
        if (field.kind === "string" && (field.minLength ?? 0) === 0 && !field.format && !field.pattern) return "";
        return missing(pointer, faults);
      }
      return value;
    },
    isBlank: () => control.value === "" || (field.initial !== undefined && control.value === textOf(field, field.initial)),
    write(value) {
      control.value = textOf(field, value);
      const isNull = value === null && field.nullable;
      written = isNull || (control.value !== "" && typeof value === TYPE_OF[field.kind]) ? { text: control.value, value } : undefined;
    },
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

/** Whether another value is the same JSON. */
export function sameAs(value) {
  const text = JSON.stringify(value);
  return (other) => JSON.stringify(other) === text;
}

function selectField(field, label, required) {
  const id = freshId("field");
  const options = field.values.map((_, index) => h("option", { value: index }, titleOf(field, index)));
  const control = h(
    "select",
    { id, "data-name": label, "aria-required": required ? "true" : undefined },
    h("option", { value: "" }, required ? "Choose…" : "–"),
    options,
  );
  const { nodes, tell } = notes(field, control);
  const view = {
    control,
    element: h("div", { class: "field" }, h("label", { for: id }, marked(label, required)), control, nodes),
    read: (pointer, faults) =>
      control.value !== "" ? field.values[Number(control.value)] : required ? missing(pointer, faults) : undefined,
    isBlank: () => control.value === "" || sameAs(field.initial)(field.values[Number(control.value)]),
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
    { class: "field radios", role: "radiogroup", "aria-required": "true" },
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
    isBlank: () => inputs.every((input, index) => !input.checked || sameAs(field.initial)(field.values[index])),
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
    isBlank: () => !control?.checked,
    write: (value) => control && (control.checked = value !== undefined),
    find: () => view,
    tell: () => undefined,
  };
  return view;
}

/** Moves the focus to the first control of an element. */
export function focusIn(element) {
  element.querySelector("input, select, textarea, button")?.focus();
}
