import { apply, constant, constantValue, type Tensor } from "../graph.ts";
import { defineOp } from "../op.ts";
import { countOf, type Dim, formatShape, normalizeAxis, opError, type Shape, sameShape } from "../shape.ts";

const reshapeOp = defineOp<{ readonly shape: Shape }>({
  name: "reshape",
  infer: ([x], { shape }) => ({ shape, dtype: x.dtype }),
  emit({ inputs, outputs, node, attributes: { shape }, add, ints }) {
    const target = ints(reshapeTarget(node.inputs[0].shape, shape));
    add("Reshape", [inputs[0], target], outputs, shape.includes(0) ? { allowzero: 1 } : {});
  },
  vjp: ({ inputs: [x], cotangent }) => [() => reshape(cotangent, x.shape)],
});

/**
 * The same elements in row-major order under another shape. One length may be −1 for what remains.
 * Named dimensions keep their place, or one of them moves to another axis.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const target = shape.includes(-1) ? inferLength(x.shape, shape) : shape;
  if (sameShape(x.shape, target)) return x;
  if (numbersOf(x.shape) !== numbersOf(target) || namesOf(x.shape) !== namesOf(target))
    throw cannotReshape(x.shape, target);
  const value = constantValue(x);
  if (value !== null) return constant(x.graph, [value], { shape: target as number[], dtype: x.dtype });
  // A reshape of a reshape is one; with names in between it may be a move that takes two steps.
  const source = x.node.op === reshapeOp && countOf(x.shape) !== null ? x.node.inputs[0] : x;
  if (sameShape(source.shape, target)) return source;
  reshapeTarget(source.shape, target);
  return apply(reshapeOp, [source], { shape: [...target] });
}

/** x with a new axis of length 1 at `axis`, counted in the result. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis("expandDims", axis, x.shape.length + 1);
  return reshape(x, x.shape.toSpliced(at, 0, 1));
}

/** x without the given axis, whose length must be 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis("squeeze", axis, x.shape.length);
  if (x.shape[at] !== 1) throw opError("squeeze", `length 1 at axis ${at}`, formatShape(x.shape));
  return reshape(x, x.shape.toSpliced(at, 1));
}

/** ONNX's way to write named dimensions: 0 copies the length at the same axis, one −1 is what remains. */
function reshapeTarget(from: Shape, to: Shape): number[] {
  if (countOf(to) !== null) return to as number[];
  const target = to.map((dim, axis) => (typeof dim === "number" ? dim : from[axis] === dim ? 0 : -1));
  // Beside a copied length one that really is 0 cannot be written.
  if (target.filter((dim) => dim === -1).length > 1 || to.includes(0))
    throw opError(
      "reshape",
      "at most one named dimension that moves",
      `${formatShape(from)} to ${formatShape(to)}`,
    );
  return target;
}

function inferLength(from: Shape, to: Shape): Dim[] {
  const known = to.filter((dim) => dim !== -1);
  const missing = from.filter((dim) => typeof dim === "string" && !to.includes(dim));
  const rest = numbersOf(from) / numbersOf(known);
  if (known.length !== to.length - 1 || missing.length > 1 || !Number.isInteger(rest))
    throw cannotReshape(from, to);
  if (missing.length === 1 && rest !== 1) throw cannotReshape(from, to);
  return to.map((dim) => (dim === -1 ? (missing[0] ?? rest) : dim));
}

/** Product of the lengths that are numbers. */
function numbersOf(shape: Shape): number {
  return shape.reduce<number>((count, dim) => (typeof dim === "number" ? count * dim : count), 1);
}

function namesOf(shape: Shape): string {
  const names = shape.filter((dim) => typeof dim === "string");
  return names.sort().join();
}

function cannotReshape(from: Shape, to: Shape): Error {
  return opError("reshape", `a shape of as many elements as ${formatShape(from)}`, formatShape(to));
}
