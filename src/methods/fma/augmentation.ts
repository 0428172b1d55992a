import { cropImage, cropRows } from "../../core/crop.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import { type Box, formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import type { LabelMap } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { mirrorRows } from "../../core/mirror.ts";
import type { Random } from "../../core/random.ts";
import { resizeImage, resizeLabels } from "../../core/resize.ts";
import { jitterColors } from "./color-jitter.ts";

export interface AugmentOptions {
  /** Side of the square cut out, px. */
  readonly side: number;
  /** Bounds of the scaled picture's long side, both inclusive; the short side is at least `side` in any case. */
  readonly longSide: { readonly low: number; readonly high: number };
}

export interface Augmented<L extends LabelMap | null> {
  readonly image: RgbImage;
  readonly labels: L;
}

/** Pixels of a scaled picture above which it is cut before it is scaled. */
const MAX_SCALED_PIXELS = 4_000_000;

/**
 * A picture as training sees it: colors jittered, scaled, a square cut out, mirrored or not; a label map the same way. All
 * by the generator given.
 *
 * A picture so thin that scaling its short side to the square would make it huge (1 × 5000 would become 224 × 1,120,000) is
 * first cut to a part that gives four squares.
 *
 * @see HAL-42/FMA-WSSS, its data loader: bicubic for pictures, nearest for labels
 */
export function augment<L extends LabelMap | null>(
  image: RgbImage,
  labels: L,
  random: Random,
  options: AugmentOptions,
): Augmented<L> {
  const { side, longSide } = options;
  checkOptions(image, labels, options);
  const target = longSide.low + random.integer(longSide.high - longSide.low + 1);
  const whole = { image: jitterColors(image, random), labels };
  const scale = scaleOf(image, target, side);
  const cut = isHuge(image, scale) ? cutThin(whole, Math.ceil((4 * side) / scale), random) : whole;
  const size = {
    height: Math.max(side, roundHalfEven(scale * cut.image.height)),
    width: Math.max(side, roundHalfEven(scale * cut.image.width)),
  };
  const scaled = {
    image: resizeImage(cut.image, size, "bicubic"),
    labels: (cut.labels === null ? null : resizeLabels(cut.labels, size)) as L,
  };
  const y0 = random.integer(size.height - side + 1);
  const x0 = random.integer(size.width - side + 1);
  const square = cutOut(scaled, { y0, x0, y1: y0 + side, x1: x0 + side });
  return random.next() < 0.5 ? mirrored(square) : square;
}

function scaleOf({ height, width }: Size, target: number, side: number): number {
  return Math.max(target / Math.max(height, width), side / Math.min(height, width));
}

function isHuge({ height, width }: Size, scale: number): boolean {
  return height * width * scale * scale > MAX_SCALED_PIXELS;
}

/** At most `length` pixels of the long side, from anywhere. */
function cutThin<L extends LabelMap | null>(
  pair: Augmented<L>,
  length: number,
  { integer }: Random,
): Augmented<L> {
  const { height, width } = pair.image;
  const kept = { height: Math.min(height, Math.max(length, 1)), width: Math.min(width, Math.max(length, 1)) };
  const y0 = integer(height - kept.height + 1);
  const x0 = integer(width - kept.width + 1);
  return cutOut(pair, { y0, x0, y1: y0 + kept.height, x1: x0 + kept.width });
}

function cutOut<L extends LabelMap | null>({ image, labels }: Augmented<L>, window: Box): Augmented<L> {
  const cropped = cropImage(image, window);
  const data = labels === null ? null : cropRows(labels.data, { width: labels.width, channels: 1 }, window);
  return { image: cropped, labels: (data === null ? null : { ...cropped, data }) as L };
}

/** Left and right exchanged. */
function mirrored<L extends LabelMap | null>({ image, labels }: Augmented<L>): Augmented<L> {
  return {
    image: { ...image, data: mirrorRows(image.data, image.width, 3) },
    labels: (labels === null ? null : { ...labels, data: mirrorRows(labels.data, labels.width, 1) }) as L,
  };
}

/** As Python's round. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function checkOptions(image: RgbImage, labels: LabelMap | null, { side, longSide }: AugmentOptions): void {
  checkSize("augment: image", image);
  if (labels !== null && !isSameSize(image, labels))
    throw shapeMismatch("augment: labels", `${formatSize(image)} like the image`, formatSize(labels));
  if (!(Number.isInteger(side) && side >= 1 && side <= 2048))
    throw invalid("augment: side", "an integer from 1 to 2048", side);
  const { low, high } = longSide;
  if (!(Number.isInteger(low) && Number.isInteger(high) && low >= 1 && high >= low && high <= 8192))
    throw invalid("augment: longSide", "1 <= low <= high <= 8192", `${low} to ${high}`);
}
