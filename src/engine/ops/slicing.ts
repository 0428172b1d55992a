import { apply, type Tensor } from "../graph.ts";
import { defineOp } from "../op.ts";
import { formatShape, normalizeAxis, opError, staticShape } from "../shape.ts";
import { reshape } from "./reshape.ts";

/** Elements start, start + step, … before end along one axis; negative positions count from the end. */
export interface SliceRange {
  readonly axis: number;
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
}

interface SliceAttributes {
  readonly ranges: readonly Required<SliceRange>[];
}

const sliceOp = defineOp<SliceAttributes>({
  name: "slice",
  infer: ([x], { ranges }) => {
    const shape = [...x.shape];
    for (const range of ranges) shape[range.axis] = rangeLength(range);
    return { shape, dtype: x.dtype };
  },
  emit({ inputs, outputs, attributes: { ranges }, add, ints }) {
    const column = (key: keyof SliceRange): string => ints(ranges.map((range) => range[key]));
    const steps = ranges.some(({ step }) => step !== 1) ? [column("step")] : [];
    add("Slice", [inputs[0], column("start"), column("end"), column("axis"), ...steps], outputs);
  },
  vjp: ({ inputs: [x], attributes: { ranges }, cotangent }) => [() => scatterRanges(cotangent, x, ranges)],
});

/** The part of x in all the given ranges. */
export function slice(x: Tensor, ...ranges: readonly SliceRange[]): Tensor {
  const resolved = ranges
    .map((range) => resolveRange(x, range))
    .filter(({ axis, start, end, step }) => start !== 0 || end !== x.shape[axis] || step !== 1)
    .sort((a, b) => a.axis - b.axis);
  if (new Set(resolved.map(({ axis }) => axis)).size !== resolved.length)
    throw opError("slice", "one range for an axis", formatShape(resolved.map(({ axis }) => axis)));
  return resolved.length === 0 ? x : apply(sliceOp, [x], { ranges: resolved });
}

function resolveRange(
  { shape }: Tensor,
  { axis: from, start = 0, end, step = 1 }: SliceRange,
): Required<SliceRange> {
  const axis = normalizeAxis("slice", from, shape.length);
  const length = shape[axis];
  const fail = (expected: string): Error =>
    opError(
      "slice",
      expected,
      `${start} to ${end ?? "the end"} by ${step} at axis ${axis} of ${formatShape(shape)}`,
    );
  if (!Number.isInteger(start) || !Number.isInteger(end ?? 0)) throw fail("integer positions");
  if (!Number.isInteger(step) || step < 1) throw fail("a step of 1 or more (flip turns an axis around)");
  if (typeof length === "string") {
    if (end === undefined || start < 0 || end < start)
      throw fail("a start and an end from the front of a named axis");
    return { axis, start, end, step };
  }
  const first = start < 0 ? start + length : start;
  const last = end === undefined ? length : end < 0 ? end + length : end;
  if (first < 0 || last > length || first > last) throw fail("a range inside the axis");
  return { axis, start: first, end: last, step };
}

function rangeLength({ start, end, step }: Required<SliceRange>): number {
  return Math.ceil((end - start) / step);
}

/** The transpose of slice: `part` put back to its places among zeros. */
function scatterRanges(part: Tensor, { shape }: Tensor, ranges: readonly Required<SliceRange>[]): Tensor {
  const lengths = staticShape("slice", shape);
  const spread = dilate(part, new Map(ranges.map(({ axis, step }) => [axis, step])));
  const fitted = slice(
    spread,
    ...ranges.map(({ axis, start }) => {
      const length = spread.shape[axis] as number;
      return { axis, end: Math.min(length, lengths[axis] - start) };
    }),
  );
  return pad(
    fitted,
    ranges.map(({ axis, start }) => ({
      axis,
      before: start,
      after: lengths[axis] - start - (fitted.shape[axis] as number),
    })),
  );
}

/** Each element followed by step − 1 zeros, along several axes. */
function dilate(x: Tensor, steps: ReadonlyMap<number, number>): Tensor {
  const stepAt = (axis: number): number => steps.get(axis) ?? 1;
  if (x.shape.every((_, axis) => stepAt(axis) === 1)) return x;
  const apart = reshape(
    x,
    x.shape.flatMap((dim) => [dim, 1]),
  );
  const padded = pad(
    apart,
    x.shape.map((_, axis) => ({ axis: 2 * axis + 1, before: 0, after: stepAt(axis) - 1 })),
  );
  return reshape(
    padded,
    staticShape("slice", x.shape).map((dim, axis) => dim * stepAt(axis)),
  );
}

/** Elements to add at both ends of one axis. */
export interface PadRange {
  readonly axis: number;
  readonly before?: number;
  readonly after?: number;
}

interface PadAttributes {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

const padOp = defineOp<PadAttributes>({
  name: "pad",
  infer: ([x], { before, after }) => ({
    shape: x.shape.map((dim, axis) => {
      const added = before[axis] + after[axis];
      if (typeof dim === "number") return dim + added;
      if (added === 0) return dim;
      throw opError("pad", `a number at axis ${axis}`, formatShape(x.shape));
    }),
    dtype: x.dtype,
  }),
  emit({ inputs, outputs, attributes: { before, after, value }, add, ints, floats }) {
    const fill = value === 0 ? [] : [floats(value)];
    add("Pad", [inputs[0], ints([...before, ...after]), ...fill], outputs);
  },
  vjp: ({ inputs: [x], attributes: { before }, cotangent }) => [
    () =>
      slice(
        cotangent,
        ...staticShape("pad", x.shape).map((length, axis) => ({
          axis,
          start: before[axis],
          end: before[axis] + length,
        })),
      ),
  ],
});

/** x with `value` (0) added around it. */
export function pad(x: Tensor, ranges: readonly PadRange[], { value = 0 }: { value?: number } = {}): Tensor {
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  for (const range of ranges) {
    const axis = normalizeAxis("pad", range.axis, x.shape.length);
    before[axis] += range.before ?? 0;
    after[axis] += range.after ?? 0;
  }
  const amounts = [...before, ...after];
  if (!amounts.every((amount) => Number.isInteger(amount) && amount >= 0))
    throw opError("pad", "integers >= 0", formatShape(amounts));
  return amounts.every((amount) => amount === 0) ? x : apply(padOp, [x], { before, after, value });
}

const flipOp = defineOp<{ readonly axes: readonly number[] }>({
  name: "flip",
  infer: ([x]) => x,
  emit({ inputs, outputs, attributes: { axes }, add, ints }) {
    // With a negative step the end is clamped to just before the first element.
    const each = (value: number): string => ints(axes.map(() => value));
    add("Slice", [inputs[0], each(-1), each(-(2 ** 31)), ints(axes), each(-1)], outputs);
  },
  vjp: ({ attributes: { axes }, cotangent }) => [() => flip(cotangent, axes)],
});

/** x with the order of elements along the axes turned around. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  return apply(flipOp, [x], { axes: axes.map((axis) => normalizeAxis("flip", axis, x.shape.length)) });
}
