import { cropImage, cropRows } from "../../core/crop.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import { type Box, formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { countLabels, IGNORE, type LabelMap } from "../../core/label-map.ts";
import { mirrorRows } from "../../core/mirror.ts";
import type { Random } from "../../core/random.ts";
import { resizeGray, resizeImage, resizeLabels } from "../../core/resize.ts";

/** A rectangle of a picture, px, as it is seen in training. */
export interface CropPlan extends Size {
  readonly y0: number;
  readonly x0: number;
  /** Of what the rectangle becomes, at most the square's side each; the rest of the square is empty. */
  readonly scaled: Size;
  readonly isMirrored: boolean;
}

export interface CropOptions {
  /** Of the square, px. */
  readonly side: number;
  /** Bounds of the random scale; 1 makes a picture's shorter side that of the square. Default 0.5 to 2, as published. */
  readonly scale?: { readonly low: number; readonly high: number };
}

/** A longer side that is this many times the shorter one is scaled as if it were not longer. @see mmsegmentation, `Resize` with img_scale (2048, 512) */
const MAX_ASPECT = 4;
/** Of a crop's known pixels that may be of one class. @see mmsegmentation, `RandomCrop`, cat_max_ratio */
const MAX_CLASS_SHARE = 0.75;
const ATTEMPTS = 10;

/**
 * Chooses what of a picture a step sees: a random scale, a square out of the scaled picture, mirrored or not. A square of which more than three
 * quarters are one class is drawn again, up to ten times. Where the scaled picture is smaller than the square, all of it is seen.
 *
 * The rectangle is cut before it is scaled, so that a step costs the same for pictures of any size; its sides are whole pixels of the picture.
 *
 * @param labels  decides about the classes; null where shares of classes are learned
 * @see NVlabs/SegFormer, `local_configs/_base_/datasets/ade20k_repeat.py`
 */
export function planCrop(
  size: Size,
  labels: LabelMap | null,
  random: Random,
  options: CropOptions,
): CropPlan {
  const { side, scale: bounds = { low: 0.5, high: 2 } } = options;
  if (!(Number.isInteger(side) && side >= 1 && side <= 8192))
    throw invalid("planCrop: side", "an integer from 1 to 8192", side);
  if (labels !== null && !isSameSize(size, labels))
    throw shapeMismatch("planCrop: labels", `${formatSize(size)} like the picture`, formatSize(labels));
  const scale = wholeScale(size, side) * random.between(bounds.low, bounds.high);
  const isMirrored = random.next() < 0.5;
  const [rows, columns] = [size.height, size.width].map((length) => spanOf(length, scale, side));
  let plan: CropPlan;
  for (let attempt = 1; ; attempt++) {
    plan = {
      y0: random.integer(size.height - rows.length + 1),
      x0: random.integer(size.width - columns.length + 1),
      height: rows.length,
      width: columns.length,
      scaled: { height: rows.scaled, width: columns.scaled },
      isMirrored,
    };
    if (labels === null || attempt === ATTEMPTS || isVaried(labels, plan)) return plan;
  }
}

/** The scale in the middle of those that training sees: the shorter side has the square's, unless the other would have more than four of it. */
export function wholeScale({ height, width }: Size, side: number): number {
  return Math.min(side / Math.min(height, width), (MAX_ASPECT * side) / Math.max(height, width));
}

/** Pixels of a picture's side that a square sees, and how many of the square they become. */
function spanOf(total: number, scale: number, side: number): { length: number; scaled: number } {
  const wanted = Math.max(1, Math.round(side / scale));
  if (wanted <= total) return { length: wanted, scaled: side };
  return { length: total, scaled: Math.min(side, Math.max(1, Math.round(total * scale))) };
}

/** Whether no class has most of the pixels that are known. */
function isVaried(labels: LabelMap, plan: CropPlan): boolean {
  const counts = countLabels(cutLabels(labels, plan));
  counts[IGNORE] = 0;
  const known = counts.reduce((sum, count) => sum + count, 0);
  return Math.max(...counts) <= MAX_CLASS_SHARE * known;
}

/** The picture's rectangle at its scaled size, bilinear. */
export function cropPixels(image: RgbImage, plan: CropPlan): RgbImage {
  const scaled = resizeImage(cropImage(image, windowOf(plan)), plan.scaled, "bilinear");
  return plan.isMirrored ? { ...scaled, data: mirrorRows(scaled.data, scaled.width, 3) } : scaled;
}

/** A picture at the top left of a square, channel by channel: [3, S, S]. @param fill  levels of the rest */
export function packSquare(image: RgbImage, side: number, fill: readonly number[]): Uint8Array {
  const { height, width, data } = image;
  const pixels = new Uint8Array(3 * side * side);
  for (let c = 0; c < 3; c++) {
    const plane = pixels.subarray(c * side * side, (c + 1) * side * side);
    if (height < side || width < side) plane.fill(fill[c]);
    for (let i = 0, from = c; i < height; i++)
      for (let at = i * side, end = at + width; at < end; at++, from += 3) plane[at] = data[from];
  }
  return pixels;
}

/** The rectangle of a label map in a square: nearest, `IGNORE` where there is no picture. */
export function cropLabels(labels: LabelMap, plan: CropPlan, side: number): LabelMap {
  return placed(resizeLabels(cutLabels(labels, plan), plan.scaled), plan, side, IGNORE);
}

/** The same of levels, which are blended; 0 where there is no picture. */
export function cropLevels(levels: LabelMap, plan: CropPlan, side: number): LabelMap {
  const { height, width, data } = resizeGray(cutLabels(levels, plan), plan.scaled, "bilinear");
  return placed({ height, width, data: data as Uint8Array }, plan, side, 0);
}

function cutLabels({ width, data }: LabelMap, plan: CropPlan): LabelMap {
  const cut = cropRows(data, { width, channels: 1 }, windowOf(plan));
  return { height: plan.height, width: plan.width, data: cut };
}

function windowOf({ y0, x0, height, width }: CropPlan): Box {
  return { y0, x0, y1: y0 + height, x1: x0 + width };
}

/** At the top left of a square, mirrored or not. */
function placed(
  { height, width, data }: LabelMap,
  { isMirrored }: CropPlan,
  side: number,
  fill: number,
): LabelMap {
  const own = isMirrored ? mirrorRows(data, width, 1) : data;
  if (height === side && width === side) return { height, width, data: own };
  const square = new Uint8Array(side * side).fill(fill);
  for (let i = 0; i < height; i++) square.set(own.subarray(i * width, (i + 1) * width), i * side);
  return { height: side, width: side, data: square };
}
