// From the catalogue to a graph and its picture, and where a run is in it.
//
// covers: [ENG-022, ENG-031, ENG-040]
import assert from "node:assert/strict";
import { test } from "node:test";

import { crossings } from "../page/graph/layers.js";
import { layout } from "../page/graph/layout.js";
import { MOST, graphOf } from "../page/graph/model.js";
import { Course, onlyPath, positionsOf } from "../page/graph/position.js";
import { shortened } from "../page/graph/text.js";

const state = (id, type, ways = [], more = {}) => ({
  id,
  type,
  ways: ways.map((way) => (typeof way === "string" ? { to: way, kind: "next" } : way)),
  ...more,
});
const scope = (start, ...states) => ({ start, states });

const LOAN = {
  graph: scope(
    "assess",
    state("assess", "transform", ["triage"]),
    state("triage", "choice", [
      { to: "refused", kind: "choice", label: ".a > 1" },
      { to: "review", kind: "default" },
    ]),
    state("review", "wait", ["decide", { to: "late", kind: "timeout" }]),
    state("decide", "choice", [
      { to: "sign", kind: "choice", label: ".ok" },
      { to: "review", kind: "default" },
    ]),
    state("sign", "wait", ["done"]),
    state("done", "succeed"),
    state("late", "fail"),
    state("refused", "fail"),
  ),
};

const CHECKS = {
  graph: scope(
    "both",
    state("both", "parallel", ["ask"], {
      branches: [
        { name: "left", ...scope("ask", state("ask", "wait", ["end"]), state("end", "succeed")) },
        { name: "right", ...scope("look", state("look", "transform", ["ask"]), state("ask", "webhook", ["end"]), state("end", "succeed")) },
      ],
    }),
    state("ask", "subjourney", ["end"], { subjourney: "talk" }),
    state("end", "succeed"),
  ),
  subjourneys: { talk: scope("hear", state("hear", "wait", ["over"]), state("over", "succeed")) },
};

test("ENG-040 every state is found at its address, branches and subjourneys included", () => {
  const { nodes, root } = graphOf(CHECKS);
  const wanted = [
    "both",
    "ask",
    "end",
    "both~left~ask",
    "both~left~end",
    "both~right~look",
    "both~right~ask",
    "both~right~end",
    "ask~hear",
    "ask~over",
  ];
  assert.deepEqual([...nodes.keys()].sort(), wanted.sort());
  assert.equal(nodes.get("both~right~ask").parent, nodes.get("both"));
  assert.deepEqual(
    root.ways.map((way) => `${way.from}>${way.to}`),
    ["both>ask", "ask>end"],
  );
});

test("subjourneys that call themselves, or are very many, are not opened without end", () => {
  const talk = scope("again", state("again", "subjourney", ["over"], { subjourney: "talk" }), state("over", "succeed"));
  const { nodes } = graphOf({
    graph: scope("begin", state("begin", "subjourney", ["end"], { subjourney: "talk" }), state("end", "succeed")),
    subjourneys: { talk },
  });
  assert.deepEqual([...nodes.keys()].sort(), ["begin", "begin~again", "begin~over", "end"]);
  const calls = Array.from({ length: 100 }, (_, index) => state(`s${index}`, "subjourney", [`s${index + 1}`], { subjourney: "wide" }));
  const wide = scope("w0", ...Array.from({ length: 50 }, (_, index) => state(`w${index}`, "transform", [`w${index + 1}`])));
  assert.ok(graphOf({ graph: scope("s0", ...calls), subjourneys: { wide } }).nodes.size <= MOST + 100);
});

test("ENG-022 ENG-031 the position is that of the active steps, and the state where there is none", () => {
  const graph = graphOf(CHECKS);
  const at = (currentState, ...activeSteps) => [...positionsOf(graph, { currentState, activeSteps })];
  assert.deepEqual(at("both", { stepId: "ask", address: "both~left~ask" }, { stepId: "ask", address: "both~right~ask" }), [
    "both~left~ask",
    "both~right~ask",
  ]);
  assert.deepEqual(at("both"), ["both"], "no branch waits");
  assert.deepEqual(at("hear", { stepId: "hear", address: "ask~hear" }), ["ask~hear"]);
  assert.deepEqual(at("hear"), ["ask~hear"], "the only state of this id");
  assert.deepEqual(at("look"), ["both~right~look"]);
  assert.deepEqual(at("unknown"), []);
  assert.deepEqual([...positionsOf(graph, undefined)], []);
});

