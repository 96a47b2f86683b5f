// The client against the real server, over real sockets.
//
// covers: [SP-6, HB-2, DRAIN-1, SEQ-1, SEQ-5, SUB-4, SUB-10, IDEM-2, IDEM-9, OP-4, OP-6, RT-1, RT-10, WS-031, WS-032, WS-044, ERR-1]
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import ts from "typescript";

import { ConnectionError, RequestError, connect } from "../dist/index.js";
import { drained } from "./support/client.mjs";
import { Server, skip } from "./support/server.mjs";

const application = { customerId: "c-17", amount: 25_000, months: 48, income: 3_200 };
const approval = { decision: "approve", officer: "mia" };
/** So that a test does not wait long for a server that comes back at once. */
const retry = { minMs: 10, maxMs: 50 };
const options = { skip, timeout: 60_000 };

test("WS-031 WS-032 SUB-4 a loan from application to signature, and its log", options, async (t) => {
  const server = await Server.start(t);
  const client = await connect(server.url);
  assert.equal(client.welcome.journeys[0].start, "applyForLoan");
  const applied = await client.start("applyForLoan", application);
  assert.deepEqual([applied.type, applied.document.currentState, applied.document.monthly], ["status", "officerReview", 553]);
  const { journeyId } = applied;
  const watch = drained(client.watch(journeyId, { from: applied.cursor }));

  await assert.rejects(client.submit(journeyId, "decideLoan", { decision: "maybe" }), (error) => {
    assert.ok(error instanceof RequestError);
    assert.deepEqual([error.code, error.effect, error.problem.errors.length], ["invalid-input", "none", 2]);
    return true;
  });
  await assert.rejects(client.outcome(journeyId), (error) => error.code === "not-terminal");
  await assert.rejects(client.submit(journeyId, "decideLoan", approval, { ifSeq: 1 }), (error) => error.code === "seq-mismatch");

  const key = "decision-000000000";
  const decided = await client.submit(journeyId, "decideLoan", approval, { stepId: "officerReview", ifSeq: applied.cursor, key });
  assert.deepEqual([decided.stepId, decided.replayed, decided.actions[0]], ["officerReview", false, { type: "signContract", stepId: "signature" }]);
  const again = await client.submit(journeyId, "decideLoan", approval, { stepId: "officerReview", ifSeq: applied.cursor, key });
  assert.deepEqual([again.replayed, again.seq], [true, decided.seq]);

  await client.submit(journeyId, "signContract", { signed: true });
  await watch.end.promise;
  const output = { status: "APPROVED", monthly: 553, months: 48, approvedBy: "mia" };
  assert.deepEqual(watch.events.at(-1).document.output, output);
  assert.deepEqual((await client.outcome(journeyId)).document.output, output);
  assert.deepEqual((await client.status(journeyId)).document.phase, "SUCCEEDED");
  assert.equal((await client.watch(journeyId).outcome()).snapshot, true, "SUB-10: a late watcher");
  assert.deepEqual(await log(client, journeyId), [1, 2, 3, 4], "SEQ-1");
  client.close();
});

test("RT-10 ERR-1 cancelling, and what a run that is not there says", options, async (t) => {
  const server = await Server.start(t);
  const client = await connect(server.url);
  const { journeyId, cursor } = await client.start("applyForLoan", application);
  const outcome = client.watch(journeyId, { from: cursor, events: ["outcome"] }).outcome();
  const cancelled = await client.cancel(journeyId);
  assert.equal(cancelled.document.phase, "FAILED");
  assert.equal((await outcome).document.error.code, "JOURNEY_CANCELLED");
  assert.equal((await client.watch(journeyId, { from: cancelled.cursor }).outcome()).seq, cancelled.seq, "SEQ-5");
  await assert.rejects(client.watch("nobody").next(), (error) => error instanceof RequestError && error.code === "not-found");
  await assert.rejects(client.start("applyForLaon", {}), (error) => error.code === "unknown-type");
  client.close();
});

