// A layered layout, from top to bottom: longest-path layers, orders by barycentres, straight where it can be. A state that holds scopes is
// laid out from the inside, and is one large node to the outside.

import { LABEL, TooLarge, layered, ordered } from "./layers.js";
import { wayLabel } from "./model.js";
import { positioned } from "./places.js";
import { shortened, widthOf } from "./text.js";

/** Distances, in pixels. */
const GAP = { pad: 16, header: 34, title: 22, scope: 18 };
const LINE = 34;
/** Nodes and bends of ways that are laid out. */
const MOST_CELLS = 12_000;

/**
 * Lays a scope out: `{ width, height, nodes, ways }`, with `x`, `y` (top left), `width`, `height` of every node, `inner` scopes at their places, and
 * points of every way. Coordinates of inner scopes are those of the whole. `undefined` for a graph that is too large to be drawn.
 */
export function layout(scope) {
  try {
    const placed = place(scope, { cells: MOST_CELLS });
    shift(placed, GAP.pad, GAP.pad);
    return { ...placed, width: placed.width + 2 * GAP.pad, height: placed.height + 2 * GAP.pad };
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

function shift(placed, x, y) {
  for (const node of placed.nodes) {
    node.x += x;
    node.y += y;
    for (const inner of node.inner) {
      inner.x += x;
      inner.y += y;
      shift(inner.placed, x, y);
    }
  }
  for (const way of placed.ways) {
    for (const point of way.points) {
      point.x += x;
      point.y += y;
    }
    if (way.label) {
      way.label.x += x;
      way.label.y += y;
    }
  }
}

function sized(node, room) {
  const texts = Math.max(widthOf(shortened(node.id, 28)), node.detail ? widthOf(shortened(node.detail, 30), 11) : 0);
  const least = Math.max(96, Math.round(texts) + 58);
  if (node.scopes.length === 0) return { node, inner: [], width: least, height: node.detail ? LINE + 12 : LINE, x: 0, y: 0 };
  const inner = [];
  let x = GAP.pad;
  let height = 0;
  for (const scope of node.scopes) {
    const placed = place(scope, room);
    const top = GAP.header + (scope.title === undefined ? 0 : GAP.title);
    const width = Math.max(placed.width, scope.title === undefined ? 0 : widthOf(scope.title, 12) + 8);
    inner.push({ scope, placed, x: x - GAP.scope / 2, y: GAP.header, width: width + GAP.scope, height: 0 });
    shift(placed, x + (width - placed.width) / 2, top + 6);
    height = Math.max(height, top + 6 + placed.height);
    x += width + GAP.scope + 8;
  }
  for (const box of inner) box.height = height - GAP.header + 10;
  return { node, inner, width: Math.max(least, x - GAP.scope - 8 + GAP.pad), height: height + GAP.pad + 6, x: 0, y: 0 };
}

function place(scope, room) {
  const nodes = scope.nodes.map((node) => sized(node, room));
  const at = new Map(nodes.map((node, index) => [node.node.address, index]));
  const ways = scope.ways.map((way) => ({ way, from: at.get(way.from), to: at.get(way.to) }));
  const { layers, chains } = layered(nodes, ways, at.get(scope.start) ?? 0, room);
  ordered(layers, chains);
  positioned(layers);
  for (const { node, x, y } of layers.flat()) {
    if (node) Object.assign(node, { x: x - node.width / 2, y });
  }
  const drawn = chains.map((chain) => routed(chain));
  for (const loop of ways.filter((way) => way.from === way.to)) drawn.push(looped(nodes[loop.from], loop.way));
  return bounded(nodes, drawn);
}

/** Where a way leaves or enters a node: ways beside each other have places beside each other. */
function port(cell, side, other) {
  if (!cell.node) return cell.x;
  const edge = cell.width / 2 - 24;
  if (cell.node.inner.length > 0) return Math.max(cell.x - edge, Math.min(cell.x + edge, other.x));
  const others = [...new Set(cell[side])].sort((a, b) => a.x - b.x);
  const room = Math.min(cell.width - 28, 22 * (others.length - 1));
  const step = others.length > 1 ? room / (others.length - 1) : 0;
  return cell.x - room / 2 + step * others.indexOf(other);
}

function routed({ link, cells }) {
  const points = [];
  let label;
  for (const [index, cell] of cells.entries()) {
    const [above, below] = [cells[index - 1], cells[index + 1]];
    if (!above) points.push({ x: port(cell, "down", below), y: cell.y + cell.height });
    else if (!below) points.push({ x: port(cell, "up", above), y: cell.y });
    else {
      // Straight through the layer, along whatever stands there.
      points.push({ x: cell.x, y: cell.top });
      if (cell.bottom > cell.top) points.push({ x: cell.x, y: cell.bottom });
    }
    if (cell.text !== undefined)
      label = { text: cell.text, x: cell.x, y: cell.y + cell.height / 2, width: cell.width, height: cell.height };
  }
  if (link.isBack) points.reverse();
  return { way: link.way, points, label, isBack: link.isBack };
}

/** A way from a node to itself, at its right side. */
function looped({ node, x, y, width, height }, way) {
  const [right, middle] = [x + width, y + height / 2];
  const points = [
    { x: right, y: middle - 6 },
    { x: right + 16, y: middle - 6 },
    { x: right + 16, y: middle + 6 },
    { x: right, y: middle + 6 },
  ];
  const text = wayLabel(way);
  const label = text && {
    text: shortened(text, LABEL.most),
    x: right + 20 + widthOf(text, 11) / 2,
    y: middle,
    width: widthOf(text, 11),
    height: LABEL.height,
  };
  return { way, points, label, isLoop: true, node };
}

function bounded(nodes, ways) {
  let [left, right, bottom] = [Infinity, -Infinity, 0];
  const cover = (from, to) => {
    left = Math.min(left, from);
    right = Math.max(right, to);
  };
  for (const node of nodes) {
    cover(node.x, node.x + node.width);
    bottom = Math.max(bottom, node.y + node.height);
  }
  for (const { points, label } of ways) {
    for (const point of points) cover(point.x, point.x);
    if (label) cover(label.x - label.width / 2, label.x + label.width / 2);
  }
  const placed = { nodes, ways, width: right - left, height: bottom };
  // Inner scopes were placed within their node, which now has its own place.
  for (const node of nodes) {
    node.x -= left;
    for (const inner of node.inner) {
      inner.x += node.x;
      inner.y += node.y;
      shift(inner.placed, node.x, node.y);
    }
  }
  for (const way of ways) {
    for (const point of way.points) point.x -= left;
    if (way.label) way.label.x -= left;
  }
  return placed;
}
