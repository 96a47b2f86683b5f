// A layered layout, from top to bottom: longest-path layering, orders by barycentres, straight where it can be. A state that holds scopes is
// laid out from the inside, and is one large node to the outside.

import { wayLabel } from "./model.js";

/** Distances, in pixels. */
export const GAP = { layer: 34, node: 26, pad: 16, header: 34, title: 22, scope: 18 };
const LINE = 34;
const LABEL = { height: 18, most: 22 };
/** Layers higher than this hold a node with scopes; what is beside it stands at their upper edge, where ways come in. */
const TALL = 60;
const SWEEPS = 8;

/** How wide a text is, roughly: nothing depends on it but room. */
export function widthOf(text, size = 13) {
  let width = 0;
  for (const character of text)
    width +=
      character.codePointAt(0) > 0x2e80 ? 1 : /[A-ZmwMW@%]/.test(character) ? 0.82 : /[iljtf.,:;'|!() ]/.test(character) ? 0.4 : 0.65;
  return width * size;
}

/** A text that fits. */
export function shortened(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}

/**
 * Lays a scope out: `{ width, height, nodes, ways }`, with `x`, `y` (top left), `width`, `height` of every node, `inner` scopes at their places, and
 * points of every way. Coordinates of inner scopes are those of the whole.
 */
export function layout(scope) {
  const placed = place(scope);
  shift(placed, GAP.pad, GAP.pad);
  return { ...placed, width: placed.width + 2 * GAP.pad, height: placed.height + 2 * GAP.pad };
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

function sized(node) {
  const texts = Math.max(widthOf(shortened(node.id, 28)), node.detail ? widthOf(shortened(node.detail, 30), 11) : 0);
  const least = Math.max(96, Math.round(texts) + 58);
  if (node.scopes.length === 0) return { node, inner: [], width: least, height: node.detail ? LINE + 12 : LINE, x: 0, y: 0 };
  const inner = [];
  let x = GAP.pad;
  let height = 0;
  for (const scope of node.scopes) {
    const placed = place(scope);
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

function place(scope) {
  const nodes = scope.nodes.map(sized);
  const at = new Map(nodes.map((node, index) => [node.node.address, index]));
  const ways = scope.ways.map((way) => ({ way, from: at.get(way.from), to: at.get(way.to) }));
  const { layers, chains } = layered(nodes, ways, at.get(scope.start) ?? 0);
  ordered(layers, chains);
  positioned(layers);
  for (const { node, x, y } of layers.flat()) {
    if (node) Object.assign(node, { x: x - node.width / 2, y });
  }
  const drawn = chains.map((chain) => routed(chain));
  for (const loop of ways.filter((way) => way.from === way.to)) drawn.push(looped(nodes[loop.from], loop.way));
  return bounded(nodes, drawn);
}

/** Ways that go back, found depth first from the start. They are turned round for the layers. */
function backward(count, ways, start) {
  const out = Array.from({ length: count }, () => []);
  for (const way of ways) if (way.from !== way.to) out[way.from].push(way);
  const state = new Uint8Array(count);
  const back = new Set();
  for (const root of [start, ...Array(count).keys()]) {
    if (state[root] !== 0) continue;
    const stack = [[root, 0]];
    state[root] = 1;
    while (stack.length > 0) {
      const top = stack.at(-1);
      const way = out[top[0]][top[1]];
      top[1] += 1;
      if (!way) {
        state[top[0]] = 2;
        stack.pop();
      } else if (state[way.to] === 1) back.add(way);
      else if (state[way.to] === 0) {
        state[way.to] = 1;
        stack.push([way.to, 0]);
      }
    }
  }
  return back;
}

/** Layers of nodes and of the bends of long ways. A way with a label is two layers long, and its label is a bend with a width. */
function layered(nodes, ways, start) {
  const back = backward(nodes.length, ways, start);
  const links = [];
  for (const entry of ways) {
    if (entry.from === entry.to) continue;
    const isBack = back.has(entry);
    const text = wayLabel(entry.way);
    const [from, to] = isBack ? [entry.to, entry.from] : [entry.from, entry.to];
    links.push({ way: entry.way, from, to, isBack, text, length: text ? 2 : 1 });
  }
  const rank = ranks(nodes.length, links);
  const layers = [];
  const cellOf = nodes.map((node, index) => {
    const cell = { node, rank: rank[index], width: node.width, height: node.height, up: [], down: [], x: 0, y: 0 };
    (layers[rank[index]] ??= []).push(cell);
    return cell;
  });
  const chains = links.map((link) => {
    const cells = [cellOf[link.from]];
    const labelled = link.isBack ? rank[link.to] - 1 : rank[link.from] + 1;
    for (let layer = rank[link.from] + 1; layer < rank[link.to]; layer += 1) {
      const isLabel = link.text !== undefined && layer === labelled;
      const text = isLabel ? shortened(link.text, LABEL.most) : undefined;
      const cell = {
        text,
        rank: layer,
        width: isLabel ? widthOf(text, 11) + 14 : 4,
        height: isLabel ? LABEL.height : 0,
        up: [],
        down: [],
        x: 0,
        y: 0,
      };
      (layers[layer] ??= []).push(cell);
      cells.push(cell);
    }
    cells.push(cellOf[link.to]);
    for (let index = 1; index < cells.length; index += 1) {
      cells[index - 1].down.push(cells[index]);
      cells[index].up.push(cells[index - 1]);
    }
    return { link, cells };
  });
  for (let index = 0; index < layers.length; index += 1) layers[index] ??= [];
  return { layers, chains };
}

function ranks(count, links) {
  const rank = new Array(count).fill(0);
  const waiting = new Array(count).fill(0);
  const out = Array.from({ length: count }, () => []);
  for (const link of links) {
    waiting[link.to] += 1;
    out[link.from].push(link);
  }
  const ready = [...Array(count).keys()].filter((index) => waiting[index] === 0);
  for (const index of ready) {
    for (const link of out[index]) {
      rank[link.to] = Math.max(rank[link.to], rank[index] + link.length);
      waiting[link.to] -= 1;
      if (waiting[link.to] === 0) ready.push(link.to);
    }
  }
  return rank;
}

/** Orders the layers by the barycentres of their neighbours, and keeps the order with the fewest crossings. */
function ordered(layers, chains) {
  const number = () => layers.forEach((layer) => layer.forEach((cell, index) => (cell.order = index)));
  const centre = (cell, side) => {
    const others = cell[side];
    return others.length === 0 ? cell.order : others.reduce((sum, other) => sum + other.order, 0) / others.length;
  };
  number();
  let best = { crossings: crossings(layers), layers: layers.map((layer) => [...layer]) };
  for (let sweep = 0; sweep < SWEEPS && best.crossings > 0; sweep += 1) {
    const down = sweep % 2 === 0;
    const order = down ? layers : [...layers].reverse();
    for (const layer of order) {
      const key = new Map(layer.map((cell) => [cell, centre(cell, down ? "up" : "down")]));
      layer.sort((a, b) => key.get(a) - key.get(b) || a.order - b.order);
      layer.forEach((cell, index) => (cell.order = index));
    }
    const count = crossings(layers);
    if (count < best.crossings) best = { crossings: count, layers: layers.map((layer) => [...layer]) };
  }
  best.layers.forEach((layer, index) => layers[index].splice(0, layers[index].length, ...layer));
  number();
  for (const { cells } of chains) for (const cell of cells) cell.down.sort((a, b) => a.order - b.order);
}

/** How often ways cross between neighbouring layers. */
export function crossings(layers) {
  let count = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((cell) => cell.down.map((other) => [cell.order, other.order]));
    for (let a = 0; a < ends.length; a += 1) {
      for (let b = a + 1; b < ends.length; b += 1) {
        if ((ends[a][0] - ends[b][0]) * (ends[a][1] - ends[b][1]) < 0) count += 1;
      }
    }
  }
  return count;
}

/** Gives every cell its place: layers below each other; within a layer near the middle of the neighbours, in order and without overlap. */
function positioned(layers) {
  let y = 0;
  for (const layer of layers) {
    const height = Math.max(0, ...layer.map((cell) => cell.height));
    for (const cell of layer) {
      cell.y = height > TALL ? y : y + (height - cell.height) / 2;
      cell.top = y;
      cell.bottom = y + height;
    }
    const isThin = layer.length > 0 && layer.every((cell) => !cell.node);
    y += height + (isThin ? GAP.layer / 2 : GAP.layer);
    let x = 0;
    for (const cell of layer) {
      cell.x = x + cell.width / 2;
      x += cell.width + GAP.node;
    }
  }
  const settle = (layer, side) => {
    const wanted = layer.map((cell) => {
      const others = cell[side];
      if (others.length === 0) return cell.x;
      const xs = others.map((other) => other.x).sort((a, b) => a - b);
      const half = xs.length >> 1;
      return xs.length % 2 === 1 ? xs[half] : (xs[half - 1] + xs[half]) / 2;
    });
    packed(layer, wanted);
  };
  for (let round = 0; round < SWEEPS; round += 1) {
    for (const layer of layers.slice(1)) settle(layer, "up");
    for (const layer of layers.slice(0, -1).reverse()) settle(layer, "down");
  }
  for (const layer of layers.slice(1)) settle(layer, "up");
}

/** Puts cells as near to where they want to be as order and distance allow: runs of cells that touch are moved to the mean of their wishes. */
function packed(layer, wanted) {
  const blocks = [];
  for (const [index, cell] of layer.entries()) {
    let block = { cells: [cell], offsets: [0], sum: wanted[index], x: wanted[index] };
    for (let before = blocks.at(-1); before; before = blocks.at(-1)) {
      const last = before.cells.at(-1);
      const distance = (last.width + block.cells[0].width) / 2 + GAP.node;
      if (before.x + before.offsets.at(-1) + distance <= block.x) break;
      blocks.pop();
      const moved = before.offsets.at(-1) + distance;
      const offsets = [...before.offsets, ...block.offsets.map((offset) => offset + moved)];
      const sum = before.sum + block.sum - moved * block.cells.length;
      const cells = [...before.cells, ...block.cells];
      block = { cells, offsets, sum, x: sum / cells.length };
    }
    blocks.push(block);
  }
  for (const { cells, offsets, x } of blocks) cells.forEach((cell, index) => (cell.x = x + offsets[index]));
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
  const left = Math.min(
    ...nodes.map((node) => node.x),
    ...ways.flatMap((way) => [...way.points.map((point) => point.x), ...(way.label ? [way.label.x - way.label.width / 2] : [])]),
  );
  const right = Math.max(
    ...nodes.map((node) => node.x + node.width),
    ...ways.flatMap((way) => [...way.points.map((point) => point.x), ...(way.label ? [way.label.x + way.label.width / 2] : [])]),
  );
  const bottom = Math.max(...nodes.map((node) => node.y + node.height));
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
