// Requests and their replies: §7, §8, §11, and what §19 says about repeating them.
//
// covers: [ORD-4, IDEM-1]
import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionError, LostReplyError, RequestError } from "../dist/index.js";
import { client, followed } from "./support/client.mjs";
import { document, settle } from "./support/virtual.mjs";

/** The frame without what differs from call to call. */
const bare = ({ id, ...frame }) => frame;

/** Replies to the last request of a type. */
async function reply(socket, type, frame) {
  await socket.say({ epoch: "e1", ...frame, id: socket.sent(type).at(-1).id });
}

test("OP-2 a start is answered with started, status or outcome", async () => {
  const { client: it, network } = await client();
  const start = () => followed(it.start("begin", { a: 1 }));
  const started = start();
  await settle();
  assert.deepEqual(bare(network.last.frames.at(-1)), { type: "begin", payload: { a: 1 }, key: "key-0000000000001" });
  await reply(network.last, "begin", { type: "started", journeyId: "run-1", seq: 1, subscribed: false, payload: { journeyId: "run-1" } });
  assert.deepEqual(started.value, {
    type: "started", journeyId: "run-1", seq: 1, cursor: { epoch: "e1", seq: 1 }, document: { journeyId: "run-1" }, replayed: false,
  });

  const waiting = start();
  const actions = [{ type: "go", stepId: "gate" }];
  await reply(network.last, "begin", document("status", 2, { actions, stepId: "gate", replayed: true }));
  assert.deepEqual(waiting.value, {
    type: "status", journeyId: "run-1", seq: 2, cursor: { epoch: "e1", seq: 2 }, document: { journeyId: "run-1", phase: "RUNNING" },
    replayed: true, stepId: "gate", actions,
  });

  const ended = start();
  await reply(network.last, "begin", document("outcome", 3));
  assert.deepEqual([ended.value.type, ended.value.document.phase, ended.value.cursor], ["outcome", "SUCCEEDED", { epoch: "e1", seq: 3 }]);
});

test("every member of a command goes into its frame", async () => {
  const { client: it, network } = await client();
  const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  void it.start("begin", {}, { journeyName: "loans", key: "k".repeat(16), trace, onAccepted: () => undefined });
  void it.submit("run-1", "go", null, { stepId: "gate", ifSeq: { epoch: "e1", seq: 4 }, key: false });
  void it.submit("run-1", "go", undefined, { ifSeq: 4 });
  void it.cancel("run-1", { ifSeq: 4, key: "l".repeat(16) });
  void it.status("run-1");
  void it.outcome("run-1");
  assert.deepEqual(network.last.frames.slice(1).map(bare), [
    { type: "begin", journeyName: "loans", payload: {}, ack: true, key: "k".repeat(16), trace },
    { type: "go", journeyId: "run-1", stepId: "gate", ifSeq: 4, epoch: "e1", payload: null },
    { type: "go", journeyId: "run-1", ifSeq: 4, payload: null, key: "key-0000000000001" },
    { type: "cancel", journeyId: "run-1", ifSeq: 4, key: "l".repeat(16) },
    { type: "getStatus", journeyId: "run-1" },
    { type: "getOutcome", journeyId: "run-1" },
  ]);
  const ids = network.last.frames.map((frame) => frame.id);
  assert.equal(new Set(ids).size, ids.length, "ORD-2");
  it.closed.then(() => undefined);
});

test("OP-3 ORD-4 accepted comes before the reply and is not one", async () => {
  const { client: it, network } = await client();
  const told = [];
  const start = followed(it.start("begin", {}, { onAccepted: (journeyId) => told.push(journeyId) }));
  await reply(network.last, "begin", { type: "accepted", journeyId: "run-1", seq: 1 });
  assert.deepEqual([told, start.state], [["run-1"], "pending"]);
  await reply(network.last, "begin", document("outcome", 3));
  assert.equal(start.value.type, "outcome");
});

test("SEQ-5 the cursor of a reply that tells of the end leaves the outcome to come", async () => {
  const { client: it, network } = await client();
  const cancelled = followed(it.cancel("run-1"));
  await reply(network.last, "cancel", document("status", 4, { phase: "FAILED" }));
  assert.deepEqual([cancelled.value.seq, cancelled.value.cursor.seq], [4, 3]);
  const omitted = followed(it.status("run-1"));
  await reply(network.last, "getStatus", { ...document("status", 4), payload: undefined, payloadOmitted: true, href: "/r" });
  assert.deepEqual([omitted.value.document, omitted.value.href, omitted.value.cursor.seq], [undefined, "/r", 3]);
  const repeated = followed(it.start("begin", {}));
  await reply(network.last, "begin", { ...document("started", 4), replayed: true });
  assert.equal(repeated.value.cursor.seq, 3, "ENG-053: its run may have ended");
});

