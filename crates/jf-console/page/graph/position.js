// Where a run is in its graph, and which way it came. The protocol tells a state and the active steps with every event; what
// lies between two of them is marked only where there is one way it can have gone.

/** Types at which a run stops, so that an event tells of it. */
const STOPS = new Set(["wait", "webhook", "timer"]);

/** The nodes a status speaks of: the addresses of its active steps, and its state, which may be named by its bare id. */
export function positionsOf(graph, status) {
  const here = new Set();
  if (!status) return here;
  for (const step of status.activeSteps ?? []) {
    const address = step.address ?? step.stepId;
    if (graph.nodes.has(address)) here.add(address);
  }
  const { currentState } = status;
  const named = graph.byId.get(currentState) ?? [];
  const isTold = named.some((node) => here.has(node.address));
  // The state of a subjourney comes without its address (ENG-022). One of several is none.
  const node = graph.nodes.get(currentState) ?? (named.length === 1 ? named[0] : undefined);
  const isWithin = node && [...here].some((address) => address.startsWith(`${node.address}~`));
  if (node && !isTold && !isWithin) here.add(node.address);
  return here;
}

/** Follows a run. `add` takes its statuses in order. */
export class Course {
  #graph;
  /** Where each scope was seen last. */
  #last = new Map();
  /** Addresses the run is at. */
  here = new Set();
  /** Addresses it has been at. */
  visited = new Set();
  /** Ways it has taken. */
  taken = new Set();

  constructor(graph) {
    this.#graph = graph;
  }

  /** The next status. After a gap nothing is known of the way. */
  add(status) {
    const here = positionsOf(this.#graph, status);
    for (const address of here) {
      if (!this.here.has(address)) this.#reach(address);
    }
    this.here = here;
  }

  /** Events are missing. */
  gap() {
    this.#last.clear();
    this.here = new Set();
  }

  #reach(address) {
    const node = this.#graph.nodes.get(address);
    if (node.parent && !this.visited.has(node.parent.address)) this.#reach(node.parent.address);
    const { scope } = node;
    const before = this.#last.get(scope);
    const from = before ?? scope.start;
    if (before !== address) {
      const path = onlyPath(scope, this.#graph, from, address, before !== undefined);
      for (const way of path ?? []) {
        this.taken.add(way);
        this.visited.add(way.from);
      }
    }
    this.visited.add(address);
    this.#last.set(scope, address);
  }
}

/** The one path between two nodes of a scope that meets no stop on its way; `undefined` if there is none, or more than one. */
export function onlyPath(scope, graph, from, to, hasLeft) {
  if (from === to && !hasLeft) return [];
  const ways = new Map(scope.nodes.map((node) => [node.address, []]));
  for (const way of scope.ways) ways.get(way.from).push(way);
  let found;
  let count = 0;
  let looked = 0;
  const path = [];
  const seen = new Set([from]);
  const walk = (at) => {
    for (const way of ways.get(at)) {
      // Two ways between the same states are two paths; a graph with very many paths has more than one.
      if (count > 1 || (looked += 1) > 2_000) return;
      if (way.to === to) {
        found = [...path, way];
        count += 1;
      } else if (!seen.has(way.to) && !STOPS.has(graph.nodes.get(way.to)?.type)) {
        path.push(way);
        seen.add(way.to);
        walk(way.to);
        seen.delete(way.to);
        path.pop();
      }
    }
  };
  walk(from);
  return count === 1 && looked <= 2_000 ? found : undefined;
}
