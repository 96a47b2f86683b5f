// How a run ends: by somebody's wish, and with what.

import { h, json } from "./dom.js";

/** Asks whether a run is to be cancelled; `cancel` does it, and throws what was refused. `done` is called when the dialog is gone. */
export function confirmCancel(cancel, done) {
  const close = () => {
    dialog.close();
    dialog.remove();
  };
  const fault = h("p", { class: "fault", role: "alert" });
  const act = async () => {
    sure.disabled = true;
    try {
      await cancel();
      close();
      done();
    } catch (error) {
      fault.textContent = error.message;
      sure.disabled = false;
    }
  };
  const sure = h("button", { type: "button", class: "danger", click: act }, "Cancel the run");
  const keep = h("button", { type: "button", click: close }, "Let it go on");
  const dialog = h(
    "dialog",
    { "aria-labelledby": "cancel-title", close },
    h("h2", { id: "cancel-title" }, "Cancel this run?"),
    h("p", {}, "It ends as failed. What it has done outside is undone only by its compensation."),
    fault,
    h("div", { class: "actions" }, sure, keep),
  );
  document.body.append(dialog);
  dialog.showModal();
  keep.focus();
}

/** What an outcome says; `undefined` where it was too large for a frame. */
export function outcomeOf(outcome) {
  const { status, outcomeId, error, output } = outcome ?? { status: "It is too large to be shown here." };
  const code = String(error?.code ?? error?.type ?? "error");
  const hasOutput = output !== undefined && output !== null;
  return [
    h("h2", {}, "Outcome"),
    h("p", { class: "result" }, status),
    outcomeId && h("p", { class: "hint" }, `classified as ${outcomeId}`),
    error && h("p", {}, h("strong", {}, code), " ", String(error.reason ?? error.title ?? "")),
    hasOutput && h("details", { open: true }, h("summary", {}, "Output"), json(output)),
    error && h("details", {}, h("summary", {}, "Error"), json(error)),
  ];
}
