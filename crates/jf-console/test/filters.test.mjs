// What the list of runs is filtered by.
//
// covers: [HTTP-081]
import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./support/stage.mjs";

const stage = staged();

/** Starts a run of a loan; its id. */
async function loan(customerId, headers = {}) {
  const answer = await fetch(`${stage.server.api}/journeys/loan-approval/start`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ customerId, amount: 25_000, months: 48, income: 3_200 }),
  });
  return (await answer.json()).journeyId;
}

/** Waits until the runs of the list are these, newest first. */
const lists = (page, ...ids) =>
  page.until((wanted) => [...document.querySelectorAll(".runs .id")].map((id) => id.textContent).join() === wanted, ids.join());

test("runs are filtered by tag and attribute, and a reload keeps what they are filtered by", options, async () => {
  const plain = await loan("c & d");
  const tagged = await loan("c & d", { "x-channel": "branch", "x-tenant": "north" });
  const other = await loan("c-2", { "x-channel": "branch" });
  const page = await stage.open("#/journeys/loan-approval");
  await lists(page, other, tagged, plain);
  await page.click(".filters summary");
  await page.fill("Subject", "c & d", "aside");
  await page.press("Enter");
  await lists(page, tagged, plain);
  await page.fill("Tags, with commas between", " branch, ", "aside");
  await page.click(".filters button", "Filter");
  await lists(page, tagged);
  await page.sees("More filters (2)", ".filters summary");

  await page.send("Page.reload");
  await lists(page, tagged);
  assert.equal(await page.run(() => document.getElementById("filter-subjectId").value), "c & d");
  assert.equal(await page.run(() => document.getElementById("filter-tag").value), "branch");
  assert.equal(await page.run(() => document.querySelector(".filters").open), true, "what hides runs is to be seen");
  assert.equal(await page.run(() => location.hash), "#/journeys/loan-approval");

  await page.click(".phases label", "failed");
  await page.sees("No run is like that.", "#runs");
  await page.send("Page.reload");
  await page.sees("No run is like that.", "#runs");
  assert.equal(await page.run(() => document.querySelector(".phases input:checked").value), "FAILED");
  await page.click(".filters button", "Clear");
  await page.sees("None is failed.", "#runs");
  await page.click(".phases label", "all");
  await lists(page, other, tagged, plain);
  assert.equal(await page.run(() => location.search), "");
  assert.deepEqual(page.complaints, []);
});

test("what the address says of filters is shown as far as there are such, and steps back lead to it", options, async () => {
  const id = await loan("c-3", { "x-tenant": "south" });
  const page = await stage.browser.open(`${stage.server.console}?phase=nonsense&tenantId=south&pageSize=0#/`);
  await lists(page, id);
  assert.equal(await page.run(() => document.querySelector(".phases input:checked").value), "");
  await page.run(() => (location.hash = "#/journeys/loan-approval"));
  await page.sees("loan-approval", "main h1");
  await page.fill("Tenant", "nowhere", "aside");
  await page.press("Enter");
  await page.sees("No run is like that.", "#runs");
  await page.run(() => history.back());
  await lists(page, id);
  assert.equal(await page.run(() => document.getElementById("filter-tenantId").value), "south");
  assert.deepEqual(page.complaints, []);
});
