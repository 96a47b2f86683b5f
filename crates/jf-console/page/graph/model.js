// From the catalogue to a graph: scopes within states, each state at its address (ENG-040).

/** States that are drawn at most; subjourneys beyond it stay closed. */
export const MOST = 600;

/**
 * The graph of a definition of the catalogue.
 *
 * A scope has `nodes`, `ways` between them and a `start`; a node that holds scopes of its own (`parallel`, `subjourney`) has them in `scopes`. Every
 * node is found in `nodes` by its address: ids from the top scope down, joined by `~`, a parallel with the name of the branch.
 */
export function graphOf(journey) {
  const graph = { root: undefined, nodes: new Map(), byId: new Map() };
  const build = (scope, prefix, title, parent, open) => {
    const address = (id) => (prefix === "" ? id : `${prefix}~${id}`);
    const known = new Set(scope.states.map((state) => state.id));
    const built = { title, prefix, start: address(scope.start), nodes: [], ways: [] };
    for (const state of scope.states) {
      const node = {
        address: address(state.id),
        id: state.id,
        type: state.type,
        detail: state.detail,
        input: state.input,
        timeoutSec: state.timeoutSec,
        scope: built,
        parent,
        scopes: [],
      };
      built.nodes.push(node);
      graph.nodes.set(node.address, node);
      graph.byId.set(state.id, [...(graph.byId.get(state.id) ?? []), node]);
    }
    for (const [index, state] of scope.states.entries()) {
      const node = built.nodes[index];
      for (const branch of state.branches ?? []) {
        node.scopes.push(build(branch, `${node.address}~${branch.name}`, branch.name, node, open));
      }
      const name = state.subjourney;
      const inner = name === undefined ? undefined : journey.subjourneys?.[name];
      if (inner && !open.includes(name) && graph.nodes.size + inner.states.length <= MOST) {
        node.scopes.push(build(inner, node.address, undefined, node, [...open, name]));
      }
      for (const way of state.ways ?? []) {
        if (known.has(way.to)) built.ways.push({ from: node.address, to: address(way.to), kind: way.kind, label: way.label });
      }
    }
    return built;
  };
  graph.root = build(journey.graph, "", undefined, undefined, []);
  return graph;
}

/** What a way is called. */
export function wayLabel(way) {
  switch (way.kind) {
    case "choice":
      return way.label ?? "if";
    case "default":
      return "otherwise";
    case "timeout":
      return "time-out";
    default:
      return undefined;
  }
}

/** What a type of state does, for those who do not see its sign. */
export const TYPES = {
  task: "task",
  choice: "choice",
  transform: "transform",
  parallel: "parallel branches",
  wait: "waits for input",
  webhook: "waits for a call-back",
  timer: "timer",
  subjourney: "subjourney",
  succeed: "end, succeeded",
  fail: "end, failed",
};