test("ERR-1 to ERR-3, IDEM-10 a refusal is a typed error and disturbs nothing else", async () => {
  const { client: it, network } = await client();
  const bad = followed(it.submit("run-1", "go", { decision: "maybe" }));
  const good = followed(it.status("run-1"));
  const errors = [{ pointer: "/decision", keyword: "enum", detail: "must be one of approve, decline" }];
  const problem = { type: "urn:journeyforge:error:invalid-input", title: "Invalid Input", status: 400, detail: "no", errors };
  await reply(network.last, "go", { type: "error", journeyId: "run-1", effect: "none", retryable: false, retryAfterMs: 20, problem });
  assert.ok(bad.value instanceof RequestError);
  const { code, effect, retryable, retryAfterMs, journeyId, message } = bad.value;
  assert.deepEqual([code, effect, retryable, retryAfterMs, journeyId, message], ["invalid-input", "none", false, 20, "run-1", "no"]);
  assert.deepEqual(bad.value.problem.errors, errors);
  await reply(network.last, "getStatus", document("status", 2));
  assert.equal(good.state, "kept");
  const odd = followed(it.status("run-1"));
  await reply(network.last, "getStatus", { type: "error" });
  assert.deepEqual([odd.value.code, odd.value.effect], ["about:blank", "unknown"]);
});

test("§19 after a lost connection the same bytes go again: with a key, and reads; in their order, before anything new", async () => {
  const { client: it, time, network } = await client();
  const [first] = network.sockets;
  const all = [it.submit("run-1", "go", { n: 1 }), it.status("run-1"), it.submit("run-1", "go", { n: 2 }), it.outcome("run-1")].map(followed);
  await first.end(1006);
  all.push(followed(it.submit("run-1", "go", { n: 3 })));
  await time.advance(500);
  const second = network.last;
  await second.greet();
  const sent = second.texts.filter((text) => !text.includes('"~hello"') && !text.includes('"credit"'));
  assert.deepEqual(sent.slice(0, 4), first.texts.slice(1));
  assert.equal(sent.length, 5);
  assert.equal(JSON.parse(sent[4]).payload.n, 3);
  await first.say({ ...document("status", 9), epoch: "e1", id: first.sent("go")[0].id });
  assert.equal(all[0].state, "pending", "the old connection has nothing to say any more");
  await second.say({ ...document("status", 2, { replayed: true }), epoch: "e1", id: second.sent("go")[0].id });
  assert.deepEqual([all[0].state, all[0].value.replayed], ["kept", true]);
});

test("IDEM-1 a command without key or ifSeq is never repeated; the state is read instead", async () => {
  const { client: it, time, network } = await client();
  const step = followed(it.submit("run-1", "go", {}, { key: false }));
  const accepted = followed(it.start("begin", {}, { key: false, onAccepted: () => undefined }));
  const start = followed(it.start("begin2", {}, { key: false }));
  await reply(network.last, "begin", { type: "accepted", journeyId: "run-2", seq: 1 });
  await network.last.end(1006);
  assert.ok(start.value instanceof LostReplyError, "nobody knows what run it would be");
  assert.deepEqual([start.value.effect, start.value.journeyId, start.value.status], ["unknown", undefined, undefined]);
  await time.advance(500);
  const second = network.last;
  await second.greet();
  assert.deepEqual([second.sent("go"), second.sent("begin"), second.sent("begin2")], [[], [], []]);
  const [read, other] = second.sent("getStatus");
  assert.deepEqual([read.journeyId, other.journeyId], ["run-1", "run-2"]);
  await second.say({ ...document("status", 5), epoch: "e1", id: read.id });
  assert.ok(step.value instanceof LostReplyError);
  assert.deepEqual([step.value.journeyId, step.value.status.seq], ["run-1", 5]);
  await second.say({ type: "error", id: other.id, problem: { type: "urn:journeyforge:error:not-found" } });
  assert.deepEqual([accepted.value.journeyId, accepted.value.status], ["run-2", undefined]);
});

