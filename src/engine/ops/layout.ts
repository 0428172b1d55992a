import { broadcastShapes } from "../broadcast.ts";
import { apply, type Tensor } from "../graph.ts";
import { defineOp, onnxNode } from "../op.ts";
import { countOf, type Dim, formatShape, normalizeAxes, opError, type Shape, sameShape } from "../shape.ts";
import { sumTo } from "./reduce.ts";
import { reshape } from "./reshape.ts";

const transposeOp = defineOp<{ readonly order: readonly number[] }>({
  name: "transpose",
  infer: ([x], { order }) => ({ shape: order.map((axis) => x.shape[axis]), dtype: x.dtype }),
  emit: onnxNode("Transpose", ({ order }) => ({ perm: order })),
  vjp: ({ attributes: { order }, cotangent }) => [() => transpose(cotangent, invert(order))],
  broadcastCotangent: true,
});

/** Axis i of the result is axis `order[i]` of x. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  const rank = x.shape.length;
  const axes = normalizeAxes("transpose", order, rank);
  if (axes.length !== rank) throw opError("transpose", `an order of ${rank} axes`, formatShape(order));
  const from = order.map((axis) => (axis < 0 ? axis + rank : axis));
  // Moving axes of length 1 moves no element.
  const moving = from.filter((axis) => x.shape[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || axis > moving[i - 1])) {
    const shape = from.map((axis) => x.shape[axis]);
    if (countOf(shape) !== null || sameShape(shape, x.shape)) return reshape(x, shape);
  }
  if (x.node.op !== transposeOp) return apply(transposeOp, [x], { order: from });
  const { order: earlier } = x.node.attributes as { order: readonly number[] };
  return transpose(
    x.node.inputs[0],
    from.map((axis) => earlier[axis]),
  );
}

/** x with its last two axes exchanged. */
export function transposeLast(x: Tensor): Tensor {
  const rank = x.shape.length;
  if (rank < 2) throw opError("transposeLast", "two axes or more", formatShape(x.shape));
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}

const broadcastToOp = defineOp<{ readonly shape: Shape }>({
  name: "broadcastTo",
  infer: ([x], { shape }) => ({ shape, dtype: x.dtype }),
  emit({ inputs, outputs, node, attributes: { shape }, add, ints }) {
    // Expand broadcasts both ways, so 1 keeps a length that has only a name.
    const lengths = shape.map((dim) => (typeof dim === "number" ? dim : 1));
    add("Expand", [inputs[0], ints(checkedNames(node.inputs[0].shape, shape, lengths))], outputs);
  },
  vjp: ({ inputs: [x], outputs: [y], cotangent }) => [() => sumTo(cotangent, y.shape, x.shape)],
  broadcastCotangent: true,
});

/**
 * x repeated to a shape, as broadcasting would. Mostly not needed, since arithmetic broadcasts without writing
 * the repetition to memory.
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes("broadcastTo", x.shape, shape), shape))
    throw opError("broadcastTo", `a shape that ${formatShape(x.shape)} broadcasts to`, formatShape(shape));
  checkedNames(x.shape, shape, []);
  return apply(broadcastToOp, [x], { shape: [...shape] });
}

function checkedNames(from: Shape, to: Shape, lengths: number[]): number[] {
  const missing = to.length - from.length;
  const unknown = to.find((dim, axis) => typeof dim === "string" && from[axis - missing] !== dim);
  if (unknown !== undefined)
    throw opError("broadcastTo", "numbers where x repeats", `${formatShape(from)} to ${formatShape(to)}`);
  return lengths;
}

function invert(order: readonly number[]): number[] {
  const inverse: Dim[] = [];
  order.forEach((axis, i) => {
    inverse[axis] = i;
  });
  return inverse as number[];
}
