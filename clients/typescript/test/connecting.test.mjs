// How connections begin, stay alive and end: §13, §15 to §17, §19.
//
// covers: [HB-2, HB-3, HB-4, ERR-6, DRAIN-3]
import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionError, RequestError } from "../dist/index.js";
import { begin, client, followed } from "./support/client.mjs";
import { settle, welcome } from "./support/virtual.mjs";

test("the client waits for welcome, says hello, and is ready when that is answered (§19)", async () => {
  const { network, states, connected } = begin({ client: "shop/1" });
  const follow = followed(connected);
  await settle();
  const socket = network.last;
  assert.deepEqual([socket.url, socket.protocols], ["ws://journeys.test/ws", ["journeyforge.v1"]]);
  assert.deepEqual(socket.frames, [], "the server speaks first");
  await socket.say(welcome());
  assert.deepEqual(socket.frames, [
    { type: "hello", id: "~hello", client: "shop/1", features: ["bookmark", "credit"], heartbeat: "message", autoSubscribe: false },
  ]);
  assert.equal(follow.state, "pending");
  await socket.say({ ...welcome({ connectionId: "c-2" }), id: "~hello" });
  assert.equal(follow.value.welcome.connectionId, "c-2");
  assert.deepEqual(states, ["open"]);
});

test("SP-4 SP-6 a configured subprotocol is offered, and the token beside it", async () => {
  const { network } = begin({ subprotocol: "acme.loans", token: "a?>b", tokenIn: "subprotocol" });
  await settle();
  assert.deepEqual(network.last.protocols, ["acme.loans", "base64url.bearer.journeyforge.YT8-Yg"]);
});

test("SP-6 AUTH-5 a token travels in hello, where no proxy logs it and every server looks, unless it is wanted in the offer", async () => {
  for (const [options, greeting] of [
    [{}, {}],
    [{ tokenIn: "hello" }, {}],
    [{ tokenIn: "subprotocol" }, { auth: { required: true } }],
  ]) {
    const { network } = await client({ token: async () => "t-1", ...options }, greeting);
    assert.deepEqual(network.last.sent("hello")[0].auth, { scheme: "bearer", token: "t-1" });
    assert.equal(network.last.protocols.length, options.tokenIn === "subprotocol" ? 2 : 1);
  }
});

test("a first connection that fails is an error; more attempts can be had", async () => {
  const once = begin();
  await settle();
  await once.network.last.end();
  await assert.rejects(once.connected, (error) => error instanceof ConnectionError && error.code === 1006);

  const thrice = begin({ retry: { firstAttempts: 3 } });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await thrice.time.advance(30_000);
    await thrice.network.last.end();
  }
  await assert.rejects(thrice.connected, ConnectionError);
  assert.equal(thrice.network.sockets.length, 3);
});

test("a failed handshake that is told as an error without a close is no less of a failure", async () => {
  const { time, network, connected } = begin();
  const follow = followed(connected);
  await settle();
  network.last.onerror({});
  await time.advance(0);
  assert.equal(follow.value?.code, 1006);
});

test("a connection that never gets ready is given up", async () => {
  const { time, network, connected } = begin({ connectTimeoutMs: 3_000 });
  const follow = followed(connected);
  await time.advance(2_999);
  assert.equal(follow.state, "pending");
  await time.advance(1);
  assert.equal(follow.state, "broken");
  assert.equal(network.last.closedWith, 1000);
});

test("a refused hello ends the client with the reason", async () => {
  const { network, connected } = begin();
  await settle();
  const problem = { type: "urn:journeyforge:error:unsupported", detail: "no" };
  await network.last.say(welcome());
  await network.last.say({ type: "error", id: "~hello", effect: "none", retryable: false, problem });
  await assert.rejects(connected, (error) => error.cause instanceof RequestError && error.cause.code === "unsupported");
});

