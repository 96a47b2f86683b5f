// Subscriptions: §9, §12, and what §19 says about cursors.
//
// covers: [SEQ-5]
import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionError, RequestError, WatchEndedError } from "../dist/index.js";
import { client, drained, followed } from "./support/client.mjs";
import { document, settle } from "./support/virtual.mjs";

/** A client with one watch whose subscription stands, and what it tells. */
async function watching(options = {}, { after = 0, head = 0, recovered = true, ...more } = {}) {
  const it = await client(more.options, more.greeting);
  const watch = it.client.watch("run-1", options);
  await subscribed(it.network.last, { after, head, recovered });
  return { ...it, watch, told: drained(watch) };
}

async function subscribed(socket, more = {}) {
  const { id } = socket.sent("subscribe").at(-1);
  await socket.say({ type: "subscribed", id, journeyId: "run-1", epoch: "e1", after: 0, head: 0, recovered: true, ...more });
}

async function reconnected({ time, network }) {
  await network.last.end(1006);
  await time.advance(500);
  await network.last.greet();
  return network.last.sent("hello")[0].resume;
}

const seqs = (events) => events.map((event) => event.seq ?? event.type);

for (const [name, options, members] of [
  ["the present state and what follows", {}, {}],
  ["only what follows", { from: "live" }, { replay: "none" }],
  ["from the beginning", { from: "start" }, { after: 0 }],
  ["after a cursor", { from: { epoch: "e1", seq: 4 } }, { after: 4, epoch: "e1" }],
  ["after a number", { from: { seq: 4 } }, { after: 4 }],
  ["every single outcome", { events: ["outcome"], conflate: false }, { events: ["outcome"], conflate: false }],
]) {
  test(`SUB-4 subscribe: ${name}`, async () => {
    const { client: it, network } = await client();
    it.watch("run-1", options);
    const [{ id, ...frame }] = network.last.sent("subscribe");
    assert.deepEqual(frame, { type: "subscribe", journeyId: "run-1", ...members });
  });
}

test("every kind of event, and the end after the outcome (SEQ-2, FLOW-2, SUB-6, SUB-8, SUB-10)", async () => {
  const { told, network, client: it, watch } = await watching();
  const actions = [{ type: "go" }];
  await network.last.say(document("status", 4, { snapshot: true, actions }));
  await network.last.say(document("status", 9, { skipped: 2 }));
  await network.last.say({ type: "bookmark", journeyId: "run-1", seq: 9, epoch: "e1" });
  assert.deepEqual(watch.cursor, { epoch: "e1", seq: 9 });
  await network.last.say({ type: "gap", journeyId: "run-1", epoch: "e2", from: 5, to: 41, reason: "retention" });
  await network.last.say(document("status", 2, { snapshot: true }));
  await network.last.say(document("outcome", 3, { skipped: 1, payloadOmitted: true, href: "/r", payload: undefined }));
  await network.last.say({ type: "unsubscribed", journeyId: "run-1", reason: "completed" });
  const running = { journeyId: "run-1", phase: "RUNNING" };
  const common = { journeyId: "run-1", type: "status", reply: false, document: running };
  assert.deepEqual(told.events, [
    { ...common, seq: 4, cursor: { epoch: "e1", seq: 4 }, skipped: 0, snapshot: true, actions },
    { ...common, seq: 9, cursor: { epoch: "e1", seq: 9 }, skipped: 2, snapshot: false },
    { type: "bookmark", journeyId: "run-1", cursor: { epoch: "e1", seq: 9 } },
    { type: "gap", journeyId: "run-1", from: 5, to: 41, reason: "retention" },
    { ...common, seq: 2, cursor: { epoch: "e2", seq: 2 }, skipped: 0, snapshot: true },
    { type: "outcome", journeyId: "run-1", seq: 3, cursor: { epoch: "e2", seq: 3 }, document: undefined, href: "/r", skipped: 0, snapshot: false },
  ]);
  assert.equal(told.end.state, "kept");
  assert.doesNotThrow(() => it.watch("run-1"));
});

test("SUB-5 nothing is told twice", async () => {
  const { told, network } = await watching({ from: { epoch: "e1", seq: 3 } });
  for (const seq of [2, 3, 4, 4, 3, 5]) await network.last.say(document("status", seq));
  assert.deepEqual(seqs(told.events), [4, 5]);
});