test("the way is marked where there is one that the run can have taken", () => {
  const graph = graphOf(LOAN);
  const course = new Course(graph);
  const taken = () => [...course.taken].map((way) => `${way.from}>${way.to}`).sort();
  course.add({ currentState: "review", activeSteps: [{ stepId: "review" }] });
  assert.deepEqual(taken(), ["assess>triage", "triage>review"]);
  assert.deepEqual([...course.here], ["review"]);
  course.add({ currentState: "sign", activeSteps: [{ stepId: "sign" }] });
  assert.deepEqual(taken(), ["assess>triage", "decide>sign", "review>decide", "triage>review"]);
  assert.ok(course.visited.has("decide") && !course.visited.has("late"));
  course.gap();
  course.add({ currentState: "done", activeSteps: [] });
  assert.ok(!taken().includes("sign>done"), "after a gap nobody knows");
  assert.deepEqual([...course.here], ["done"]);
});

test("two ways between the same states are two ways", () => {
  const graph = graphOf({
    graph: scope(
      "a",
      state("a", "choice", [
        { to: "b", kind: "choice" },
        { to: "b", kind: "default" },
      ]),
      state("b", "wait", ["a"]),
    ),
  });
  assert.equal(onlyPath(graph.root, graph, "a", "b", false), undefined);
  assert.deepEqual(onlyPath(graph.root, graph, "a", "a", false), []);
  assert.equal(onlyPath(graph.root, graph, "b", "b", true), undefined);
});

test("a graph of very many ways is given up, not walked to its end", () => {
  const layers = 40;
  const states = [state("s", "choice", ["x0", "y0"])];
  for (let index = 0; index < layers; index += 1) {
    for (const name of ["x", "y"])
      states.push(state(`${name}${index}`, "transform", index + 1 < layers ? [`x${index + 1}`, `y${index + 1}`] : ["end"]));
  }
  const graph = graphOf({ graph: scope("s", ...states, state("end", "wait")) });
  assert.equal(onlyPath(graph.root, graph, "s", "end", false), undefined);
});

/** Everything that was placed, inner scopes included. */
function* all(placed) {
  for (const node of placed.nodes) {
    yield node;
    for (const inner of node.inner) yield* all(inner.placed);
  }
}

function check(graph) {
  const picture = layout(graph.root);
  const nodes = [...all(picture)];
  assert.equal(nodes.length, graph.nodes.size);
  const inside = (inner, outer) =>
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width + 0.01 &&
    inner.y + inner.height <= outer.y + outer.height + 0.01;
  const field = { x: 0, y: 0, width: picture.width, height: picture.height };
  for (const [index, a] of nodes.entries()) {
    assert.ok([a.x, a.y, a.width, a.height].every(Number.isFinite) && inside(a, field), `${a.node.address} lies outside`);
    if (a.node.parent)
      assert.ok(
        inside(
          a,
          nodes.find((other) => other.node === a.node.parent),
        ),
        `${a.node.address} lies within its parent`,
      );
    for (const b of nodes.slice(index + 1)) {
      if (a.node.scope !== b.node.scope) continue;
      const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      assert.ok(apart, `${a.node.address} and ${b.node.address} overlap`);
    }
  }
  const ways = function* (placed) {
    yield* placed.ways;
    for (const node of placed.nodes) for (const inner of node.inner) yield* ways(inner.placed);
  };
  for (const way of ways(picture)) {
    const end = nodes.find((node) => node.node.address === way.way.to);
    const last = way.points.at(-1);
    const isAt =
      last.x >= end.x - 0.01 &&
      last.x <= end.x + end.width + 0.01 &&
      (Math.abs(last.y - end.y) < 0.01 || Math.abs(last.y - end.y - end.height) < 0.01 || way.isLoop);
    assert.ok(isAt, `the way to ${way.way.to} ends there`);
    assert.ok(way.points.every((point) => Number.isFinite(point.x) && Number.isFinite(point.y)));
  }
  return picture;
}

test("a layout goes from top to bottom, and nothing overlaps", () => {
  const picture = check(graphOf(LOAN));
  const y = Object.fromEntries(picture.nodes.map((node) => [node.node.id, node.y]));
  assert.ok(y.assess < y.triage && y.triage < y.review && y.review < y.decide && y.decide < y.sign && y.sign < y.done);
  assert.equal(picture.ways.filter((way) => way.isBack).length, 1, "back to the review");
  check(graphOf(CHECKS));
});

test("loops, ends without a way to them, and a single state are laid out", () => {
  check(graphOf({ graph: scope("only", state("only", "succeed")) }));
  check(graphOf({ graph: scope("a", state("a", "wait", ["a", { to: "a", kind: "timeout" }])) }));
  check(graphOf({ graph: scope("a", state("a", "wait", ["b"]), state("b", "wait", ["a"]), state("island", "fail")) }));
});

