// The trail of a run: what a line says, and how many there are.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ASKED, KEPT, Trail, changes } from "../page/trail.js";

const status = (seq, document, more = {}) => ({
  type: "status",
  seq,
  skipped: 0,
  document: { phase: "RUNNING", updatedAt: "2026-01-02T03:04:05.000Z", activeSteps: [], ...document },
  ...more,
});

test("a line says what has changed", () => {
  const before = { activeSteps: [{ stepId: "a" }, { stepId: "b", address: "p~x~b" }], attributes: { orderId: "A-1" } };
  const after = { activeSteps: [{ stepId: "b", address: "p~x~b" }, { stepId: "c" }], attributes: { orderId: "A-1", tenantId: "t" } };
  assert.deepEqual(changes(before, after), ["c waits", "a is done", "tenantId = t"]);
  assert.deepEqual(changes(undefined, before), ["a waits", "p~x~b waits", "orderId = A-1"]);
  assert.deepEqual(changes(before, undefined), []);
});

test("statuses, gaps and outcomes are lines; bookmarks are none", () => {
  const trail = new Trail();
  trail.add(status(1, { currentState: "begin" }));
  trail.add({ type: "bookmark", cursor: { seq: 1 } });
  trail.add({ type: "gap", from: 2, to: 40, reason: "retention" });
  trail.add(status(41, { currentState: "ask", activeSteps: [{ stepId: "ask" }] }, { skipped: 2 }));
  trail.add(status(42, { phase: "FAILED", currentState: "late" }, { reply: true }));
  trail.add({
    type: "outcome",
    seq: 42,
    skipped: 0,
    at: "2026-01-02T03:04:06.000Z",
    document: { phase: "FAILED", status: "LATE", error: { reason: "nobody came" } },
  });
  assert.deepEqual(
    trail.lines.map(({ seq, kind, title, notes }) => [seq, kind, title, notes]),
    [
      [1, "status", "begin", []],
      [2, "gap", "2 to 40 are not kept", ["retention"]],
      [41, "status", "ask", ["2 earlier not told", "ask waits"]],
      [42, "failed", "LATE", ["nobody came"]],
    ],
  );
});

test("ten thousand events are as many lines as the page can carry, the newest ones", () => {
  const trail = new Trail();
  for (let seq = 1; seq <= 10_000; seq += 1) trail.add(status(seq, { currentState: `s${seq % 7}` }));
  assert.deepEqual(
    [trail.lines.length, trail.dropped, trail.lines[0].seq, trail.lines.at(-1).seq],
    [KEPT, 10_000 - KEPT, 10_001 - KEPT, 10_000],
  );
});

test("the server replays as many events as the page asks for", () => {
  const router = readFileSync(new URL("../src/router.rs", import.meta.url), "utf8");
  const told = Number(/NonZeroU32::new\(([\d_]+)\)/.exec(router)[1].replaceAll("_", ""));
  assert.ok(told > ASKED && KEPT > ASKED, "the events of the page, and some that come meanwhile");
});
