// The page as files, and the parts of it that need no browser.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { clock } from "../page/dom.js";

/** What the page may weigh, as it lies there. It comes without being packed, from the machine itself or from one nearby. */
const MOST_BYTES = 256 * 1024;

test("the page has a weight that nobody waits for", () => {
  const folder = join(import.meta.dirname, "../page");
  const files = readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)));
  const bytes = files.filter((file) => file.isFile()).reduce((sum, { size }) => sum + size, 0);
  assert.ok(bytes > 100 * 1024 && bytes < MOST_BYTES, `${bytes} bytes`);
});

test("a day begins at 0 o'clock, not at 24", () => {
  assert.match(clock(new Date(2026, 0, 2, 0, 5, 6, 7)), /^0?0\D05\D06\D007$/);
  assert.match(clock(new Date(2026, 0, 2, 23, 5)), /^23\D/);
  assert.equal(clock("soon"), "soon");
});

test("every module is asked for at once, and none that is not imported", () => {
  const folder = join(import.meta.dirname, "../page");
  const reached = new Set();
  const follow = (name) => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const [, target] of readFileSync(join(folder, name), "utf8").matchAll(/^(?:import|export|\}).*? from "(\.[^"]+)";/gm)) follow(join(name, "..", target));
  };
  follow("main.js");
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const preloaded = [...html.matchAll(/rel="modulepreload" href="\/([^"]+)"/g)].map(([, name]) => name);
  assert.deepEqual(preloaded.sort(), [...reached].filter((name) => name !== "main.js").sort());
});