test("random graphs are laid out without overlap", () => {
  const seed = Number(process.env.JF_TEST_SEED ?? Date.now() % 1_000_000);
  let now = seed;
  const random = (most) => {
    now = (Math.imul(now, 1_664_525) + 1_013_904_223) >>> 0;
    return now % most;
  };
  const TYPES = ["task", "wait", "choice", "timer", "succeed"];
  const make = (depth) => {
    const count = 1 + random(depth > 0 ? 7 : 24);
    const states = Array.from({ length: count }, (_, index) => {
      const ways = Array.from({ length: random(4) }, () => ({
        to: `s${random(count)}`,
        kind: ["next", "choice", "default", "timeout"][random(4)],
        label: "x".repeat(random(60)),
      }));
      const more =
        depth < 2 && random(6) === 0
          ? { branches: Array.from({ length: 1 + random(3) }, (_, branch) => ({ name: `b${branch}`, ...make(depth + 1) })) }
          : {};
      return state(`s${index}`, more.branches ? "parallel" : TYPES[random(TYPES.length)], ways, {
        detail: random(2) ? "a detail" : undefined,
        ...more,
      });
    });
    return scope("s0", ...states);
  };
  for (let round = 0; round < 200; round += 1) {
    try {
      check(graphOf({ graph: make(0) }));
    } catch (error) {
      error.message = `seed ${seed}, round ${round}: ${error.message}`;
      throw error;
    }
  }
});

/** What a page may take for a picture before somebody thinks that it hangs; it takes a tenth of that. */
const PATIENCE_MS = 2_000;

test("600 states are laid out, or left to the list, before anybody waits", () => {
  const ids = Array.from({ length: MOST }, (_, index) => `s${index}`);
  const last = ids.at(-1);
  const next = (index) => ids[index + 1] ?? last;
  const shapes = {
    "one after the other": ids.map((id, index) => state(id, "task", [next(index)])),
    "side by side": ids.map((id, index) => state(id, "choice", index === 0 ? ids.slice(1) : [last])),
    "in a net": ids.map((id, index) =>
      state(
        id,
        "choice",
        [7, 11, 13].map((step) => ids[(index * step + 1) % MOST]),
      ),
    ),
    "with a time-out each": ids.map((id, index) => state(id, "wait", [next(index), { to: last, kind: "timeout" }])),
  };
  const drawn = [];
  for (const [name, states] of Object.entries(shapes)) {
    const graph = graphOf({ graph: scope("s0", ...states) });
    const begin = performance.now();
    const picture = layout(graph.root);
    const took = performance.now() - begin;
    assert.ok(took < PATIENCE_MS, `${name} took ${Math.round(took)} ms`);
    if (picture) drawn.push(name);
    if (picture) assert.ok(Number.isFinite(picture.width) && Number.isFinite(picture.height), name);
  }
  assert.ok(drawn.includes("one after the other") && drawn.includes("side by side"), drawn.join());
  assert.ok(!drawn.includes("with a time-out each"), "180 000 bends");
});

test("very many ways have an extent", () => {
  const states = [
    state(
      "s0",
      "choice",
      Array.from({ length: 5_000 }, () => "s1"),
    ),
    state("s1", "succeed"),
  ];
  assert.ok(layout(graphOf({ graph: scope("s0", ...states) }).root).width > 0);
});

test("crossings are those of each way with each other", () => {
  for (let round = 0; round < 100; round += 1) {
    const cells = (count) => Array.from({ length: count }, (_, order) => ({ order, down: [] }));
    const layers = [cells(1 + (round % 6)), cells(1 + (round % 5)), cells(3)];
    let now = round;
    for (const [index, layer] of layers.slice(0, -1).entries()) {
      for (const cell of layer) {
        for (const other of layers[index + 1]) {
          now = (Math.imul(now + 1, 1_664_525) + 1_013_904_223) >>> 0;
          if (now % 3 === 0) cell.down.unshift(other);
        }
      }
    }
    let wanted = 0;
    for (const layer of layers) {
      const ends = layer.flatMap((cell) => cell.down.map((other) => [cell.order, other.order]));
      for (const [index, one] of ends.entries())
        for (const other of ends.slice(index + 1)) if ((one[0] - other[0]) * (one[1] - other[1]) < 0) wanted += 1;
    }
    assert.equal(crossings(layers), wanted, `round ${round}`);
  }
});

test("texts are cut between characters", () => {
  assert.equal(shortened("abc", 3), "abc");
  assert.equal(shortened("a😀😀😀", 3), "a😀…");
});