test("IDEM-9 a command with ifSeq alone is repeated; a failed precondition says then that the first may have been applied", async () => {
  const { client: it, time, network } = await client();
  const mismatch = { type: "error", effect: "none", retryable: false, problem: { type: "urn:journeyforge:error:seq-mismatch", status: 412 } };
  const early = followed(it.cancel("run-1", { ifSeq: 4, key: false }));
  await reply(network.last, "cancel", mismatch);
  assert.equal(early.value.effect, "none");
  const late = followed(it.cancel("run-1", { ifSeq: 4, key: false }));
  const [first] = network.sockets;
  await first.end(1006);
  await time.advance(500);
  await network.last.greet();
  assert.equal(network.last.texts.at(-1), first.texts.at(-1));
  await reply(network.last, "cancel", mismatch);
  assert.equal(late.value.effect, "unknown");
});

test("DRAIN-2 a command that is refused as draining waits for the next connection", async () => {
  const { client: it, time, network } = await client();
  const step = followed(it.submit("run-1", "go", {}));
  const problem = { type: "urn:journeyforge:error:draining", status: 503 };
  await network.last.say(
    { type: "goaway", reason: "drain", graceMs: 1, reconnectDelayMs: 10 },
    { type: "error", id: network.last.sent("go")[0].id, effect: "none", retryable: true, problem },
  );
  assert.equal(step.state, "pending");
  await time.advance(10);
  await network.last.greet();
  await reply(network.last, "go", document("status", 2));
  assert.equal(step.state, "kept");
});

test("DRAIN-2 draining without goaway is no less of a farewell; what the old connection still says of the command is nothing", async () => {
  const { client: it, time, network } = await client();
  const [old] = network.sockets;
  const read = followed(it.status("run-2"));
  const step = followed(it.submit("run-1", "go", {}));
  const { id } = old.sent("go")[0];
  await old.say({ type: "error", id, effect: "none", retryable: true, retryAfterMs: 80, problem: { type: "urn:journeyforge:error:draining" } });
  assert.equal(old.sent("go").length, 1, "not at once again");
  await time.advance(80);
  await network.last.greet();
  await old.say(document("status", 2, { id, epoch: "e1" }));
  assert.deepEqual([network.last.sent("go").length, step.state, read.state, old.closedWith], [1, "pending", "pending", undefined]);
});

test("FLOW-5 no more requests are in flight than the server takes", async () => {
  const { client: it, network } = await client({}, { limits: { maxInFlight: 2 } });
  for (const n of [1, 2, 3, 4]) followed(it.submit("run-1", "go", { n }));
  const numbers = () => network.last.sent("go").map((frame) => frame.payload.n);
  assert.deepEqual(numbers(), [1, 2]);
  await network.last.say({ ...document("status", 2), epoch: "e1", id: network.last.sent("go")[0].id });
  assert.deepEqual(numbers(), [1, 2, 3]);
});

test("FLOW-5 a request that nobody waits for any more still counts until its reply", async () => {
  const { client: it, time, network } = await client({}, { limits: { maxInFlight: 1 } });
  const abort = new AbortController();
  followed(it.submit("run-1", "go", { n: 1 }, { signal: abort.signal }));
  abort.abort();
  followed(it.submit("run-1", "go", { n: 2 }));
  assert.equal(network.last.sent("go").length, 1);
  await reply(network.last, "go", document("status", 2));
  assert.equal(network.last.sent("go").length, 2);
  const third = new AbortController();
  followed(it.submit("run-1", "go", { n: 3 }, { signal: third.signal }));
  await reply(network.last, "go", document("status", 3));
  third.abort();
  await network.last.end(1006);
  await time.advance(500);
  await network.last.greet();
  assert.deepEqual(network.last.sent("go"), [], "and is not repeated");
});

test("LIM-4 requests keep below the rate", async () => {
  const { client: it, time, network } = await client({}, { limits: { ratePerSec: 10, burst: 8, maxInFlight: 1_000 } });
  for (let n = 0; n < 10; n += 1) followed(it.status(`run-${n}`));
  assert.equal(network.last.sent("getStatus").length, 4);
  await time.advance(99);
  assert.equal(network.last.sent("getStatus").length, 4);
  await time.advance(1);
  assert.equal(network.last.sent("getStatus").length, 5);
  await time.advance(500);
  assert.equal(network.last.sent("getStatus").length, 10);
});

