// A definition: what it is, its graph, and a form that starts a run.

import { announce, h, put } from "./dom.js";
import { makeForm } from "./form/form.js";
import { GraphPanel } from "./panel.js";

/** Shows a version of the catalogue; what `close()` ends. `told(text, href)` tells of what has become of something that was left. */
export function showDefinition(main, { journey, catalogue, link, told }) {
  const leaving = new AbortController();
  const others = catalogue.versions(journey.name).filter((other) => other !== journey);
  const form = journey.serving
    ? makeForm({
        schema: journey.input,
        label: "Start a run",
        link,
        leaving: leaving.signal,
        submit: async (payload, signal) => {
          const client = await link.client();
          let gone = false;
          const go = (journeyId) => {
            if (gone) return;
            gone = true;
            const href = `#/runs/${encodeURIComponent(journeyId)}`;
            // Whoever has gone on to something else is not called away from it.
            if (leaving.signal.aborted) return told(`A run of ${journey.name} was started`, href);
            announce(`${journey.name} was started`);
            location.hash = href;
          };
          // As soon as the run exists: an answer to a synchronous start can take as long as the run.
          const reply = await client.start("start", payload, { journeyName: journey.name, onAccepted: go, signal });
          go(reply.journeyId);
        },
      })
    : h("p", {}, "New runs are of another version.");
  const facts = [
    h("span", { class: "fact" }, `version ${journey.version}`),
    h("span", { class: "fact" }, `starts ${journey.startMode === "sync" ? "synchronously" : "asynchronously"}`),
    journey.guarded && h("span", { class: "fact" }, "read guard"),
    !journey.cancellable && h("span", { class: "fact" }, "cannot be cancelled"),
    journey.tags.map((tag) => h("span", { class: "fact tag" }, tag)),
    others.map((other) =>
      h(
        "a",
        { class: "fact", href: `#/journeys/${encodeURIComponent(other.name)}/${encodeURIComponent(other.version)}` },
        `see ${other.version}`,
      ),
    ),
  ];
  put(
    main,
    h(
      "header",
      { class: "title" },
      h("h1", {}, journey.name),
      journey.description && h("p", { class: "lead" }, journey.description),
      h("p", { class: "facts" }, facts),
    ),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        { class: "stack" },
        new GraphPanel(journey).element,
        journey.compensation && h("h2", {}, "Compensation"),
        journey.compensation && new GraphPanel({ ...journey, graph: journey.compensation }, "States of the compensation").element,
      ),
      h("div", { class: "stack" }, h("section", { class: "panel", "aria-label": "Start" }, h("h2", {}, "Start"), form)),
    ),
  );
  return { close: () => leaving.abort() };
}
