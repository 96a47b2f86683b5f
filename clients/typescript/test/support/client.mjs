import { connect } from "../../dist/index.js";
import { Network, VirtualTime, settle } from "./virtual.mjs";

/** A client on a connection that stands, its clock and its network. */
export async function client(options = {}, greeting = {}) {
  const started = begin(options);
  await settle();
  await started.network.last.greet(greeting);
  return { ...started, client: await started.connected };
}

/** A client whose first connection is still to be made. */
export function begin(options = {}) {
  const time = new VirtualTime();
  const network = new Network();
  const states = [];
  const onState = (state) => states.push(state);
  const connected = connect("ws://journeys.test/ws", { WebSocket: network.WebSocket, runtime: time.runtime, onState, ...options });
  connected.catch(() => undefined);
  return { time, network, states, connected };
}

/** A promise and what became of it, without waiting for it. */
export function followed(promise) {
  const follow = { promise, state: "pending", value: undefined };
  promise.then(
    (value) => Object.assign(follow, { state: "kept", value }),
    (value) => Object.assign(follow, { state: "broken", value }),
  );
  return follow;
}

/** Takes everything a watch tells, until it ends. */
export function drained(watch) {
  const events = [];
  const end = (async () => {
    for await (const event of watch) events.push(event);
  })();
  return { events, end: followed(end) };
}