test("HB-4 full jitter: between 0.5 s and a bound that doubles up to 30 s", async () => {
  const { time, network } = await client();
  for (const [random, expected] of [[0, [500, 500, 500]], [0.999999, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]]]) {
    time.random = () => random;
    // A connection that lasted ends the row of failures.
    if (network.sockets.length > 1) await network.last.greet();
    await time.advance(20_000);
    for (const wait of expected) {
      const tried = network.sockets.length;
      await network.last.end(1006);
      await time.advance(wait - 1);
      assert.equal(network.sockets.length, tried, `before ${wait} ms`);
      await time.advance(1);
      assert.equal(network.sockets.length, tried + 1, `after ${wait} ms`);
    }
  }
});

test("retry.attempts bounds a row of failures", async () => {
  const { client: it, time, network } = await client({ retry: { attempts: 3 } });
  const over = followed(it.closed);
  for (let failure = 0; failure < 3; failure += 1) {
    assert.equal(over.state, "pending");
    await network.last.end();
    await time.advance(4_000);
  }
  assert.equal(over.value.code, 1006);
  assert.equal(network.sockets.length, 3);
});

const STOP = "stop";
for (const [code, expected] of [
  [1000, STOP], [1002, STOP], [1003, STOP], [1007, STOP], [1009, STOP],
  [4400, STOP], [4403, STOP], [4406, STOP], [4408, STOP], [4499, STOP],
  [1001, 500], [1005, 500], [1006, 500], [1011, 500], [1012, 500], [1013, 5_500], [3333, 500],
  [4429, 30_500], [4504, 500], [4508, 500], [4599, 500],
]) {
  test(`§17 ERR-6 close ${code}: ${expected === STOP ? "the client is over" : `again after ${expected} ms`}`, async () => {
    const { client: it, time, network } = await client();
    const over = followed(it.closed);
    const status = followed(it.status("run-1"));
    await network.last.end(code, "name");
    if (expected === STOP) {
      await time.advance(1_000_000);
      assert.equal(network.sockets.length, 1);
      assert.deepEqual([it.state, over.value.code, status.state], ["closed", code, "broken"]);
      await assert.rejects(it.status("run-1"), ConnectionError);
    } else {
      await time.advance(expected - 1);
      assert.deepEqual([network.sockets.length, it.state], [1, "waiting"]);
      await time.advance(1);
      assert.deepEqual([network.sockets.length, it.state], [2, "connecting"]);
    }
  });
}

test("4510 an idle client comes back when there is something to do", async () => {
  const { client: it, time, network } = await client();
  await network.last.end(4510, "idle");
  await time.advance(1_000_000);
  assert.deepEqual([network.sockets.length, it.state], [1, "idle"]);
  const status = followed(it.status("run-1"));
  await settle();
  assert.equal(network.sockets.length, 2);
  await network.last.greet();
  await network.last.say({ type: "status", id: network.last.sent("getStatus")[0].id, journeyId: "run-1", seq: 1, epoch: "e1", payload: {} });
  assert.equal(status.state, "kept");
});

test("4401 a new credential first, and only once in a row", async () => {
  let issued = 0;
  const { client: it, network } = await client({ token: () => `t-${(issued += 1)}`, tokenIn: "subprotocol" });
  const over = followed(it.closed);
  await network.last.end(4401, "unauthenticated");
  assert.equal(network.sockets.length, 2);
  assert.match(network.last.protocols[1], /dC0y$/, "the second token");
  await network.last.end(4401, "unauthenticated");
  assert.equal(over.value.code, 4401);

  const shown = await client({ token: () => `t-${(issued += 1)}` });
  await shown.network.last.end(4401, "unauthenticated");
  await shown.network.last.greet();
  assert.equal(shown.network.last.sent("hello")[0].auth.token, `t-${issued}`);

  const fixed = await client({ token: "t" });
  await fixed.network.last.end(4401);
  assert.equal(fixed.client.state, "closed");
});

