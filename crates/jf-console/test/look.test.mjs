// How the page looks where others choose its colours and its width, and how soon it is there.
import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./support/stage.mjs";

const stage = staged();
/** From the navigation until the journeys are shown, on a machine that has other things to do. */
const BOUND_MS = 2_000;

/** The colours that a system has chosen, as the page gets them. */
const system = (page) =>
  page.run(() => {
    const probe = document.createElement("p");
    document.body.append(probe);
    const colours = ["Canvas", "CanvasText", "Highlight", "HighlightText"].map((name) => {
      probe.style.setProperty("forced-color-adjust", "none");
      probe.style.setProperty("color", name);
      return [name, getComputedStyle(probe).color];
    });
    probe.remove();
    return Object.fromEntries(colours);
  });

test("with forced colours, what is chosen and where a run is can be told", options, async () => {
  const { server } = stage;
  const { journeyId } = await server.post("/journeys/again/start", {});
  const ended = await server.post("/journeys/again/start", {});
  await server.post(`/journeys/${ended.journeyId}/steps/round`, { note: "stop" });
  for (const scheme of ["light", "dark"]) {
    const features = [
      ["forced-colors", "active"],
      ["prefers-color-scheme", scheme],
    ];
    const page = await stage.open(`#/runs/${journeyId}`, { features });
    await page.until(() => document.querySelector(".graph .here"));
    const { Canvas, CanvasText, Highlight, HighlightText } = await system(page);
    assert.equal(new Set([Canvas, CanvasText, Highlight]).size, 3, "the colours of the system differ");
    const style = (selector, ...names) =>
      page.run(
        (wanted, all) => {
          const style = getComputedStyle(document.querySelector(wanted));
          return all.map((name) => style.getPropertyValue(name));
        },
        selector,
        names,
      );
    assert.deepEqual(await style(".phases input:checked + label", "background-color", "color"), [Highlight, HighlightText], scheme);
    assert.notDeepEqual(await style(".phases input:not(:checked) + label", "background-color"), [Highlight], scheme);
    assert.deepEqual(await style(".runs a:not([aria-current])", "border-left-color"), [Canvas], scheme);
    assert.deepEqual(await style(".runs a[aria-current]", "background-color"), [Highlight], scheme);
    assert.deepEqual(await style(".graph .here > .state .box", "fill", "stroke"), [Canvas, Highlight], scheme);
    assert.deepEqual(await style(".graph .here > .state .name", "fill"), [CanvasText], scheme);
    assert.deepEqual(await style(".graph .here > .state .sign", "stroke"), [CanvasText], scheme);
    await page.run((id) => (location.hash = `#/runs/${id}`), ended.journeyId);
    await page.sees("succeeded", "main .badge");
    await page.until(() => document.querySelector(".graph .succeed.here"));
    assert.deepEqual(await style(".graph .succeed.here > .state .box", "fill", "stroke"), [Canvas, Highlight], scheme);
    assert.deepEqual(await style(".graph .succeed.here > .state .name", "fill"), [CanvasText], scheme);
  }
});

test("the runs are in reach, however many journeys there are, and a view begins at its top", options, async () => {
  for (const [width, height] of [
    [1440, 900],
    [360, 740],
  ]) {
    const page = await stage.open("", { width, height });
    await page.until(() => document.querySelectorAll("nav li").length > 5);
    await page.run(() => {
      const list = document.querySelector("nav ul");
      for (let count = 0; count < 120; count += 1) list.append(list.lastElementChild.cloneNode(true));
    });
    const top = await page.run(() => document.querySelector("#runs h2").getBoundingClientRect().top);
    assert.ok(top < height * 0.6, `the runs begin at ${top} of ${height}`);
    const spills = () => [...document.querySelectorAll(".phases label")].filter((label) => label.scrollWidth > label.clientWidth).length;
    assert.equal(await page.run(spills), 0, `${width}`);
    await page.run(() => (location.hash = "#/journeys/employee-onboarding"));
    await page.sees("employee-onboarding", "main h1");
    const isShown = () => {
      const [field, start] = [".canvas", ".graph .state"].map((selector) => document.querySelector(selector).getBoundingClientRect());
      return start.left >= field.left - 1 && start.right <= field.right + 1;
    };
    await page.until(isShown);
    await page.run(() => (document.querySelector("main").scrollTop = 500));
    await page.run(() => (location.hash = "#/journeys/forms"));
    await page.sees("forms", "main h1");
    assert.equal(await page.run(() => document.querySelector("main").scrollTop), 0);
    assert.ok(await page.run(() => document.querySelector("main h1").getBoundingClientRect().top < innerHeight), "the title is to be seen");
  }
});

test("the journeys are there before anybody waits for them", options, async (t) => {
  const times = [];
  for (let count = 0; count < 5; count += 1) {
    const page = await stage.browser.open(stage.server.console);
    await page.sees("loan-approval", ".cards");
    times.push(await page.run(() => performance.getEntriesByName("shown")[0].startTime));
  }
  times.sort((one, other) => one - other);
  t.diagnostic(`from the navigation to the list of journeys: ${times.map((time) => Math.round(time)).join(", ")} ms`);
  assert.ok(times[2] < BOUND_MS, `${times.join(", ")} ms`);
});
