// Which layer everything belongs to, and in which order it stands there.

import { wayLabel } from "./model.js";
import { shortened, widthOf } from "./text.js";

/** The text at a way: its height in pixels, and characters at most. */
export const LABEL = { height: 18, most: 22 };
const SWEEPS = 8;

/** A graph that nobody would find their way through, and that would take the page too long. */
export class TooLarge extends Error {}

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

/**
 * Layers of nodes and of the bends of long ways. A way with a label is two layers long, and its label is a bend with a width. `room.cells` is how many nodes and
 * bends there may be; it throws `TooLarge` when these are more.
 */
export function layered(nodes, ways, start, room) {
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
  room.cells -= links.reduce((sum, link) => sum + rank[link.to] - rank[link.from] - 1, nodes.length);
  if (room.cells < 0) throw new TooLarge();
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
export function ordered(layers, chains) {
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

/** How often ways cross between neighbouring layers, whose cells stand in their order. */
export function crossings(layers) {
  let count = 0;
  for (const [index, layer] of layers.slice(0, -1).entries()) {
    // A tree of sums (of Fenwick) tells how many of the ways so far end at or before a place; those beyond it are crossed.
    const tree = new Uint32Array(layers[index + 1].length + 1);
    let seen = 0;
    for (const cell of layer) {
      for (const end of cell.down.map((other) => other.order + 1).sort((a, b) => a - b)) {
        count += seen;
        for (let at = end; at > 0; at -= at & -at) count -= tree[at];
        for (let at = end; at < tree.length; at += at & -at) tree[at] += 1;
        seen += 1;
      }
    }
  }
  return count;
}
