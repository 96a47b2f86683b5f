// A form for a payload: fields from its schema, or JSON for those who prefer it, and the faults that the server finds at their places.

import { announce, h, put } from "../dom.js";
import { focusIn, makeField } from "./field.js";
import { fieldOf } from "./schema.js";
import { lost } from "./value.js";

/**
 * A form. `submit(payload, signal)` is called with what was entered; it throws what the server refuses, with the Problem in `problem`. `label` is on the
 * button, and `name` tells the form from others. When it is left (`leaving`, a signal) while there is no connection (`link`), what waits for one is
 * given up.
 */
export function makeForm({ schema, label, name = label, submit, link, leaving, kind = "primary" }) {
  const field = fieldOf(schema ?? true);
  let isJson = field.kind === "json";
  const jsonField = makeField({ ...(isJson && field), kind: "json", title: undefined }, "Payload as JSON", true);
  const formField = isJson ? jsonField : makeField(field, field.kind === "object" ? undefined : "Payload", true);
  const summary = h("div", { class: "summary", role: "alert" });
  const body = h("div", { class: "fields" });
  const send = h("button", { type: "submit", class: kind }, label);
  const toggle = h("button", { type: "button", class: "quiet small", hidden: isJson }, "Edit as JSON");
  const waiting = h("p", { class: "hint", role: "status" });
  const form = h(
    "form",
    { novalidate: true, class: "payload", "aria-label": name },
    summary,
    body,
    h("div", { class: "actions" }, send, toggle),
    waiting,
  );
  const current = () => (isJson ? jsonField : formField);
  const show = () => {
    put(body, current().element);
    toggle.textContent = isJson ? "Edit in a form" : "Edit as JSON";
  };
  const told = new Set();
  const clear = () => {
    put(summary);
    for (const view of told) view.tell(undefined);
    told.clear();
  };
  /** Shows faults where they are, and above the form with links to them. */
  const tell = (heading, faults) => {
    clear();
    const texts = new Map();
    const lines = faults.map(({ pointer, message }) => {
      const view = isJson ? jsonField : formField.find(pointer.split("/").slice(1).map(unescaped));
      texts.set(view, [...(texts.get(view) ?? []), message]);
      const name = pointer === "" ? "payload" : pointer.slice(1);
      const go = h(
        "button",
        { type: "button", class: "link", click: () => (view.control.matches("fieldset") ? focusIn(view.control) : view.control.focus()) },
        name,
      );
      return h("li", {}, go, ` ${message}`);
    });
    for (const [view, messages] of texts) {
      view.tell([...new Set(messages)].join("; "));
      told.add(view);
    }
    put(summary, h("p", {}, heading), lines.length > 0 && h("ul", {}, lines));
    const first = [...texts.keys()][0];
    if (first)
      (first.control.matches("fieldset") ? first.control.querySelector("input, select, textarea, button") : first.control)?.focus?.();
  };
  toggle.addEventListener("click", () => {
    const faults = [];
    const value = current().read("", faults);
    if (isJson && faults.length > 0) return tell("This is not JSON yet.", faults);
    const unread = faults.filter((fault) => fault.isUnread);
    if (unread.length > 0) return tell("This cannot be taken along yet.", unread);
    const next = isJson ? formField : jsonField;
    if (value !== undefined) next.write(value);
    // A form has fields for what the schema names, and no place for anything else.
    const judged = [];
    const beyond = value === undefined ? [] : lost(value, next.read("", judged));
    if (beyond.length > 0) {
      // What has a place and is not taken there, a number beyond its limit say, is told by what is wrong with it.
      const own = (pointer) => judged.find((fault) => fault.isUnread && fault.pointer === pointer);
      const told = beyond.map((pointer) => own(pointer) ?? { pointer, message: "has no place in the form" });
      return tell("This stays JSON: a form would lose some of it.", told);
    }
    clear();
    isJson = !isJson;
    show();
    focusIn(body);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    const faults = [];
    const value = current().read("", faults);
    if (faults.length > 0) return tell("Not sent yet.", faults);
    clear();
    send.disabled = true;
    form.setAttribute("aria-busy", "true");
    const [stop, done] = [new AbortController(), new AbortController()];
    const isConnected = () => link.state === "open";
    const wait = () => (waiting.textContent = isConnected() ? "" : "Waiting for the connection. It is sent as soon as there is one, unless you leave.");
    link.addEventListener("state", wait, { signal: done.signal });
    leaving.addEventListener("abort", () => isConnected() || stop.abort(new Error("given up")), { signal: done.signal });
    wait();
    try {
      await submit(value, stop.signal);
    } catch (error) {
      if (stop.signal.aborted) return;
      const errors = (error.problem?.errors ?? []).map((entry) => ({
        pointer: typeof entry.pointer === "string" ? entry.pointer : "",
        message: entry.detail ?? entry.keyword ?? "is refused",
      }));
      tell(
        `${error.problem?.title ?? "Refused"}${error.problem?.detail ? `: ${error.problem.detail}` : error.problem ? "" : `: ${error.message}`}`,
        errors,
      );
      announce("Refused");
    } finally {
      done.abort();
      waiting.textContent = "";
      send.disabled = false;
      form.removeAttribute("aria-busy");
    }
  });
  show();
  return form;
}

function unescaped(token) {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
