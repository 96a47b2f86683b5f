// Connections that are lost at every point of a conversation: no event is missed, none is told twice, no command is carried out twice.
//
// covers: [DRAIN-3, IDEM-1]
import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "../dist/index.js";
import { drained, followed } from "./support/client.mjs";
import { Model } from "./support/model.mjs";
import { VirtualTime } from "./support/virtual.mjs";

const RUNS = ["a", "b"];
/** Numbers of the log of a finished run: created, two events for each of two steps, the outcome. */
const LOG = [1, 2, 3, 4, 5, 6];

/** Two clients: one drives two runs, and watches them too; one only watches. Each message of `lost` takes its connection along. */
async function conversation(lost, disturb = () => undefined) {
  const time = new VirtualTime();
  const model = new Model(time);
  model.lost = new Set(lost);
  let draw = 7;
  time.random = () => (draw = (draw * 16_807) % 2_147_483_647) / 2_147_483_647;
  const options = { WebSocket: model.WebSocket, runtime: time.runtime, retry: { firstAttempts: 9 } };
  const [driver, watcher] = await within(time, Promise.all([connect("ws://x", options), connect("ws://x", options)]));

  const drive = async (name) => {
    const accepted = [];
    const { journeyId } = await driver.start("begin", { name }, { onAccepted: (id) => accepted.push(id) });
    const every = drained(watcher.watch(journeyId, { from: "start", conflate: false }));
    const newest = drained(driver.watch(journeyId, { from: "start" }));
    // In one go: their order is that of the calls (ORD-1).
    const replies = await Promise.all([1, 2, 3].map((n) => driver.submit(journeyId, "go", { n })));
    await Promise.all([every.end.promise, newest.end.promise]);
    return { journeyId, accepted, every: every.events, newest: newest.events, replies };
  };
  const all = Promise.all(RUNS.map(drive));
  disturb({ model, time });
  const runs = await within(time, all);
  driver.close();
  watcher.close();
  return { runs, model };
}

/** What a promise comes to, in at most so much virtual time. */
async function within(time, promise, ms = 600_000) {
  const follow = followed(promise);
  for (let waited = 0; follow.state === "pending" && waited < ms; waited += 250) await time.advance(250);
  if (follow.state === "broken") throw follow.value;
  assert.equal(follow.state, "kept", "it comes to an end");
  return follow.value;
}

function judge({ runs, model }, what) {
  assert.deepEqual(model.complaints, [], what);
  assert.equal(model.connections, 0, `${what}: no connection is left`);
  for (const [index, { journeyId, accepted, every, newest, replies }] of runs.entries()) {
    const effects = model.effects.filter(([run]) => run === journeyId).map(([, effect]) => effect);
    assert.deepEqual(effects, [RUNS[index], 1, 2, 3], `${what}: every command once, in order`);
    assert.ok(accepted.length <= 1, `${what}: accepted at most once`);
    assert.deepEqual(every.map((event) => event.seq), LOG, `${what}: every event once, in order`);
    assert.deepEqual(every.map((event) => event.type), [...Array(5).fill("status"), "outcome"], what);
    assert.ok(every.every((event) => event.skipped === 0), `${what}: nothing was left out`);
    const numbers = newest.map((event) => event.seq);
    const rising = numbers.every((seq, at) => at === 0 || seq > numbers[at - 1] || (seq === 6 && newest[at].type === "outcome"));
    assert.ok(rising, `${what}: rising, ${numbers}`);
    assert.deepEqual([newest.at(-1).type, newest.filter((event) => event.type === "outcome").length], ["outcome", 1], what);
    assert.equal(replies.length, 3);
  }
  assert.equal(model.runs.size, RUNS.length, `${what}: no run too many`);
}

test("the conversation without losses", async () => {
  const quiet = await conversation([]);
  judge(quiet, "quiet");
  for (const { newest } of quiet.runs) {
    let known = 0;
    for (const event of newest) {
      const same = event.type === "outcome" && event.seq === known;
      if (!same) assert.equal(event.skipped, event.seq - known - 1, "FLOW-2: skipped and delivered make up the log");
      known = event.seq;
    }
  }
});

test("§19 a connection is lost with any one message", async () => {
  let points = 0;
  for (; ; points += 1) {
    const result = await conversation([points]);
    judge(result, `message ${points}`);
    if (result.model.messages <= points) break;
  }
  assert.ok(points > 50, `${points} points`);
});

test("§19 a connection is lost, and the next one as well", async () => {
  for (let first = 0; first < 70; first += 3) {
    for (const gap of [1, 2, 3, 5, 8, 13]) judge(await conversation([first, first + gap]), `messages ${first} and ${first + gap}`);
  }
});

test("§19 connections are lost again and again", async () => {
  for (let every = 7; every < 23; every += 1) {
    judge(await conversation(Array.from({ length: 12 }, (_, n) => n * every + (every % 5))), `every ${every}`);
  }
});

test("DRAIN-3 goaway at any time moves everything without a trace", async () => {
  for (let at = 0; at < 80; at += 3) {
    const drain = ({ model, time }) => time.runtime.setTimeout(() => model.drain(40), at);
    judge(await conversation([], drain), `goaway after ${at} ms`);
    judge(await conversation([30], drain), `goaway after ${at} ms and a loss`);
  }
});
