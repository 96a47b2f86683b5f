// The console: what is shown, by the address in the bar.

import { h, put, refreshTimes } from "./dom.js";
import { showDefinition } from "./definition.js";
import { RunView } from "./run.js";
import { Runs } from "./runs.js";
import { Catalogue, Link, isOpen, open, reason } from "./service.js";

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const STATES = { open: "live", connecting: "connecting…", waiting: "reconnecting…", idle: "idle", closed: "disconnected – reload the page" };

const catalogue = new Catalogue();
const link = new Link();
link.addEventListener("state", () => {
  const { state } = link;
  connection.textContent = STATES[state] ?? state;
  connection.className = `connection ${state}`;
  // A server that was away may be another one.
  if (state === "waiting" || state === "idle") catalogue.isKnown = false;
  if (state === "open") void reload();
});
let runs;
let view;

/** Where we are: `{ run }`, `{ journey, version }`, or nothing of both. */
function place() {
  const [kind, first, second] = location.hash.replace(/^#\//, "").split("/").map(decoded);
  if (kind === "runs" && first) return { run: first };
  if (kind === "journeys" && first) return { journey: first, version: second || undefined };
  return {};
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function show() {
  const { run, journey, version } = place();
  view?.close();
  view = undefined;
  main.scrollTop = 0;
  showJourneys(journey);
  if (run === undefined) runs.filter(journey);
  runs.select(run);
  document.title = `${run ? `Run ${run}` : (journey ?? "Journeys")} · JourneyForge console`;
  if (run !== undefined) view = new RunView(main, run, { catalogue, link, renew, changed: () => runs.refresh() });
  else if (journey !== undefined) {
    const found = catalogue.find(journey, version);
    if (found) view = showDefinition(main, { journey: found, catalogue, link, told });
    else put(main, h("header", { class: "title" }, h("h1", {}, "Not found"), h("p", { class: "lead" }, "This journey is not deployed.")));
  } else showOverview();
}

function showJourneys(current) {
  const { serving } = catalogue;
  const item = (href, name, isCurrent) => h("li", {}, h("a", { href, "aria-current": isCurrent ? "page" : undefined }, name));
  const isHome = current === undefined && place().run === undefined;
  const items = serving.map(({ name }) => item(`#/journeys/${encodeURIComponent(name)}`, name, name === current));
  put(document.getElementById("journeys"), h("h2", {}, "Journeys"), h("ul", {}, item("#/", "All journeys", isHome), items));
}

function showOverview() {
  const cards = catalogue.serving.map((journey) =>
    h(
      "li",
      { class: "panel card" },
      h("h2", {}, h("a", { href: `#/journeys/${encodeURIComponent(journey.name)}` }, journey.name)),
      journey.description && h("p", {}, journey.description),
      h(
        "p",
        { class: "facts" },
        h("span", { class: "fact" }, `version ${journey.version}`),
        h("span", { class: "fact" }, `${journey.graph.states.length} states`),
        journey.tags.map((tag) => h("span", { class: "fact tag" }, tag)),
      ),
    ),
  );
  put(
    main,
    h(
      "header",
      { class: "title" },
      h("h1", {}, "Journeys"),
      h("p", { class: "lead" }, "Choose a journey to see its states and to start a run, or a run to watch it."),
    ),
    cards.length > 0 ? h("ul", { class: "cards" }, cards) : h("p", { class: "empty" }, "No journeys are deployed."),
  );
}

/** The server can be reached, perhaps again. */
async function reload() {
  const changed = !catalogue.isKnown && (await renew().catch(() => false));
  // What could not be shown while it was away can be now.
  if (runs && (view?.isStuck || (changed && place().run === undefined))) show();
}

/** Reads the definitions again; whether they have changed. */
async function renew() {
  const changed = await catalogue.load();
  if (changed && runs) showJourneys(place().journey);
  return changed;
}

/** Tells of something that has come of what was done elsewhere. */
function told(text, href) {
  const line = h("p", {}, text, ": ", h("a", { href, click: () => line.remove() }, "see it"), h("button", { type: "button", class: "quiet small", click: () => line.remove() }, "Dismiss"));
  document.getElementById("notices").append(line);
}

/** A dialog with one field, whose value it hands over; it stays open for as long as that says what is wrong. */
function ask({ title, text, label, button, take }) {
  const input = h("input", { id: "asked", type: "password", autocomplete: "off", "aria-describedby": "asked-fault" });
  const fault = h("p", { class: "fault", id: "asked-fault", role: "alert" });
  const close = () => dialog.remove();
  const act = h("button", { class: "primary" }, button);
  const form = h(
    "form",
    {
      submit: async (event) => {
        event.preventDefault();
        if (act.disabled) return;
        act.disabled = true;
        const wrong = await take(input.value.trim());
        act.disabled = false;
        fault.textContent = wrong ?? "";
        input.setAttribute("aria-invalid", String(wrong !== undefined));
        if (wrong === undefined) dialog.close();
      },
    },
    h("label", { for: "asked" }, label),
    input,
    fault,
    h("div", { class: "actions" }, act, h("button", { type: "button", click: () => dialog.close() }, "Close")),
  );
  const dialog = h("dialog", { "aria-labelledby": "ask-title", close }, h("h2", { id: "ask-title" }, title), h("p", {}, text), form);
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
}

function askCredential() {
  ask({
    title: "Credential",
    text: "A bearer token that read guards and tasks of journeys see with everything you do here. It is kept until the page is reloaded. Leave it empty for none.",
    label: "Token",
    button: "Use",
    take: async (token) => {
      if (/[^\x21-\x7e]/.test(token)) return "A token has visible ASCII characters only.";
      try {
        await link.use(token);
      } catch {
        return "There is no connection with this credential: the server refuses it, or cannot be reached. Nothing has changed.";
      }
      document.getElementById("credential").textContent = token === "" ? "Credential" : "Credential given";
      show();
      return undefined;
    },
  });
}

/** Says why nobody can enter, until somebody wants to try again. */
function toldAway(text) {
  return new Promise((resolve) => {
    const again = h("button", { type: "button", class: "primary", click: resolve }, "Try again");
    put(
      main,
      h(
        "div",
        { class: "panel door" },
        h("h1", {}, "Console"),
        h("p", { class: "fault", role: "alert" }, text),
        h("div", { class: "actions" }, again),
      ),
    );
    again.focus();
  });
}

/** The door, where the console has a token. */
async function entered() {
  for (;;) {
    try {
      if (await isOpen()) return;
      break;
    } catch (error) {
      await toldAway(reason(error));
    }
  }
  await new Promise((resolve) => {
    const input = h("input", { id: "token", type: "password", autocomplete: "current-password", "aria-describedby": "token-fault" });
    const fault = h("p", { class: "fault", id: "token-fault", role: "alert" });
    const enter = async (event) => {
      event.preventDefault();
      try {
        if (await open(input.value.trim())) resolve();
        else {
          fault.textContent = "This is not the token.";
          input.setAttribute("aria-invalid", "true");
        }
      } catch (error) {
        fault.textContent = reason(error);
      }
    };
    put(
      main,
      h(
        "form",
        { class: "panel door", submit: enter },
        h("h1", {}, "Console"),
        h("p", {}, "This console wants the token that its server was given."),
        h("label", { for: "token" }, "Token"),
        input,
        fault,
        h("div", { class: "actions" }, h("button", { class: "primary" }, "Enter")),
      ),
    );
    input.focus();
  });
}

document.querySelector(".skip").addEventListener("click", (event) => {
  // The address in the bar is the place; the content of the page is none.
  event.preventDefault();
  main.focus();
});
await entered();
await catalogue.load().catch(() => undefined);
runs = new Runs(document.getElementById("runs"), link);
document.getElementById("credential").addEventListener("click", askCredential);
addEventListener("hashchange", () => {
  show();
  main.focus({ preventScroll: true });
  // Where the page is one column, the content lies below what led to it.
  if (scrollY > 0 || main.getBoundingClientRect().top > innerHeight / 2) main.scrollIntoView();
});
setInterval(() => document.visibilityState === "visible" && refreshTimes(), 5_000);
link.client().catch(() => undefined);
show();
performance.mark("shown");
void runs.refresh();