test("SUB-7 after a gap the next state counts, whatever its number", async () => {
  const { told, network } = await watching({ from: { epoch: "e1", seq: 12 } }, { recovered: false });
  await network.last.say({ type: "gap", journeyId: "run-1", epoch: "e1", from: 1, to: 7, reason: "epoch" });
  await network.last.say(document("status", 7, { snapshot: true }));
  assert.deepEqual(seqs(told.events), ["gap", 7]);
});

test("SEQ-4 numbers of another epoch are not compared", async () => {
  const { told, network } = await watching({ from: { epoch: "e0", seq: 12 } }, { recovered: false });
  await network.last.say(document("status", 3, { snapshot: true }));
  assert.deepEqual(seqs(told.events), [3]);
});

test("SUB-4 a number learns its epoch from the answer", async () => {
  const it = await watching({ from: "start" });
  assert.deepEqual(await reconnected(it), [{ journeyId: "run-1", after: 0, epoch: "e1" }]);
});

test("ORD-3 an answer without id belongs to an entry of hello, and to nothing else", async () => {
  const { client: it, network } = await client();
  const told = drained(it.watch("run-1", { from: "start" }));
  const subscribedBefore = { type: "subscribed", journeyId: "run-1", epoch: "e1", after: 4, head: 5, recovered: true };
  await network.last.say(subscribedBefore, document("status", 5), { type: "error", journeyId: "run-1", problem: { type: "about:blank" } });
  await subscribed(network.last);
  await network.last.say(document("status", 1));
  assert.deepEqual([seqs(told.events), told.end.state], [[1], "pending"]);
});

test("a subscription that waited for room is not asked for twice on the next connection", async () => {
  const it = await client({}, { limits: { maxInFlight: 1 } });
  followed(it.client.status("run-2"));
  it.client.watch("run-1");
  await it.network.last.say({ type: "goaway", reason: "drain", graceMs: 1_000, reconnectDelayMs: 10 });
  await it.time.advance(10);
  await it.network.last.greet();
  assert.deepEqual(it.network.last.sent("hello")[0].resume, [{ journeyId: "run-1" }]);
  assert.deepEqual(it.network.last.sent("subscribe"), []);
});

test("SUB-9 a new connection goes on from where everything has arrived, for every watch", async () => {
  const it = await watching({ conflate: false });
  const { network, told } = it;
  it.client.watch("run-2", { from: "live", events: ["outcome"] });
  it.client.watch("run-3");
  await network.last.say(document("status", 4));
  const [, second] = network.last.sent("subscribe");
  await network.last.say({ type: "subscribed", id: second.id, journeyId: "run-2", epoch: "e7", after: 30, head: 30, recovered: true });
  const resume = await reconnected(it);
  assert.deepEqual(resume, [
    { journeyId: "run-1", after: 4, epoch: "e1", conflate: false },
    { journeyId: "run-2", after: 30, epoch: "e7", events: ["outcome"] },
    { journeyId: "run-3" },
  ]);
  assert.deepEqual(network.last.frames.map((frame) => frame.type), ["hello", "credit"], "one round trip");
  await network.last.say(document("status", 3), document("status", 5));
  assert.deepEqual(seqs(told.events), [4], "ORD-3: nothing counts before the reply");
  await network.last.say({ type: "subscribed", journeyId: "run-1", epoch: "e1", after: 4, head: 6, recovered: true });
  await network.last.say(document("status", 4), document("status", 5), document("status", 6));
  assert.deepEqual(seqs(told.events), [4, 5, 6]);
});

test("a snapshot that was not seen is asked for again", async () => {
  const it = await watching({}, { head: 9 });
  assert.deepEqual(await reconnected(it), [{ journeyId: "run-1" }]);
});

test("SUB-6 a gap whose snapshot was lost is told again", async () => {
  const it = await watching({ from: { epoch: "e1", seq: 4 } }, { recovered: false });
  await it.network.last.say({ type: "gap", journeyId: "run-1", epoch: "e2", from: 5, to: 9, reason: "epoch" });
  assert.deepEqual(await reconnected(it), [{ journeyId: "run-1", after: 4, epoch: "e1" }]);
});

test("SEQ-5 a reply tells what will not be pushed; after one about the end the outcome still comes", async () => {
  const it = await watching({ from: { epoch: "e1", seq: 2 }, conflate: false });
  const { client: owner, network, told } = it;
  followed(owner.submit("run-1", "go", {}));
  await network.last.say(document("status", 5, { id: network.last.sent("go")[0].id, epoch: "e1", phase: "SUCCEEDED" }));
  assert.deepEqual(told.events.map(({ seq, skipped, reply, cursor }) => [seq, skipped, reply, cursor.seq]), [[5, 2, true, 4]]);
  assert.deepEqual(await reconnected(it), [{ journeyId: "run-1", after: 4, epoch: "e1", conflate: false }]);
  await network.last.say({ type: "subscribed", journeyId: "run-1", epoch: "e1", after: 4, head: 5, recovered: true });
  await network.last.say(document("outcome", 5), { type: "unsubscribed", journeyId: "run-1", reason: "completed" });
  assert.deepEqual(told.events.map((event) => event.type), ["status", "outcome"]);
  assert.equal(told.end.state, "kept");
});