test("AUTH-6 an issuer of tokens that fails is trouble like any other", async () => {
  let works = true;
  const { client: it, time, network } = await client({ token: () => (works ? "t" : Promise.reject(new Error("down"))), tokenIn: "subprotocol" });
  works = false;
  await network.last.end(1006);
  await time.advance(60_000);
  assert.deepEqual([network.sockets.length, it.state === "closed"], [1, false]);
  works = true;
  await time.advance(15_000);
  assert.equal(network.sockets.length, 2);
});

test("AUTH-6 an issuer that fails when the server has said welcome is asked again at the next connection", async () => {
  let works = true;
  const { client: it, time, network } = await client({ token: () => (works ? "t" : Promise.reject(new Error("down"))) });
  works = false;
  await network.last.end(1006);
  await time.advance(500);
  await network.last.say(welcome());
  assert.deepEqual([network.last.closedWith, it.state], [4000, "waiting"]);
  works = true;
  await time.advance(1_000);
  await network.last.greet();
  assert.equal(it.state, "open");
});

test("AUTH-4 a token from a function is renewed in a frame", async () => {
  let issued = 0;
  const { network } = await client({ token: () => `t-${(issued += 1)}` });
  await network.last.say({ type: "authExpiring", expiresAt: "2026-01-02T03:34:05.000Z" });
  const [{ id, ...frame }] = network.last.sent("auth");
  assert.deepEqual(frame, { type: "auth", scheme: "bearer", token: "t-2" });
  await network.last.say({ type: "authenticated", id, expiresAt: "2026-01-02T04:34:05.000Z" });
  assert.equal(network.sockets.length, 1);
});

test("AUTH-4 where the server takes no tokens in frames, the client moves to a new connection", async () => {
  let issued = 0;
  const { time, network } = await client({ token: () => `t-${(issued += 1)}` }, { features: [] });
  await network.sockets[0].say({ type: "authExpiring" });
  await time.advance(0);
  assert.equal(network.sockets.length, 2);
  await network.sockets[1].greet();
  assert.equal(network.sockets[0].closedWith, 1000);
});

test("AUTH-5 another token can be shown, and stays for later connections", async () => {
  const { client: it, time, network } = await client({ token: "t-1", tokenIn: "subprotocol" });
  const shown = followed(it.authenticate("t-2"));
  await settle();
  await network.last.say({ type: "authenticated", id: network.last.sent("auth")[0].id });
  assert.equal(shown.state, "kept");
  await network.last.end(1006);
  await time.advance(1_000);
  assert.match(network.last.protocols[1], /dC0y$/);
});

test("HB-2 HB-4 in mode message pings are answered, and silence beyond interval and time-out is the end", async () => {
  const { time, network } = await client();
  await time.advance(34_999);
  await network.last.say({ type: "ping" });
  assert.deepEqual(network.last.frames.at(-1), { type: "pong" });
  await time.advance(34_999);
  assert.equal(network.last.closedWith, undefined);
  await time.advance(1);
  assert.equal(network.last.closedWith, 4504);
  await time.advance(500);
  assert.equal(network.sockets.length, 2);
});

test("HB-3 in mode control the client asks by itself", async () => {
  const heartbeat = { mode: "control" };
  const { time, network } = await client({ heartbeat: "control" }, { heartbeat });
  assert.equal(network.last.sent("hello")[0].heartbeat, "control");
  await time.advance(25_000);
  assert.equal(network.last.sent("ping").length, 1);
  await network.last.say({ type: "pong", id: network.last.sent("ping")[0].id });
  await time.advance(24_999);
  assert.equal(network.last.sent("ping").length, 1);
  await time.advance(1);
  assert.equal(network.last.sent("ping").length, 2);
  await time.advance(9_999);
  assert.equal(network.last.closedWith, undefined);
  await time.advance(1);
  assert.equal(network.last.closedWith, 4504);
});

