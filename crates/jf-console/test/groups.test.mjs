// Objects and lists in a form, in a page.
import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./support/stage.mjs";

const stage = staged();

/** What the form would send. */
async function payload(page) {
  await page.click("main button", "Edit as JSON");
  const text = await page.run(() => document.querySelector("main textarea").value);
  await page.click("main button", "Edit in a form");
  return JSON.parse(text);
}

test("an object that may be left out is, unless something was entered in it", options, async () => {
  const page = await stage.open("#/journeys/forms");
  await page.fill("name", "Ada");
  assert.deepEqual(await payload(page), { name: "Ada" });
  // What was given is given with all that belongs to it, and what it lacks is missing.
  await page.fill("number", "4711");
  assert.deepEqual(await payload(page), { name: "Ada", payment: { kind: "card", number: "4711" } });
  await page.fill("country", "BE");
  await page.click("main button", "Start a run");
  await page.sees("home/street must be given", ".summary");
  await page.fill("country", "NL");
  await page.fill("number", "");
  assert.deepEqual(await payload(page), { name: "Ada" }, "what was cleared is not given");
  await page.click("main button", "Start a run");
  await page.sees("ask", ".steps");
  assert.deepEqual(page.complaints, []);
});

test("what is given as JSON and looks like nothing in the form stays JSON", options, async () => {
  const page = await stage.open("#/journeys/forms");
  await page.click("main button", "Edit as JSON");
  await page.fill("Payload as JSON", '{ "name": "Ada", "address": { "street": "" } }');
  await page.click("main button", "Edit in a form");
  await page.sees("This stays JSON", ".summary");
  await page.sees("address has no place in the form", ".summary");
});

test("items are numbered as they stand, and faults lead to the item they are about", options, async () => {
  const page = await stage.open("#/journeys/forms");
  for (const text of ["one", "two", "three"]) {
    await page.click("main button", "Add to list");
    await page.type(text);
  }
  await page.click('.fields > .field > .field.array [aria-label="Remove Item 1"]');
  await page.click("main button", "Add to list");
  const labels = () => page.run(() => [...document.querySelectorAll(".fields > .field > .field.array .items label")].map((label) => label.firstChild.data));
  assert.deepEqual(await labels(), ["Item 1", "Item 2", "Item 3"]);
  const removals = await page.run(() => [...document.querySelectorAll(".fields > .field > .field.array .items button")].map((button) => button.ariaLabel));
  assert.deepEqual(removals, ["Remove Item 1", "Remove Item 2", "Remove Item 3"]);
});
