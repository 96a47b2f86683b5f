// Where everything stands: layers below each other, and within a layer as straight as order and distance allow.

/** Distances, in pixels. */
const GAP = { layer: 34, node: 26 };
/** Layers higher than this hold a node with scopes; what is beside it stands at their upper edge, where ways come in. */
const TALL = 60;
const ROUNDS = 8;

/** Gives every cell its place: layers below each other; within a layer near the middle of the neighbours, in order and without overlap. */
export function positioned(layers) {
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
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const layer of layers.slice(1)) settle(layer, "up");
    for (const layer of layers.slice(0, -1).reverse()) settle(layer, "down");
  }
  for (const layer of layers.slice(1)) settle(layer, "up");
}

/**
 * Puts cells as near to where they want to be as order and distance allow. Without the room that those before it need, a cell must stand no further left than
 * the one before it; the nearest places of that kind are means of wishes that are in each other's way.
 */
function packed(layer, wanted) {
  const rooms = [];
  const blocks = [];
  let room = 0;
  for (const [index, cell] of layer.entries()) {
    if (index > 0) room += (layer[index - 1].width + cell.width) / 2 + GAP.node;
    rooms.push(room);
    const block = { count: 1, sum: wanted[index] - room };
    for (let before = blocks.at(-1); before && before.sum / before.count > block.sum / block.count; before = blocks.at(-1)) {
      block.count += before.count;
      block.sum += before.sum;
      blocks.pop();
    }
    blocks.push(block);
  }
  let index = 0;
  for (const { count, sum } of blocks) {
    for (const end = index + count; index < end; index += 1) layer[index].x = sum / count + rooms[index];
  }
}