test("ERR-6 unknown frames and members are ignored, whatever they look like", async () => {
  const { client: it, network } = await client();
  await network.last.say(
    { type: "$weather", journeyId: "run-1", seq: 3 },
    { type: "status", x: 1 },
    { type: "error", effect: "none", problem: { type: "about:blank" } },
    { type: "subscribed", journeyId: "run-9", epoch: "e1" },
    { type: "status", id: "nobody-asked", journeyId: "run-1", seq: 1 },
  );
  assert.equal(it.state, "open");
  const status = followed(it.status("run-1"));
  const { id } = network.last.sent("getStatus")[0];
  await network.last.say({ type: "status", id, journeyId: "run-1", seq: 1, epoch: "e1", mood: "fine", payload: { phase: "RUNNING" } });
  assert.deepEqual(status.value.cursor, { epoch: "e1", seq: 1 });
});

test("a message that is no frame may have hidden something: the connection is replaced", async () => {
  const { time, network } = await client();
  await network.last.say("{");
  assert.equal(network.last.closedWith, 4000);
  await time.advance(500);
  assert.equal(network.sockets.length, 2);
});

test("DRAIN-1 DRAIN-3 goaway: a new connection at this connection's own time, then the old one is closed", async () => {
  const { client: it, time, network, states } = await client();
  const [old] = network.sockets;
  const slow = followed(it.submit("run-1", "go", {}));
  await old.say({ type: "goaway", reason: "drain", graceMs: 8_000, reconnectDelayMs: 3_412 });
  const held = followed(it.submit("run-1", "go", {}));
  const read = followed(it.status("run-1"));
  await settle();
  assert.equal(old.sent("go").length, 1, "DRAIN-2: no new command there");
  assert.equal(old.sent("getStatus").length, 1, "reads still work there");
  await old.say({ type: "status", id: old.sent("getStatus")[0].id, journeyId: "run-1", seq: 1, epoch: "e1", payload: {} });
  assert.equal(read.state, "kept");
  await time.advance(3_411);
  assert.equal(network.sockets.length, 1);
  await time.advance(1);
  const next = network.sockets[1];
  await next.greet();
  assert.deepEqual(next.sent("go").map((frame) => frame.key), ["key-0000000000002"]);
  assert.equal(old.closedWith, undefined, "a reply is still to come there");
  await old.say({ type: "status", id: old.sent("go")[0].id, journeyId: "run-1", seq: 2, epoch: "e1", payload: {} });
  assert.equal(slow.state, "kept");
  assert.equal(old.closedWith, 1000);
  await next.say({ type: "status", id: next.sent("go")[0].id, journeyId: "run-1", seq: 3, epoch: "e1", payload: {} });
  assert.equal(held.state, "kept");
  assert.deepEqual(states, ["open"], "nobody noticed");
});

test("DRAIN-3 while the old connection still stands, a new one that fails is tried again", async () => {
  const { client: it, time, network } = await client();
  const [old] = network.sockets;
  const slow = followed(it.submit("run-1", "go", {}));
  await old.say({ type: "goaway", reason: "drain", graceMs: 8_000, reconnectDelayMs: 10 });
  const held = followed(it.submit("run-1", "go", {}));
  await time.advance(10);
  await network.last.end(1006);
  await old.say({ type: "status", id: old.sent("go")[0].id, journeyId: "run-1", seq: 2, epoch: "e1", payload: {} });
  assert.deepEqual([slow.state, network.sockets.length], ["kept", 2]);
  await time.advance(500);
  await network.last.greet();
  assert.deepEqual([network.sockets.length, network.last.sent("go").length, held.state, old.closedWith], [3, 1, "pending", 1000]);
});

test("FLOW-4 goaway may come before the answer to hello", async () => {
  const { time, network, connected } = begin();
  await settle();
  const [old] = network.sockets;
  await old.say(welcome(), { type: "goaway", reason: "drain", graceMs: 8_000, reconnectDelayMs: 70 });
  await old.say({ ...welcome(), id: "~hello" });
  const held = followed((await connected).submit("run-1", "go", {}));
  await time.advance(69);
  assert.deepEqual([old.sent("go"), network.sockets.length], [[], 1]);
  await time.advance(1);
  await network.last.greet();
  assert.deepEqual([network.last.sent("go").length, old.closedWith, held.state], [1, 1000, "pending"]);
});

