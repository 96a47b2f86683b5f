// Which round of a step is being filled in.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Rounds } from "../page/rounds.js";

const step = (address, dueAt) => ({ stepId: address.split("~").at(-1), ...(address.includes("~") && { address }), ...(dueAt && { dueAt }) });
const status = (...activeSteps) => ({ phase: "RUNNING", activeSteps });
const ended = { phase: "SUCCEEDED", activeSteps: [] };

/** Which of the steps are others after the statuses than after the first one, and of which that is not known. */
function after(first, ...others) {
  const rounds = new Rounds();
  rounds.add(first);
  const keys = new Map(first.activeSteps.map((one) => [one.address ?? one.stepId, rounds.key(one)]));
  for (const other of others) rounds.add(...[other].flat());
  const last = [others.at(-1)].flat()[0];
  const renewed = last.activeSteps.filter((one) => keys.get(one.address ?? one.stepId) !== rounds.key(one)).map((one) => one.stepId);
  return { renewed, unsure: [...rounds.unsure] };
}

test("RT-8 the only step, without a due time, is another one with every event", () => {
  assert.deepEqual(after(status(step("a")), status(step("a"))), { renewed: ["a"], unsure: [] });
  assert.deepEqual(after(status(step("a", "1")), status(step("a", "1"))).renewed, [], "a due time tells");
  assert.deepEqual(after(status(step("a", "1")), status(step("a", "2"))).renewed, ["a"]);
  assert.deepEqual(after(status(step("a")), [status(step("a")), true]).renewed, [], "the reply to what was submitted here is known");
});

test("an event that is about another step leaves a step what it was", () => {
  const [a, b] = [step("p~x~a"), step("p~y~b")];
  assert.deepEqual(after(status(a, b), status(a)), { renewed: [], unsure: [] }, "b is done");
  assert.deepEqual(after(status(a), status(a, b)), { renewed: ["b"], unsure: [] }, "b has come");
  assert.deepEqual(after(status(a, step("p~y~b", "1")), status(a, step("p~y~b", "2"))).renewed, ["b"], "b waits anew");
  assert.deepEqual(after(status(a, step("p~y~b", "1")), status(a, step("p~y~b", "1"))).renewed, ["a"], "b is told by its due time");
});

test("where an event may be about several steps, nobody claims to know", () => {
  const [a, b] = [step("p~x~a"), step("p~y~b")];
  assert.deepEqual(after(status(a, b), status(a, b)), { renewed: [], unsure: ["p~x~a", "p~y~b"] });
  assert.deepEqual(after(status(a, b), status(a, b), status(a)), { renewed: [], unsure: ["p~x~a"] }, "and does not learn it from the next");
  assert.deepEqual(after(status(a, b), status(a, b), ended), { renewed: [], unsure: [] });
});

test("after missing events every step may be another one", () => {
  const rounds = new Rounds();
  rounds.add(status(step("a"), step("b", "1")));
  const before = [rounds.key(step("a")), rounds.key(step("b", "1"))];
  rounds.gap();
  assert.ok(before[0] !== rounds.key(step("a")) && before[1] !== rounds.key(step("b", "1")));
});
