// A server that is away for a while, and browsers that keep nothing.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Server } from "./support/server.mjs";
import { options, staged } from "./support/stage.mjs";

const stage = staged();

/** Ends the server, and waits until the pages have noticed. */
async function away(...pages) {
  await stage.server.kill();
  for (const page of pages) await page.until(() => document.getElementById("connection").textContent !== "live");
}

test("what waits for the connection says so, is given up by leaving, and calls nobody away", options, async () => {
  const { server } = stage;
  const page = await stage.open("#/journeys/rounds");
  await page.fill("Payload as JSON", "{}");
  await away(page);
  await page.click("main button", "Start a run");
  await page.sees("Waiting for the connection", "main form");
  await page.run(() => (location.hash = "#/journeys/forms"));
  await page.fill("name", "typing something");
  await server.start();
  await page.sees("live", "#connection");
  await page.sees("forms", "main h1");
  assert.equal(await page.run(() => document.querySelector("main [data-name=name]").value), "typing something");
  // Whatever waited for the connection has been sent by the time something new is answered.
  await page.click("main button", "Start a run");
  await page.sees("ask", ".steps");
  const started = await (await fetch(`${server.api}/journeys?journeyName=rounds`)).json();
  assert.deepEqual(started.items, [], "what was given up was not sent");
});

test("a start that is answered late is told of where somebody is by then", options, async () => {
  const page = await stage.open("#/journeys/rounds");
  await page.fill("Payload as JSON", "{}");
  // The command is on its way for as long as it takes to go elsewhere.
  await page.run(() => {
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (text) {
      if (!text.includes('"type":"start"')) return send.call(this, text);
      setTimeout(() => send.call(this, text), 1_000);
      location.hash = "#/journeys/forms";
      return undefined;
    };
  });
  await page.click("main button", "Start a run");
  await page.sees("forms", "main h1");
  await page.fill("name", "typing something");
  await page.sees("A run of rounds was started", "#notices");
  assert.equal(await page.run(() => location.hash), "#/journeys/forms");
  assert.equal(await page.run(() => document.querySelector("main [data-name=name]").value), "typing something");
  await page.click("#notices a", "see it");
  await page.sees("round", ".steps");
  assert.equal(await page.run(() => document.getElementById("notices").childElementCount), 0);
});

test("a run that is opened while the server is away is shown when it is back", options, async () => {
  const { server } = stage;
  const { journeyId } = await server.post("/journeys/again/start", {});
  const page = await stage.open();
  await away(page);
  await page.run((id) => (location.hash = `#/runs/${id}`), journeyId);
  await page.sees("cannot be reached", ".notice");
  await server.start();
  await page.sees("round", ".steps");
  assert.equal(await page.run(() => document.querySelector(".notice")?.checkVisibility() ?? false), false);
});

test("definitions that could not be read do not make a run one of a version that is gone", options, async () => {
  const { server } = stage;
  const { journeyId } = await server.post("/journeys/again/start", {});
  const page = await stage.browser.open("about:blank");
  // The first reading fails; after that there is nothing wrong.
  const source = `{ const { fetch } = globalThis; let first = true;
    globalThis.fetch = (path, ...rest) => path === "/catalogue" && first ? ((first = false), Promise.reject(new TypeError("away"))) : fetch(path, ...rest); }`;
  await page.send("Page.addScriptToEvaluateOnNewDocument", { source });
  await page.send("Page.navigate", { url: `${server.console}#/runs/${journeyId}` });
  await page.sees("round", ".steps");
  await page.sees("again", "nav");
});

test("a browser that keeps nothing for pages can enter, with a token and without", options, async (t) => {
  const source = `Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("denied", "SecurityError"); } })`;
  const enter = async (url) => {
    const page = await stage.browser.open("about:blank");
    await page.send("Page.addScriptToEvaluateOnNewDocument", { source });
    await page.send("Page.navigate", { url });
    return page;
  };
  const plain = await enter(stage.server.console);
  await plain.sees("live", "#connection");
  const locked = await Server.start({ config: { console: { tokenFile: "token" } } });
  t.after(() => locked.close());
  const page = await enter(locked.console);
  await page.fill("Token", Server.TOKEN);
  await page.click("main button", "Enter");
  await page.sees("live", "#connection");
  await page.sees("loan-approval", "nav");
  assert.deepEqual(page.complaints, []);
});