test("a hello that is refused for now is said again", async () => {
  const { time, network, connected } = begin({ retry: { firstAttempts: 2 } });
  const follow = followed(connected);
  await settle();
  await network.last.say(welcome());
  const problem = { type: "urn:journeyforge:error:unavailable" };
  await network.last.say({ type: "error", id: "~hello", effect: "none", retryable: true, retryAfterMs: 40, problem });
  await time.advance(540);
  await network.last.greet();
  assert.deepEqual([network.sockets.length, follow.state], [2, "kept"]);
});

test("DRAIN-1 the delay holds when the old connection ends first; commands sent there are repeated", async () => {
  const { client: it, time, network } = await client();
  const [old] = network.sockets;
  const sent = followed(it.submit("run-1", "go", {}));
  await old.say({ type: "goaway", reason: "drain", graceMs: 100, reconnectDelayMs: 5_000 });
  await old.end(1012, "restart");
  await time.advance(4_999);
  assert.equal(network.sockets.length, 1);
  await time.advance(1);
  await network.last.greet();
  assert.deepEqual(network.last.sent("go"), old.sent("go"));
  assert.equal(sent.state, "pending");
});

test("the end by close() and by a signal", async () => {
  const { client: it, network } = await client();
  const over = followed(it.closed);
  it.close();
  await settle();
  assert.deepEqual([over.state, over.value, network.last.closedWith, it.state], ["kept", undefined, 1000, "closed"]);

  const abort = new AbortController();
  const second = begin({ signal: abort.signal });
  await settle();
  abort.abort(new Error("enough"));
  await assert.rejects(second.connected, (error) => error.cause.message === "enough");
});

test("what callers throw when they are told something stops nothing, and is not hidden", async () => {
  const fault = () => {
    throw new Error("theirs");
  };
  const { time, network, connected } = begin({ onState: fault, onWelcome: fault });
  const follow = followed(connected);
  await settle();
  await network.last.greet();
  assert.equal(follow.state, "kept");
  for (const _ of ["onState", "onWelcome"]) await assert.rejects(time.advance(0), /theirs/);
  const it = follow.value;
  const start = followed(it.start("begin", {}, { onAccepted: fault }));
  const watch = it.watch("run-1");
  const next = followed(watch.next());
  await settle();
  await network.last.say({ type: "subscribed", id: network.last.sent("subscribe")[0].id, journeyId: "run-1", epoch: "e1", after: 0, head: 0 });
  await network.last.say({ type: "accepted", id: network.last.sent("begin")[0].id, journeyId: "run-1", seq: 1 });
  await assert.rejects(time.advance(0), /theirs/);
  await network.last.say({ type: "status", id: network.last.sent("begin")[0].id, journeyId: "run-1", seq: 1, epoch: "e1", payload: {} });
  assert.deepEqual([start.state, next.state], ["kept", "kept"]);
});

test("onState says how the last connection ended, so that a handshake that is refused for ever shows", async () => {
  const told = [];
  const { time, network } = await client({ onState: (state, closed) => told.push([state, closed?.code, closed?.reason]) });
  await network.last.end(1012, "restart");
  await time.advance(500);
  await network.last.end(1006);
  assert.deepEqual(told, [
    ["open", undefined, undefined],
    ["waiting", 1012, "restart"],
    ["connecting", undefined, undefined],
    ["waiting", 1006, ""],
  ]);
});

test("ORD-2 ids of the connection are none that a request can have", async () => {
  const { network } = await client({ heartbeat: "control" }, { heartbeat: { mode: "control" } });
  const own = network.last.sent("hello")[0].id;
  assert.doesNotMatch(own, /^[0-9a-z]+$/);
});
