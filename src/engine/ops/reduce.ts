import { repeatedAxes } from "../broadcast.ts";
import { apply, type Tensor } from "../graph.ts";
import { defineOp, type Op } from "../op.ts";
import { countOf, type Dim, keepAxes, normalizeAxes, type Shape, sameShape, staticShape } from "../shape.ts";
import { div, mul } from "./arithmetic.ts";
import { cast, equal } from "./compare.ts";
import { expectFloat } from "./operand.ts";
import { reshape } from "./reshape.ts";

/** Axes to reduce (all when absent), and whether they stay with length 1. */
export interface ReduceOptions {
  readonly axes?: readonly number[] | number;
  readonly keepDims?: boolean;
}

export interface ReduceAttributes {
  readonly axes: readonly number[];
}

type Spread = (x: Tensor, g: Tensor, y: Tensor, axes: readonly number[]) => Tensor;

/** A reduction that keeps the axes; `spread` gives the cotangent of x, with length 1 where it repeats. */
function reduction(name: string, type: string, spread: Spread): Op<ReduceAttributes> {
  return defineOp<ReduceAttributes>({
    name,
    infer: ([x], { axes }) => {
      expectFloat(name, x);
      return { shape: keepAxes(x.shape, axes), dtype: x.dtype };
    },
    emit({ inputs, outputs, attributes: { axes }, add, ints }) {
      add(type, [inputs[0], ints(axes)], outputs, { keepdims: 1 });
    },
    vjp: ({ inputs: [x], outputs: [y], attributes: { axes }, cotangent }) => [
      () => spread(x, cotangent, y, axes),
    ],
    broadcastCotangent: true,
  });
}

const plainSumOp = reduction("sum", "ReduceSum", (_x, g) => g);

const sumOp: typeof plainSumOp = {
  ...plainSumOp,
  emit(call) {
    const { node, inputs, outputs, attributes, add, value, floats, ints } = call;
    const [rows] = node.inputs[0].shape;
    if (!isSumOfRows(node.inputs[0], attributes.axes)) return plainSumOp.emit(call);
    const ones = value("Expand", [floats(1), ints([1, rows as number])]); // folded when the model is loaded
    add("MatMul", [ones, inputs[0]], outputs);
  },
};

/** Rows of a matrix are added 1.5 to 4 times as fast by a product with ones as by ReduceSum. */
function isSumOfRows({ shape, dtype }: Tensor, axes: readonly number[]): boolean {
  return dtype === "float32" && shape.length === 2 && sameShape(axes, [0]) && typeof shape[0] === "number";
}

const meanOp = reduction("mean", "ReduceMean", (x, g, _y, axes) => mul(g, 1 / axisCount("mean", x, axes)));
const maxOp = reduction("max", "ReduceMax", shareTies);
const minOp = reduction("min", "ReduceMin", shareTies);

/** The elements that equal the extreme get equal parts of its cotangent, as PyTorch's amax. */
function shareTies(x: Tensor, g: Tensor, y: Tensor, axes: readonly number[]): Tensor {
  const hits = cast(equal(x, y), x.dtype);
  return mul(g, div(hits, sum(hits, { axes, keepDims: true })));
}

/** Σ x over the axes. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { axes, keepDims = false } = options;
  const reduced = normalizeAxes("sum", axes, x.shape.length);
  const rest = x.shape.slice(reduced.length);
  const isLeading = reduced.length > 1 && rest.length > 0 && reduced.every((axis, i) => axis === i);
  if (!isLeading || countOf(x.shape) === null) return reduce(sumOp, x, options);
  // As rows of one matrix.
  const summed = reduce(sumOp, reshape(x, [-1, countOf(rest) as number]), { axes: 0 });
  return reshape(summed, keepDims ? [...reduced.map(() => 1), ...rest] : rest);
}

/** The mean over the axes. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(meanOp, x, options);
}

/** The largest element over the axes; equal ones share the gradient. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(maxOp, x, options);
}

/** The smallest element over the axes; equal ones share the gradient. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(minOp, x, options);
}

/** Elements along the axes. */
export function axisCount(op: string, { shape }: Tensor, axes: readonly number[]): number {
  return staticShape(
    op,
    axes.map((axis) => shape[axis]),
  ).reduce((count, length) => count * length, 1);
}

/**
 * @internal The transpose of broadcasting: `x`, of shape `full` or with length 1 where all its elements are equal,
 * summed to `shape`.
 */
export function sumTo(x: Tensor, full: Shape, shape: Shape): Tensor {
  if (sameShape(full, shape)) return x;
  const axes = repeatedAxes(shape, full);
  const equalAxes = axes.filter((axis) => x.shape[axis] === 1);
  const repeats = axisCount("sum", { ...x, shape: full }, equalAxes);
  const summed = sum(mul(x, repeats), { axes: axes.filter((axis) => x.shape[axis] !== 1), keepDims: true });
  // Leading axes that broadcasting added go; the others may still be of length 1 for repeated elements.
  return reshape(summed, summed.shape.slice(full.length - shape.length));
}

/** @internal Applies a reduction, which keeps its axes, and drops them unless told otherwise. */
export function reduce(
  op: Op<ReduceAttributes>,
  x: Tensor,
  { axes, keepDims = false }: ReduceOptions,
): Tensor {
  const reduced = normalizeAxes(op.name, axes, x.shape.length);
  const kept = reduced.length === 0 ? x : apply(op, [x], { axes: reduced });
  return keepDims ? kept : reshape(kept, dropAxes(kept.shape, reduced));
}

export function dropAxes(shape: Shape, axes: readonly number[]): Dim[] {
  return shape.filter((_, axis) => !axes.includes(axis));
}