test("SEQ-5 a reply with the outcome ends the watch; replies to nobody's watch do nothing", async () => {
  const { client: it, network, told } = await watching();
  followed(it.outcome("run-1"));
  followed(it.status("run-2"));
  await network.last.say({ ...document("status", 1), journeyId: "run-2", epoch: "e1", id: network.last.sent("getStatus")[0].id });
  await network.last.say(document("outcome", 5, { id: network.last.sent("getOutcome")[0].id, epoch: "e1" }));
  assert.deepEqual([seqs(told.events), told.end.state], [[5], "kept"]);
});

test("replies bring no statuses into a watch for outcomes", async () => {
  const { client: it, network, told } = await watching({ events: ["outcome"] });
  followed(it.status("run-1"));
  await network.last.say(document("status", 3, { epoch: "e1", id: network.last.sent("getStatus")[0].id }));
  assert.deepEqual(told.events, []);
});

test("FLOW-2 FLOW-3 what nobody has taken is conflated here too, the outcome never", async () => {
  const { client: it, network } = await client();
  const watch = it.watch("run-1");
  await subscribed(network.last);
  for (const frame of [document("status", 1), document("status", 2), document("status", 5, { skipped: 2 })]) await network.last.say(frame);
  await network.last.say({ type: "bookmark", journeyId: "run-1", seq: 5, epoch: "e1" }, document("status", 6), document("outcome", 7));
  const { events, end } = drained(watch);
  await settle();
  assert.deepEqual(events.map(({ type, seq, skipped }) => [type, seq, skipped]), [["status", 6, 5], ["outcome", 7, 0]]);
  assert.equal(end.state, "kept");
});

test("a gap that nobody has taken makes what lies before it worthless", async () => {
  const { client: it, network } = await client();
  const watch = it.watch("run-1");
  await subscribed(network.last);
  const gap = { type: "gap", journeyId: "run-1", epoch: "e1", from: 2, to: 8, reason: "limit" };
  await network.last.say(document("status", 1), gap, document("status", 8), gap, document("status", 9));
  const { events } = drained(watch);
  await settle();
  assert.deepEqual(seqs(events), ["gap", 9]);
});

test("the cursor of a watch is that of the last event that was taken", async () => {
  const { client: it, network } = await client();
  const watch = it.watch("run-1", { conflate: false });
  await subscribed(network.last);
  await network.last.say(document("status", 1), document("status", 2));
  assert.equal(watch.cursor, undefined);
  await watch.next();
  assert.deepEqual(watch.cursor, { epoch: "e1", seq: 1 });
});

for (const [reason, options] of [["gone"], ["limit"], ["auth-expired"]]) {
  test(`unsubscribed{${reason}} is an error`, async () => {
    const { told, network } = await watching({}, { options });
    await network.last.say({ type: "unsubscribed", journeyId: "run-1", reason });
    assert.ok(told.end.value instanceof WatchEndedError);
    assert.equal(told.end.value.reason, reason);
  });
}

test("AUTH-4 a watch that ended with its credential comes back with the next one", async () => {
  const { told, network } = await watching({}, { options: { token: () => "t" } });
  await network.last.say(document("status", 4), { type: "unsubscribed", journeyId: "run-1", reason: "auth-expired" });
  await network.last.say({ type: "authenticated", id: network.last.sent("auth")[0].id });
  const [, again] = network.last.sent("subscribe");
  assert.deepEqual([again.after, again.epoch], [4, "e1"]);
  await subscribed(network.last, { after: 4 });
  await network.last.say(document("status", 5));
  assert.deepEqual([seqs(told.events), told.end.state], [[4, 5], "pending"]);
});

