// A definition: what it is, its graph, and a form that starts a run.

import { announce, h, put } from "./dom.js";
import { makeForm } from "./form/form.js";
import { GraphPanel } from "./panel.js";

/** Shows a version of the catalogue. */
export function showDefinition(main, { journey, catalogue, link }) {
  const others = catalogue.versions(journey.name).filter((other) => other !== journey);
  const form = journey.serving
    ? makeForm({
        schema: journey.input,
        label: "Start a run",
        submit: async (payload) => {
          const client = await link.client();
          let gone = false;
          const go = (journeyId) => {
            if (gone) return;
            gone = true;
            announce(`${journey.name} was started`);
            location.hash = `#/runs/${encodeURIComponent(journeyId)}`;
          };
          // As soon as the run exists: an answer to a synchronous start can take as long as the run.
          const reply = await client.start("start", payload, { journeyName: journey.name, onAccepted: go });
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
      new GraphPanel(journey).element,
      h("div", { class: "stack" }, h("section", { class: "panel", "aria-label": "Start" }, h("h2", {}, "Start"), form)),
    ),
  );
}
