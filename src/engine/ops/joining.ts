import { apply, applyAll, constant, type Tensor } from "../graph.ts";
import { defineOp } from "../op.ts";
import { type Dim, formatShape, normalizeAxis, opError, sameShape, staticShape } from "../shape.ts";
import { broadcastTo } from "./layout.ts";
import { slice } from "./slicing.ts";

const concatOp = defineOp<{ readonly axis: number }>({
  name: "concat",
  infer: (inputs, { axis }) => {
    const [{ shape: first, dtype }] = inputs;
    const rest = (shape: readonly Dim[]): Dim[] => shape.toSpliced(axis, 1);
    if (!inputs.every((each) => each.dtype === dtype && sameShape(rest(each.shape), rest(first))))
      throw opError(
        "concat",
        `shapes and dtypes that agree but for axis ${axis}`,
        inputs.map((each) => `${each.dtype} ${formatShape(each.shape)}`).join(" and "),
      );
    return { shape: first.toSpliced(axis, 1, totalLength(inputs.map(({ shape }) => shape[axis]))), dtype };
  },
  emit({ inputs, outputs, attributes: { axis }, add }) {
    add("Concat", inputs, outputs, { axis });
  },
  vjp({ inputs, attributes: { axis }, cotangent }) {
    let end = 0;
    return inputs.map(({ shape }) => {
      const start = end;
      end += staticShape("concat", [shape[axis]])[0];
      const range = { axis, start, end };
      return () => slice(cotangent, range);
    });
  },
});

/** A number, or a name such as "5 + points" where lengths are named. */
function totalLength(lengths: readonly Dim[]): Dim {
  const names = lengths.filter((length) => typeof length === "string");
  const known = lengths.reduce<number>((sum, length) => (typeof length === "number" ? sum + length : sum), 0);
  return names.length === 0 ? known : [...(known > 0 ? [known] : []), ...names].join(" + ");
}

/** The tensors one after the other along an axis; all other axes agree. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 0) throw opError("concat", "at least one tensor", "none");
  const at = normalizeAxis("concat", axis, tensors[0].shape.length);
  return tensors.length === 1 ? tensors[0] : apply(concatOp, tensors, { axis: at });
}

interface SplitAttributes {
  readonly axis: number;
  readonly sizes: readonly number[];
}

const splitOp = defineOp<SplitAttributes>({
  name: "split",
  infer: ([x], { axis, sizes }) =>
    sizes.map((size) => ({ shape: x.shape.toSpliced(axis, 1, size), dtype: x.dtype })),
  emit({ inputs, outputs, node, attributes: { axis, sizes }, add, ints }) {
    // Split writes all its outputs, wanted or not.
    const names = outputs.map((name, i) => (name === "" ? `unused#${node.id}.${i}` : name));
    add("Split", [inputs[0], ints(sizes)], names, { axis });
  },
  vjp: ({ outputs, attributes: { axis }, cotangents }) => [
    () =>
      concat(
        outputs.map(({ graph, shape }, i) => cotangents[i] ?? broadcastTo(constant(graph, 0), shape)),
        axis,
      ),
  ],
});

/** x cut along an axis into parts of the given sizes, or into that many equal parts. */
export function split(x: Tensor, axis: number, parts: readonly number[] | number): Tensor[] {
  const at = normalizeAxis("split", axis, x.shape.length);
  const [length] = staticShape("split", [x.shape[at]]);
  const sizes = typeof parts === "number" ? Array<number>(parts).fill(length / parts) : parts;
  if (
    sizes.reduce((a, b) => a + b, 0) !== length ||
    !sizes.every((size) => Number.isInteger(size) && size >= 0)
  )
    throw opError("split", `integer sizes that add up to ${length}`, formatShape(sizes));
  return sizes.length === 1 ? [x] : [...applyAll(splitOp, [x], { axis: at, sizes: [...sizes] })];
}