test("a refused subscription is an error, one that is worth repeating is repeated", async () => {
  const it = await watching();
  const resume = await reconnected(it);
  assert.equal(resume.length, 1);
  const busy = { type: "error", journeyId: "run-1", effect: "none", retryable: true, retryAfterMs: 40, problem: { type: "urn:journeyforge:error:unavailable" } };
  await it.network.last.say(busy);
  await it.time.advance(39);
  assert.deepEqual(it.network.last.sent("subscribe"), []);
  await it.time.advance(1);
  const [again] = it.network.last.sent("subscribe");
  await it.network.last.say({ ...busy, id: again.id, retryAfterMs: undefined });
  await it.time.advance(1_000);
  const { id } = it.network.last.sent("subscribe").at(-1);
  assert.notEqual(id, again.id);
  await it.network.last.say({ ...busy, id, retryable: false, problem: { type: "urn:journeyforge:error:not-found" } });
  assert.ok(it.told.end.value instanceof RequestError);
  assert.equal(it.told.end.value.code, "not-found");
});

test("SUB-12 leaving the loop unsubscribes; a later watch of the run hears nothing of the earlier one", async () => {
  const { client: it, network } = await client();
  const first = it.watch("run-1");
  await subscribed(network.last);
  assert.throws(() => it.watch("run-1"), TypeError);
  await network.last.say(document("status", 1));
  for await (const event of first) if (event.seq === 1) break;
  assert.equal(network.last.sent("unsubscribe").length, 1);
  const second = drained(it.watch("run-1", { from: "start" }));
  await network.last.say(document("status", 2), { type: "unsubscribed", journeyId: "run-1", reason: "gone" });
  await network.last.say({ type: "unsubscribed", id: network.last.sent("unsubscribe")[0].id, journeyId: "run-1", reason: "requested" });
  await subscribed(network.last);
  await network.last.say(document("status", 1), document("status", 2));
  assert.deepEqual([seqs(second.events), second.end.state], [[1, 2], "pending"]);
});

test("a watch that is closed before it stands leaves nothing behind", async () => {
  const { client: it, network } = await client();
  const watch = it.watch("run-1");
  watch.close();
  await settle();
  assert.deepEqual(await watch.next(), { done: true, value: undefined });
  assert.deepEqual(network.last.frames.slice(1).map((frame) => frame.type).filter((type) => type !== "credit"), ["subscribe", "unsubscribe"]);
});

test("what was to be unsubscribed on a lost connection does not end a later watch of the run", async () => {
  const it = await client({}, { limits: { maxInFlight: 1 } });
  const first = it.client.watch("run-1");
  await subscribed(it.network.last);
  const reads = [it.client.status("run-1"), it.client.status("run-1")].map(followed);
  first.close();
  const second = drained(it.client.watch("run-1", { from: "start" }));
  assert.deepEqual(it.network.last.sent("unsubscribe"), [], "there is no room for it");
  assert.deepEqual(await reconnected(it), [{ journeyId: "run-1", after: 0 }]);
  await it.network.last.say({ type: "subscribed", journeyId: "run-1", epoch: "e1", after: 0, head: 1, recovered: true }, document("status", 1));
  for (const { id } of it.network.last.sent("getStatus")) await it.network.last.say(document("status", 1, { id, epoch: "e1" }));
  const types = it.network.last.frames.map((frame) => frame.type);
  assert.deepEqual(types.filter((type) => type.endsWith("subscribe")), [], types.join());
  assert.deepEqual([seqs(second.events), reads[0].state], [[1], "kept"]);
});

test("watch.outcome() waits for the end", async () => {
  const { client: it, network } = await client();
  const outcome = followed(it.watch("run-1", { events: ["outcome"] }).outcome());
  await subscribed(network.last);
  await network.last.say(document("outcome", 7));
  assert.equal(outcome.value.document.phase, "SUCCEEDED");
  const watch = it.watch("run-1");
  const never = followed(watch.outcome());
  watch.close();
  await settle();
  assert.ok(never.value instanceof ConnectionError);
});

test("the end of the client ends watches: quietly by its own wish, else with the reason", async () => {
  const own = await watching();
  own.client.close();
  await settle();
  assert.equal(own.told.end.state, "kept");
  const other = await watching();
  await other.network.last.end(4403, "forbidden");
  assert.equal(other.told.end.value.code, 4403);
  const late = drained(other.client.watch("run-2"));
  await settle();
  assert.ok(late.end.value instanceof ConnectionError);
});

test("FLOW-7 credit for what there is room for, given back in portions", async () => {
  const { client: it, network } = await client({ window: 4 });
  assert.deepEqual(network.last.sent("credit"), [], "not before there is something to push");
  const watch = it.watch("run-1", { conflate: false });
  await subscribed(network.last);
  const granted = () => network.last.sent("credit").map((frame) => frame.n);
  assert.deepEqual(granted(), [4]);
  for (const seq of [1, 2, 3, 4]) await network.last.say(document("status", seq));
  assert.deepEqual(granted(), [4], "nobody has taken anything");
  await watch.next();
  assert.deepEqual(granted(), [4]);
  await watch.next();
  assert.deepEqual(granted(), [4, 2]);
  watch.close();
  it.watch("run-2");
  assert.deepEqual(granted(), [4, 2, 2], "what is dropped takes no room");
});