test("§19 IDEM-2 kill -9 in the middle, early and late: no event missed or told twice, no command carried out twice", options, async (t) => {
  const server = await Server.start(t);
  const client = await connect(server.url, { retry });
  const watcher = await connect(server.url, { retry });
  /** Ends and starts the server after so many turns of the event loop, in which a command gets more or less far. */
  const crash = async (turns) => {
    for (let count = 0; count < turns; count += 1) await turn();
    await server.kill();
    await server.start();
  };
  for (const turns of [0, 2, 6, 20, 60]) {
    const start = client.start("applyForLoan", application);
    await crash(turns);
    const { journeyId } = await start;
    const seen = drained(watcher.watch(journeyId, { from: "start", conflate: false }));
    const decided = client.submit(journeyId, "decideLoan", approval);
    const signed = client.submit(journeyId, "signContract", { signed: true });
    await crash(turns);
    assert.deepEqual([(await decided).type, (await signed).document.phase], ["status", "SUCCEEDED"]);
    await seen.end.promise;
    assert.deepEqual(seen.events.filter((event) => event.type !== "bookmark").map((event) => event.seq), [1, 2, 3, 4]);
    assert.deepEqual(await log(client, journeyId), [1, 2, 3, 4], "SEQ-1");
  }
  const runs = await server.list();
  assert.equal(runs.length, 5, "every start had one effect");
  client.close();
  watcher.close();
});

test("DRAIN-1 DRAIN-3 a server that is stopped in good order and started again is hardly noticed", options, async (t) => {
  const server = await Server.start(t, { websocket: { drain: { windowMs: 300 } } });
  const states = [];
  const client = await connect(server.url, { retry, onState: (state) => states.push(state) });
  const { journeyId, cursor } = await client.start("applyForLoan", application);
  const watch = drained(client.watch(journeyId, { from: cursor }));
  await server.kill("SIGTERM");
  await server.start();
  await client.submit(journeyId, "decideLoan", approval);
  await client.submit(journeyId, "signContract", { signed: true });
  await watch.end.promise;
  assert.equal(watch.events.at(-1).type, "outcome");
  assert.ok(states.includes("waiting"), states.join());
  client.close();
});

test("SP-6 a token travels in the offer where the server takes it there", options, async (t) => {
  const server = await Server.start(t, { websocket: { subprotocolToken: true } });
  const client = await connect(server.url, { token: () => "abc.def", tokenIn: "subprotocol" });
  assert.equal(client.state, "open");
  client.close();
  await assert.rejects(connect(server.url, { subprotocol: "other.v9" }), (error) => error instanceof ConnectionError && error.code === 1006);
});

test("HB-2 heartbeats by frames keep a silent connection alive", options, async (t) => {
  const server = await Server.start(t, { websocket: { heartbeat: { intervalMs: 100, timeoutMs: 50 } } });
  let tell;
  let pings = 0;
  const third = new Promise((resolve) => (tell = resolve));
  class Listening extends WebSocket {
    set onmessage(handler) {
      super.onmessage = handler && ((event) => {
        if (JSON.parse(event.data).type === "ping" && (pings += 1) === 3) tell();
        handler(event);
      });
    }
  }
  const states = [];
  const client = await connect(server.url, { WebSocket: Listening, onState: (state) => states.push(state) });
  await third;
  assert.deepEqual(states, ["open"]);
  client.close();
});

test("the example of the README", options, async (t) => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = readFileSync(new URL("../examples/loan.ts", import.meta.url), "utf8");
  assert.ok(readme.includes(`\`\`\`ts\n${example}\`\`\``), "the README shows examples/loan.ts, whose types are checked");
  const server = await Server.start(t);
  const code = ts.transpileModule(example, { compilerOptions: { module: "esnext", target: "es2022" } }).outputText;
  const program = code.replace("ws://127.0.0.1:8080/ws/loans", server.url);
  const run = promisify(execFile);
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout } = await run(process.execPath, [...process.execArgv.filter((flag) => flag.endsWith("websocket")), "--input-type=module", "--eval", program], { cwd });
  assert.deepEqual(stdout.trim().split("\n"), ["step-not-active", "approved", "APPROVED"]);
});

/** Numbers of the whole log of a run. */
async function log(client, journeyId) {
  const numbers = [];
  for await (const event of client.watch(journeyId, { from: "start", conflate: false })) if (event.type !== "bookmark") numbers.push(event.seq);
  return numbers;
}
