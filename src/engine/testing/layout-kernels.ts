import { elementCount } from "../../core/array.ts";
import { forEachIndex, offset } from "./indices.ts";
import type { Kernel, Value } from "./interpreter.ts";

/** Ops that move elements: for each element of the result the place it comes from, or null for `fill`. */
function pick(
  x: Value,
  shape: readonly number[],
  from: (index: readonly number[]) => readonly number[] | null,
  fill = 0,
): Float64Array {
  const y = new Float64Array(elementCount(shape));
  forEachIndex(shape, (index, i) => {
    const place = from(index);
    y[i] = place === null ? fill : x.data[offset(x.shape, place)];
  });
  return y;
}

const slice: Kernel<{ ranges: readonly { axis: number; start: number; step: number }[] }> = (
  [x],
  { ranges },
  [shape],
) => [
  pick(x, shape, (index) => {
    const place = [...index];
    for (const { axis, start, step } of ranges) place[axis] = start + index[axis] * step;
    return place;
  }),
];

const pad: Kernel<{ before: readonly number[]; value: number }> = ([x], { before, value }, [shape]) => [
  pick(
    x,
    shape,
    (index) => {
      const place = index.map((at, axis) => at - before[axis]);
      return place.every((at, axis) => at >= 0 && at < x.shape[axis]) ? place : null;
    },
    value,
  ),
];

/** The parts of an axis that each of the tensors takes, as the position where it starts. */
function starts(lengths: readonly number[]): number[] {
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return end - length;
  });
}

const concat: Kernel<{ axis: number }> = (inputs, { axis }, [shape]) => {
  const y = new Float64Array(elementCount(shape));
  const first = starts(inputs.map((input) => input.shape[axis]));
  inputs.forEach((input, k) => {
    forEachIndex(input.shape, (index, i) => {
      y[offset(shape, index.with(axis, first[k] + index[axis]))] = input.data[i];
    });
  });
  return [y];
};

const split: Kernel<{ axis: number; sizes: readonly number[] }> = ([x], { axis, sizes }, shapes) => {
  const first = starts(sizes);
  return shapes.map((shape, k) => pick(x, shape, (index) => index.with(axis, first[k] + index[axis])));
};

const gather: Kernel<{ axis: number }> = ([x, indices], { axis }, [shape]) => [
  pick(x, shape, (index) => {
    const at = indices.data[offset(indices.shape, index.slice(axis, axis + indices.shape.length))];
    return [...index.slice(0, axis), at, ...index.slice(axis + indices.shape.length)];
  }),
];

const scatterAdd: Kernel<{ length: number }> = ([rows, indices], { length }) => {
  const width = rows.shape[1];
  const y = new Float64Array(length * width);
  rows.data.forEach((value, i) => {
    y[indices.data[Math.floor(i / width)] * width + (i % width)] += value;
  });
  return [y];
};

const argMax: Kernel<{ axis: number }> = ([x], { axis }, [shape]) => {
  const best = new Float64Array(elementCount(shape)).fill(-Infinity);
  const place = new Float64Array(best.length);
  forEachIndex(x.shape, (index, i) => {
    const at = offset(shape, index);
    if (x.data[i] <= best[at]) return;
    best[at] = x.data[i];
    place[at] = index[axis];
  });
  return [place];
};

// biome-ignore lint/suspicious/noExplicitAny: each kernel knows the attributes of its op.
export const layoutKernels: Readonly<Record<string, Kernel<any>>> = {
  reshape: ([x]) => [x.data],
  transpose: ([x], { order }, [shape]) => [
    pick(x, shape, (index) => {
      const place: number[] = [];
      order.forEach((axis: number, i: number) => {
        place[axis] = index[i];
      });
      return place;
    }),
  ],
  broadcastTo: ([x], _, [shape]) => [pick(x, shape, (index) => index)],
  slice,
  pad,
  concat,
  split,
  flip: ([x], { axes }, [shape]) => [
    pick(x, shape, (index) => index.map((at, axis) => (axes.includes(axis) ? shape[axis] - 1 - at : at))),
  ],
  gather,
  scatterAdd,
  oneHot: ([indices], { depth }, [shape]) => [
    Float64Array.from({ length: elementCount(shape) }, (_, i) =>
      Number(indices.data[Math.floor(i / depth)] === i % depth),
    ),
  ],
  argMax,
};
