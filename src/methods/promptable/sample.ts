import type { NdArray } from "../../core/array.ts";
import { cropImage } from "../../core/crop.ts";
import { type Box, boxArea, intersectBoxes, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import type { Mask } from "../../core/mask.ts";
import { mirrorRows } from "../../core/mirror.ts";
import type { Random } from "../../core/random.ts";
import { recolor } from "../../core/recolor.ts";
import { resizeImage } from "../../core/resize.ts";
import { decodeRle, encodeRle, type Rle, rleArea, rleBox } from "../../core/rle.ts";
import type { Arrays } from "../../engine/index.ts";
import { HYBRID_STRIDE } from "../../models/sam/config.ts";
import { padPixels } from "../../models/sam/preprocess.ts";
import { askByBox, askByPoint } from "./mask-prompts.ts";

/** A picture and the masks of what is in it; masks may overlap, as a wheel does with its car. */
export interface MaskedPicture {
  readonly image: RgbImage;
  readonly masks: readonly Rle[];
}

export interface SampleOptions {
  /** Side of the model's input, px. */
  readonly canvas: number;
  /** Side of the window that is looked at, px of the model's input. */
  readonly side: number;
  readonly prompts: number;
}

/** Fewer pixels of a mask are no object, px of the window. */
const LEAST_PIXELS = 40;
/** A mask of k times the area is k^0.4 times as likely to be asked for: most masks of a picture are specks. */
const AREA_POWER = 0.4;
/** A mask that fills k times as much of its box is k² times as likely: drawn shapes are thinner than what photos show, and it expects such. */
const FILL_POWER = 2;
/** Longer side of a picture in units of the model's input, where the window is smaller than it and where it is not. */
const ZOOM = { window: [0.6, 2.4], whole: [1, 1.6] } as const;

/**
 * A window of a picture with prompts about masks in it, each a box or a point, changed by chance: mirrored or not, larger or smaller, in other
 * colors. It is what a micro-batch of `promptTraining` is fed. Null when no mask can be seen in the window.
 *
 * Boxes are off by a twentieth of their sides (standard deviation, at most 10 px) half of the time, points are the deepest pixel half of the time and
 * anywhere on the mask otherwise.
 *
 * @see Kirillov et al. 2023, appendix A, "Training algorithm": boxes are always off there, by a tenth, points anywhere
 */
export function drawSample(picture: MaskedPicture, options: SampleOptions, r: Random): Arrays | null {
  const { canvas, side, prompts } = options;
  const view = chooseView(picture.image, options, r);
  const isMirrored = r.next() < 0.5;
  const masks = visibleMasks(picture.masks, view, { count: prompts, isMirrored, r });
  if (masks.length === 0) return null;

  const cropped = resizeImage(cropImage(picture.image, view.window), view.size, "bilinear");
  const { height, width } = view.size;
  const mirrored = isMirrored ? mirrorRows(cropped.data, width, 3) : cropped.data;
  const image = changeColors({ height, width, data: mirrored }, r);

  // The window begins at any cell of the input.
  const free = (canvas - side) / HYBRID_STRIDE + 1;
  const origin = [r.integer(free), r.integer(free)].map((cell) => (cell * HYBRID_STRIDE) / canvas);
  const points = new Float32Array(prompts * 4);
  const kinds = new Int32Array(prompts * 2);
  const targets = new Float32Array(prompts * (side / 4) ** 2);
  const choose = chooser(masks.map(({ area, box }) => (area / boxArea(box)) ** FILL_POWER));
  for (let n = 0; n < prompts; n++) {
    const mask = masks[choose(r)];
    const asked = r.next() < 0.5 ? askByBox(mask.box, side, r) : askByPoint(mask, r);
    asked.points.forEach(({ x, y }, k) => {
      points[n * 4 + 2 * k] = x / canvas + origin[0];
      points[n * 4 + 2 * k + 1] = y / canvas + origin[1];
    });
    kinds.set(asked.kinds, n * 2);
    targets.set(shareQuarters(mask, side), n * (side / 4) ** 2);
  }
  const floats = (shape: readonly number[], data: Float32Array): NdArray<"float32"> => ({
    dtype: "float32",
    shape,
    data,
  });
  return {
    pixels: padPixels(image, side),
    origin: floats([1, 2], Float32Array.from(origin)),
    points: floats([prompts, 2, 2], points),
    kinds: { dtype: "int32", shape: [prompts, 2], data: kinds },
    targets: floats([prompts, side / 4, side / 4], targets),
    hasMask: floats(
      [prompts, 1, 1, 1],
      Float32Array.from({ length: prompts }, () => r.integer(2)),
    ),
    noise: floats(
      [1, (side / 4) ** 2],
      Float32Array.from({ length: (side / 4) ** 2 }, () => r.between(0.001, 1)),
    ),
  };
}

/** Whether a window can show a mask: a speck has too few pixels even where its picture is largest. */
export function canBeSeen(mask: Rle, canvas: number): boolean {
  const scale = (canvas * ZOOM.window[1]) / Math.max(mask.height, mask.width);
  return rleArea(mask) * scale ** 2 >= LEAST_PIXELS;
}

/** A window of a picture, px of the picture, and the size at which it is looked at. */
interface View {
  readonly window: Box;
  readonly size: Size;
}

function chooseView({ height, width }: Size, { canvas, side }: SampleOptions, r: Random): View {
  const [low, high] = side < canvas ? ZOOM.window : ZOOM.whole;
  const zoom = low * (high / low) ** r.next();
  const scale = (canvas * zoom) / Math.max(height, width);
  const along = (length: number): { from: number; to: number; seen: number } => {
    const taken = Math.max(1, Math.min(length, Math.round(side / scale)));
    const from = r.integer(length - taken + 1);
    return { from, to: from + taken, seen: Math.max(1, Math.min(side, Math.round(taken * scale))) };
  };
  const [x, y] = [along(width), along(height)];
  return {
    window: { x0: x.from, y0: y.from, x1: x.to, y1: y.to },
    size: { height: y.seen, width: x.seen },
  };
}

/** A mask as the window shows it. */
interface SeenMask extends Mask {
  /** Pixels set. */
  readonly area: number;
  readonly box: Box;
}

/** Masks in the window at the size at which it is looked at: the bit under the middle of each pixel. */
function visibleMasks(
  masks: readonly Rle[],
  view: View,
  { count, isMirrored, r }: { readonly count: number; readonly isMirrored: boolean; readonly r: Random },
): SeenMask[] {
  const seen: SeenMask[] = [];
  // An exponential race: who comes first is by weight.
  const race = masks.map((rle) => ({ rle, time: -Math.log(1 - r.next()) / rleArea(rle) ** AREA_POWER }));
  for (const { rle } of race.sort((a, b) => a.time - b.time)) {
    if (seen.length === count) break;
    const whole = rleBox(rle);
    if (whole === null || intersectBoxes(whole, view.window) === null) continue;
    const mask = lookAtMask(decodeRle(rle), view, isMirrored);
    const runs = encodeRle(mask);
    const [area, box] = [rleArea(runs), rleBox(runs)];
    if (box !== null && area >= LEAST_PIXELS) seen.push({ ...mask, area, box });
  }
  return seen;
}

/** Draws an index by weight. */
function chooser(weights: readonly number[]): (r: Random) => number {
  let total = 0;
  const ends = weights.map((weight) => {
    total += weight;
    return total;
  });
  return (r) => {
    const at = total * r.next();
    return ends.findIndex((end) => at < end);
  };
}

function lookAtMask({ width, data }: Mask, { window, size }: View, isMirrored: boolean): Mask {
  const stepX = (window.x1 - window.x0) / size.width;
  const stepY = (window.y1 - window.y0) / size.height;
  const columns = Int32Array.from({ length: size.width }, (_, j) => {
    const seen = isMirrored ? size.width - 1 - j : j;
    return window.x0 + Math.floor((seen + 0.5) * stepX);
  });
  const bits = new Uint8Array(size.height * size.width);
  for (let i = 0, p = 0; i < size.height; i++) {
    const row = (window.y0 + Math.floor((i + 0.5) * stepY)) * width;
    for (let j = 0; j < size.width; j++, p++) bits[p] = data[row + columns[j]];
  }
  return { ...size, data: bits };
}

/** Mean share of each 4×4 pixels of the window, [S/4, S/4]; 0 beyond the picture. */
function shareQuarters({ height, width, data }: Mask, side: number): Float32Array {
  const quarter = side / 4;
  const shares = new Float32Array(quarter * quarter);
  for (let i = 0, p = 0; i < height; i++) {
    const row = (i >> 2) * quarter;
    for (let j = 0; j < width; j++, p++) shares[row + (j >> 2)] += data[p] / 16;
  }
  return shares;
}

function changeColors(image: RgbImage, r: Random): RgbImage {
  const factor = (): number => r.between(0.65, 1.4);
  return recolor(image, {
    brightness: factor(),
    contrast: factor(),
    saturation: r.next() < 0.1 ? 0 : factor(),
  });
}