test("LIM-1 a message that would cost the connection is not sent", async () => {
  const { client: it, network } = await client({}, { limits: { maxMessageBytes: 200 } });
  const big = followed(it.start("begin", { text: "é".repeat(80) }));
  const small = followed(it.start("begin", { text: "e".repeat(80) }));
  await settle();
  assert.deepEqual([big.value.code, big.value.effect, small.state], ["too-large", "none", "pending"]);
  assert.equal(network.last.sent("begin").length, 1);
});

test("a signal stops the waiting, not the command", async () => {
  const { client: it, network } = await client();
  const abort = new AbortController();
  const step = followed(it.submit("run-1", "go", {}, { signal: abort.signal }));
  const early = followed(it.status("run-1", { signal: AbortSignal.abort("never") }));
  abort.abort("enough");
  await settle();
  assert.deepEqual([step.value, early.value], ["enough", "never"]);
  assert.deepEqual(network.last.sent("getStatus"), []);
  await reply(network.last, "go", document("status", 2));
  assert.equal(it.state, "open");
});

test("close() tells each request how much is known of it", async () => {
  const { client: it, network } = await client({}, { limits: { maxInFlight: 2 } });
  const sent = followed(it.submit("run-1", "go", {}));
  const read = followed(it.status("run-1"));
  const unsent = followed(it.submit("run-1", "go", {}));
  it.close();
  await settle();
  assert.ok(sent.value instanceof LostReplyError);
  assert.ok(read.value instanceof ConnectionError && unsent.value instanceof ConnectionError);
  assert.equal(network.last.sent("go").length, 1);
});

test("FLOW-5 what waits is bounded, and one more has no effect", async () => {
  const { client: it, time, network } = await client({ maxQueued: 3 }, { limits: { maxInFlight: 1 } });
  await network.last.end(1006);
  const all = Array.from({ length: 5 }, (_, n) => followed(it.submit("run-1", "go", { n })));
  await settle();
  assert.deepEqual(all.map((one) => one.state), ["pending", "pending", "pending", "broken", "broken"]);
  const { code, effect, retryable } = all[3].value;
  assert.deepEqual([code, effect, retryable], ["too-many-in-flight", "none", true]);
  const watch = it.watch("run-1");
  followed(watch.next());
  await time.advance(500);
  await network.last.greet({ limits: { maxInFlight: 1 } });
  assert.equal(network.last.sent("hello")[0].resume.length, 1, "what the client asks for by itself is not counted");
  for (const n of [0, 1, 2]) {
    assert.equal(network.last.sent("go").length, n + 1);
    await reply(network.last, "go", document("status", n + 2));
  }
  assert.equal(followed(it.submit("run-1", "go", {})).state, "pending", "there is room again");
});

test("FLOW-5 very many requests are as little trouble each as few are", async () => {
  const { client: it, network } = await client({ maxQueued: 1e6 }, { limits: { maxInFlight: 8, ratePerSec: 0 } });
  const costs = [];
  for (const count of [2_000, 20_000]) {
    const from = performance.now();
    const all = Array.from({ length: count }, (_, n) => it.submit("run-1", "go", { n }));
    for (let n = 0; n < count; n += 1) {
      // Replies in the order of the requests.
      const { id } = network.last.frames[network.last.frames.length - Math.min(8, count - n)];
      network.last.onmessage({ data: JSON.stringify({ ...document("status", 2), epoch: "e1", id }) });
    }
    await Promise.all(all);
    costs.push((performance.now() - from) / count);
  }
  assert.ok(costs[1] < 4 * costs[0] + 0.05, `${costs} ms each`);
});

test("ORD-1 what a lost connection gives back is sent in the order of the calls, whatever has been sent meanwhile", async () => {
  const { client: it, time, network } = await client({}, { limits: { maxInFlight: 2 } });
  const numbers = () => network.last.sent("go").map((frame) => frame.payload.n);
  for (const n of [1, 2, 3, 4]) followed(it.submit("run-1", "go", { n }));
  await network.last.say({ ...document("status", 2), epoch: "e1", id: network.last.sent("go")[1].id });
  assert.deepEqual(numbers(), [1, 2, 3]);
  await network.last.end(1006);
  await time.advance(500);
  await network.last.greet({ limits: { maxInFlight: 2 } });
  assert.deepEqual(numbers(), [1, 3]);
  await reply(network.last, "go", document("status", 3));
  assert.deepEqual(numbers(), [1, 3, 4]);
});
