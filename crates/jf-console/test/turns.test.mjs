// What a run waits for, and who has already done it: rounds of one step, and compensations.
//
// covers: [RT-8, IDEM-9, ENG-094, WS-032]
import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./support/stage.mjs";

const stage = staged();
const note = () => document.querySelector(".step [data-name=note]")?.value;

test("RT-8 what was entered for one round is not submitted to the next, where nothing tells the rounds apart", options, async () => {
  const { server } = stage;
  const { journeyId } = await server.post("/journeys/again/start", {});
  const page = await stage.open(`#/runs/${journeyId}`);
  await page.fill("note", "for round one");
  await server.post(`/journeys/${journeyId}/steps/round`, { note: "of somebody else" });
  await page.sees("The run has come back to this step", ".steps");
  assert.equal(await page.run(note), "");
  assert.equal(await page.run(() => document.querySelectorAll(".step").length), 1);
  // What is entered from now on is for this round, and one's own submissions begin the next with an empty form.
  await page.fill("note", "for round two");
  await page.click(".step button[type=submit]");
  await page.until(() => document.querySelector(".step [data-name=note]")?.value === "");
  await page.fill("note", "stop");
  await page.click(".step button[type=submit]");
  await page.sees("succeeded", "main .badge");
  assert.deepEqual(page.complaints, []);
});

test("IDEM-9 a submission for a round that has passed is refused, even if the page has not heard of it yet", options, async () => {
  const { server } = stage;
  const { journeyId } = await server.post("/journeys/again/start", {});
  const page = await stage.open(`#/runs/${journeyId}`);
  await page.fill("note", "for round one");
  // The page draws nothing from now on.
  await page.run(() => {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (callback, ms) => (ms === 40 ? 0 : setTimeout(callback, ms));
  });
  await server.post(`/journeys/${journeyId}/steps/round`, { note: "of somebody else" });
  await page.click(".step button[type=submit]");
  await page.sees("the run has moved since this was shown", ".step .summary");
});

test("ENG-094 a compensation is linked from its run, drawn as what it is, and told where its steps are submitted", options, async () => {
  const { server } = stage;
  const { journeyId } = await server.post("/journeys/undone/start", {});
  await server.post(`/journeys/${journeyId}/steps/ask`, { reason: "so" });
  const page = await stage.open(`#/runs/${journeyId}`);
  await page.sees("BROKEN", ".outcome");
  await page.click("main a", "compensation");
  await page.sees("Compensation", "main .lead");
  await page.until(() => [...document.querySelectorAll(".graph .here > .state")].some((state) => state.dataset.address === "ask"));
  const addresses = () => [...document.querySelectorAll(".graph .state")].map((state) => state.dataset.address).sort();
  assert.deepEqual(await page.run(addresses), ["ask", "gone"], "not the states of the journey");
  const id = await page.run(() => location.hash.split("/").at(-1));
  assert.notEqual(id, journeyId);
  await page.sees(`POST /api/v1/journeys/${id}/steps/ask`, ".step");
  assert.equal(await page.run(() => document.querySelectorAll(".step form").length), 0);
  assert.equal(await page.run(() => document.querySelector("main .danger").hidden), true, "it cannot be cancelled");
  await server.post(`/journeys/${id}/steps/ask`, { ok: true });
  await page.sees("succeeded", "main .badge");
  await page.run(() => (location.hash = "#/journeys/undone"));
  await page.sees("Compensation", "main h2");
  assert.equal(await page.run(() => document.querySelectorAll("main .graph").length), 2);
  assert.deepEqual(page.complaints, []);
});

test("a busy run says once what has changed, and its trail is not read out", options, async () => {
  const { server } = stage;
  const { journeyId } = await server.post("/journeys/employee-onboarding/start", {
    name: "Ada",
    role: "engineer",
    equipment: [{ article: "laptop" }],
  });
  const page = await stage.open("");
  await page.run(() => {
    globalThis.said = [];
    new MutationObserver(() => globalThis.said.push(document.getElementById("announcements").textContent)).observe(
      document.getElementById("announcements"),
      { childList: true },
    );
  });
  await page.run((id) => (location.hash = `#/runs/${id}`), journeyId);
  await page.until(() => document.querySelectorAll(".step").length === 3);
  const forms = await page.run(() => [...document.querySelectorAll(".step form")].map((form) => form.getAttribute("aria-label")));
  assert.equal(new Set(forms).size, 3, forms.join());
  assert.equal(await page.run(() => document.querySelectorAll("main [role=log], .trail[aria-live], .scroll[aria-live]").length), 0);
  await server.post(`/journeys/${journeyId}/steps/approveAccess`, { decision: "approve", approver: "kim" });
  await server.post(`/journeys/${journeyId}/steps/delivery`, { outcome: "lost" });
  await page.until(() => document.querySelectorAll(".step").length >= 1);
  assert.ok((await page.run(() => globalThis.said)).length < 6);
});
