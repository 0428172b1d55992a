import type { Size } from "../../core/geometry.ts";
import type { NetworkSides } from "../../methods/segment/inference-network.ts";
import type { ScoreOptions } from "../../methods/segment/inference-views.ts";
import { wholeScale } from "../../methods/segment/training-crop.ts";

/** How photos are looked at. */
export interface LookOptions {
  /** Through a window that slides, whatever a photo's size. */
  readonly sliding: boolean;
  /** Of the window, px; null is what the model was trained on. */
  readonly window: number | null;
  /** px; null is three quarters of the window. */
  readonly stride: number | null;
  /** Sizes of each photo, in units of that at which the model was trained. */
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly crf: boolean;
}

/** Of the largest window that is taken from what a model was trained on, px. */
const MAX_WINDOW = 2048;

/** Largest factor by which a photo is enlarged: those so small have nothing to see. */
const MAX_SCALE = 8;

/**
 * The look at a photo of a size. Its scale 1 is the middle of those that training sees: the shorter side has that of the squares.
 *
 * @param side  of the squares that the model was trained on
 */
export function scoreOptions(
  { sliding, window, stride, scales, flip }: LookOptions,
  size: Size,
  { side, sides: { kind, step } }: { readonly side: number; readonly sides: NetworkSides },
): ScoreOptions {
  const own = window ?? (kind === "exact" ? step : Math.min(side, MAX_WINDOW));
  const fallback = { side: own, stride: stride ?? Math.ceil((3 * own) / 4) };
  const scale = wholeScale(size, side);
  return {
    fallback,
    ...(sliding && { window: fallback }),
    scales: scales.map((each) => Math.min(each * scale, MAX_SCALE)),
    flip,
  };
}
