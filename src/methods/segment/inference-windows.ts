import { invalid } from "../../core/error.ts";

/** Squares that slide over a picture. */
export interface SlidingWindow {
  /** px */
  readonly side: number;
  /** From one to the next, px. */
  readonly stride: number;
}

/** The windows along one axis of a picture: at multiples of the stride, the last one pulled back to the end. */
export interface WindowAxis {
  /** px of the picture. */
  readonly total: number;
  /** px of each window: its side, or all of a shorter picture. */
  readonly length: number;
  readonly stride: number;
  readonly count: number;
}

/** @see mmsegmentation, `EncoderDecoder.slide_inference` */
export function windowAxis(total: number, { side, stride }: SlidingWindow): WindowAxis {
  const count = Math.floor((Math.max(total - side, 0) + stride - 1) / stride) + 1;
  return { total, length: Math.min(side, total), stride, count };
}

/** First pixel of a window. */
export function windowStart({ total, length, stride }: WindowAxis, k: number): number {
  return Math.min(k * stride, total - length);
}

/**
 * The windows that a stretch of the picture needs, half-open; all of them between the first and the last do overlap it.
 *
 * @param from  px, and `to`: half-open, need not be whole
 */
export function windowsOver(axis: WindowAxis, from: number, to: number): { first: number; end: number } {
  const { length, stride, count } = axis;
  const last = count - 1;
  const first = Math.max(0, Math.floor((from - length) / stride) + 1);
  const end = windowStart(axis, last) < to ? count : Math.ceil(to / stride);
  return { first: Math.min(first, last), end: Math.min(end, count) };
}

/**
 * The pixels of a grid over the picture whose centers lie in a window, half-open.
 *
 * @param gridTotal  pixels of the grid along the axis
 */
export function windowSpan(axis: WindowAxis, k: number, gridTotal: number): { from: number; to: number } {
  const start = windowStart(axis, k);
  const place = (px: number): number => Math.ceil((px * gridTotal) / axis.total - 0.5);
  return { from: place(start), to: place(start + axis.length) };
}

/** @throws MaskwrightError INVALID_ARGUMENT for a window that would not move, leave gaps, or be larger than `maxSide` */
export function checkWindow({ side, stride }: SlidingWindow, maxSide: number): void {
  if (!(Number.isInteger(side) && side >= 1 && side <= maxSide))
    throw invalid("window: side", `an integer from 1 to ${maxSide}`, side);
  if (!(Number.isInteger(stride) && stride >= 1 && stride <= side))
    throw invalid("window: stride", `an integer from 1 to the side of ${side}`, stride);
}
