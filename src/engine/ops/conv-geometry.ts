import type { Tensor } from "../graph.ts";
import { formatShape, opError } from "../shape.ts";

/** One number for both axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];
/** One number for all sides, [vertical, horizontal], or [top, left, bottom, right]. */
export type Sides = Pair | readonly [number, number, number, number];

/** How a window moves over a picture; a group connects a part of the input channels to a part of the output's. */
export interface WindowAttributes {
  readonly strides: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
}

export interface WindowOptions {
  readonly stride?: Pair;
  readonly pad?: Sides;
  readonly dilation?: Pair;
}

export function windowAttributes(
  op: string,
  { stride = 1, pad = 0, dilation = 1 }: WindowOptions,
): WindowAttributes {
  const strides = toPair(stride);
  const dilations = toPair(dilation);
  const pads = toSides(pad);
  if (![...strides, ...dilations].every((value) => Number.isInteger(value) && value >= 1))
    throw opError(
      op,
      "strides and dilations that are integers >= 1",
      formatShape([...strides, ...dilations]),
    );
  if (!pads.every((value) => Number.isInteger(value) && value >= 0))
    throw opError(op, "pads that are integers >= 0", formatShape(pads));
  return { strides, pads, dilations };
}

export function toPair(value: Pair): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

function toSides(value: Sides): readonly [number, number, number, number] {
  if (typeof value === "number") return [value, value, value, value];
  return value.length === 4 ? value : [value[0], value[1], value[0], value[1]];
}

/** Positions of a window of `kernel` along the two picture axes: ⌊(size + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1. */
export function windowCounts(
  op: string,
  x: Tensor,
  kernel: readonly number[],
  { strides, pads, dilations }: WindowAttributes,
): [number, number] {
  const sizes = pictureSize(op, x);
  const counts = sizes.map((size, i) => {
    const reach = dilations[i] * (kernel[i] - 1) + 1;
    return Math.floor((size + pads[i] + pads[i + 2] - reach) / strides[i]) + 1;
  });
  if (counts.some((count) => count < 1))
    throw opError(op, `a picture larger than its window of ${formatShape(kernel)}`, formatShape(x.shape));
  return counts as [number, number];
}

/** Height and width of [N, C, H, W], which have to be numbers; N may have a name. */
export function pictureSize(op: string, { shape }: Tensor): [number, number] {
  const [height, width] = shape.slice(-2);
  if (typeof height === "number" && typeof width === "number") return [height, width];
  throw opError(op, "numbers for height and width", formatShape(shape));
}