test("FLOW-7 conflated watches take no room, and neither window 0 nor a server without the feature uses credit", async () => {
  const { network } = await watching({}, { options: { window: 2 } });
  for (const seq of [1, 2, 3, 4]) await network.last.say(document("status", seq));
  assert.equal(network.last.sent("credit").reduce((sum, frame) => sum + frame.n, 0), 6);
  for (const more of [{ options: { window: 0 } }, { greeting: { features: [] } }]) {
    const none = await watching({}, more);
    assert.deepEqual(none.network.last.sent("credit"), []);
  }
});

test("IDLE-2 a resume list that does not fit into the first message is finished afterwards", async () => {
  const it = await client({ token: "t" }, { auth: { required: true } });
  for (let n = 0; n < 300; n += 1) it.client.watch(`run-${n}-${"x".repeat(100)}`);
  await it.network.last.end(1006);
  await it.time.advance(500);
  await it.network.last.greet({ auth: { required: true } });
  const [hello] = it.network.last.sent("hello");
  assert.ok(JSON.stringify(hello).length <= 16_384);
  await it.time.advance(1);
  const asked = [...hello.resume, ...it.network.last.sent("subscribe")].map((entry) => entry.journeyId);
  assert.equal(new Set(asked).size, asked.length);
  assert.equal(asked.length, hello.resume.length + 32, "the others wait for their turn");
});

test("DRAIN-3 a watch moves without a hole and without a repetition", async () => {
  const it = await watching();
  const [old] = it.network.sockets;
  await old.say(document("status", 1), { type: "goaway", reason: "drain", graceMs: 1_000, reconnectDelayMs: 10 }, document("status", 2));
  await it.time.advance(10);
  const next = it.network.last;
  await next.greet();
  assert.deepEqual(next.sent("hello")[0].resume, [{ journeyId: "run-1", after: 2, epoch: "e1" }]);
  assert.equal(old.closedWith, 1000);
  await next.say({ type: "subscribed", journeyId: "run-1", epoch: "e1", after: 2, head: 4, recovered: true });
  await next.say(document("status", 4, { skipped: 1 }));
  assert.deepEqual(seqs(it.told.events), [1, 2, 4]);
});

test("DRAIN-3 what the old connection says of a watch that has moved is nothing", async () => {
  const it = await watching();
  const [old] = it.network.sockets;
  const late = drained(it.client.watch("run-2"));
  followed(it.client.status("run-9"));
  await old.say({ type: "goaway", reason: "drain", graceMs: 1_000, reconnectDelayMs: 10 });
  await it.time.advance(10);
  const next = it.network.last;
  await next.greet();
  assert.equal(old.closedWith, undefined, "it still has a request");
  await next.say({ type: "subscribed", journeyId: "run-1", epoch: "e1", after: 0, head: 0, recovered: true });
  await old.say({ type: "unsubscribed", journeyId: "run-1", reason: "gone" });
  await old.say({ type: "subscribed", id: old.sent("subscribe")[1].id, journeyId: "run-2", epoch: "e1", after: 0, head: 0, recovered: true });
  await next.say({ type: "error", journeyId: "run-2", effect: "none", retryable: false, problem: { type: "urn:journeyforge:error:not-found" } });
  await next.say(document("status", 1));
  assert.deepEqual([seqs(it.told.events), it.told.end.state], [[1], "pending"]);
  assert.equal(late.end.value.code, "not-found");
});

test("bookmarks that nobody takes do not pile up: the newest says it all", async () => {
  const { client: it, network } = await client();
  const watch = it.watch("run-1", { from: "live" });
  await settle();
  await network.last.say({ type: "subscribed", id: network.last.sent("subscribe")[0].id, journeyId: "run-1", epoch: "e1", after: 1, head: 1 });
  for (let seq = 2; seq < 1_000; seq += 1) network.last.onmessage({ data: JSON.stringify({ type: "bookmark", journeyId: "run-1", seq, epoch: "e1" }) });
  assert.deepEqual((await watch.next()).value, { type: "bookmark", journeyId: "run-1", cursor: { epoch: "e1", seq: 999 } });
  const next = followed(watch.next());
  await settle();
  assert.equal(next.state, "pending");
});
