import { elementCount } from "../../core/array.ts";
import { apply, type Tensor } from "../graph.ts";
import { defineOp, onnxNode } from "../op.ts";
import { formatShape, keepAxes, normalizeAxis, opError, staticShape } from "../shape.ts";
import { transpose } from "./layout.ts";
import { expectFloat } from "./operand.ts";
import { dropAxes } from "./reduce.ts";
import { reshape } from "./reshape.ts";

const gatherOp = defineOp<{ readonly axis: number }>({
  name: "gather",
  infer: ([x, indices], { axis }) => ({
    shape: x.shape.toSpliced(axis, 1, ...indices.shape),
    dtype: x.dtype,
  }),
  emit: onnxNode("Gather", ({ axis }) => ({ axis })),
  vjp: ({ inputs: [x, indices], attributes: { axis }, cotangent }) => [
    () => scatterAdd(cotangent, indices, { axis, length: staticShape("gather", [x.shape[axis]])[0] }),
    null,
  ],
});

/**
 * The elements of x at integer positions along an axis; the axis is replaced by the axes of `indices`.
 * Positions lie in 0 … length − 1: they are not checked while the graph is built.
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  expectIndices("gather", indices);
  return apply(gatherOp, [x, indices], { axis: normalizeAxis("gather", axis, x.shape.length) });
}

/** Adds the rows of a matrix to rows of a zero matrix: [K, D] to [length, D]. */
const scatterAddOp = defineOp<{ readonly length: number }>({
  name: "scatterAdd",
  infer: ([rows], { length }) => {
    expectFloat("scatterAdd", rows);
    return { shape: [length, rows.shape[1]], dtype: rows.dtype };
  },
  emit({ inputs: [rows, indices], outputs, node, attributes: { length }, add, value, ints, floats }) {
    const [count, width] = staticShape("scatterAdd", node.inputs[0].shape);
    // ScatterElements adds one after the other; ScatterND would let threads race for a row.
    const zeros = value("Expand", [floats(0), ints([length, width])]);
    const column = value("Reshape", [indices, ints([count, 1])]);
    const everywhere = value("Expand", [column, ints([count, width])]);
    add("ScatterElements", [zeros, everywhere, rows], outputs, { axis: 0, reduction: "add" });
  },
  vjp: ({ inputs: [, indices], cotangent }) => [() => gather(cotangent, indices, 0), null],
});

/**
 * The transpose of {@link gather}: zeros of the given length along the axis, with each element of `updates` added
 * at its position; positions may repeat.
 *
 * @param updates  [before…, shape of indices…, after…]
 * @returns        [before…, length, after…]
 */
export function scatterAdd(
  updates: Tensor,
  indices: Tensor,
  { axis = 0, length }: { axis?: number; length: number },
): Tensor {
  expectIndices("scatterAdd", indices);
  const shape = staticShape("scatterAdd", updates.shape);
  const places = staticShape("scatterAdd", indices.shape);
  const before = shape.slice(0, axis);
  const after = shape.slice(axis + places.length);
  if (formatShape(shape) !== formatShape([...before, ...places, ...after]) || axis < 0 || axis > shape.length)
    throw opError("scatterAdd", `updates with ${formatShape(places)} at axis ${axis}`, formatShape(shape));
  const [outer, count, inner] = [before, places, after].map(elementCount);
  const rows = reshape(transpose(reshape(updates, [outer, count, inner]), [1, 0, 2]), [count, outer * inner]);
  const sums = apply(scatterAddOp, [rows, reshape(indices, [count])], { length });
  return reshape(transpose(reshape(sums, [length, outer, inner]), [1, 0, 2]), [...before, length, ...after]);
}

const oneHotOp = defineOp<{ readonly depth: number }>({
  name: "oneHot",
  infer: ([indices], { depth }) => ({ shape: [...indices.shape, depth], dtype: "float32" }),
  emit({ inputs, outputs, attributes: { depth }, add, ints, floats }) {
    add("OneHot", [inputs[0], ints([depth]), floats([0, 1])], outputs, { axis: -1 });
  },
});

/** For each index a vector of `depth` zeros with a 1 at the index; all zeros outside 0 … depth − 1. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  expectIndices("oneHot", indices);
  return apply(oneHotOp, [indices], { depth });
}

const argMaxOp = defineOp<{ readonly axis: number }>({
  name: "argMax",
  infer: ([x], { axis }) => ({ shape: keepAxes(x.shape, [axis]), dtype: "int64" }),
  emit: onnxNode("ArgMax", ({ axis }) => ({ axis, keepdims: 1 })),
});

/** Position of the largest element along an axis as int64, the first of equals; the axis goes. */
export function argMax(x: Tensor, axis = -1): Tensor {
  const at = normalizeAxis("argMax", axis, x.shape.length);
  const kept = apply(argMaxOp, [x], { axis: at });
  return reshape(kept, dropAxes(kept.shape, [at]));
}

function expectIndices(op: string, { dtype }: Tensor): void {
  if (dtype !== "int64" && dtype !== "int32")
    throw opError(`${op}: indices`, "int64 or int32", dtype, "use cast");
}
