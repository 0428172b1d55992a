import type { Cam, Scores } from "../../core/class-maps.ts";
import type { Size } from "../../core/geometry.ts";
import { IGNORE, type LabelMap } from "../../core/label-map.ts";
import { scoreCam } from "../fma/cam-seed.ts";
import type { CropPlan } from "./training-crop.ts";

/**
 * How much each class of a CAM, and the background, can be said of each position of its own grid: scaled to [0, 1] class by class, the background
 * (1 − highest)^power.
 *
 * @returns [1 + P, h, w], the background first
 */
export function softScores(cam: Cam, power: number): Scores {
  return scoreCam(cam, cam, { background: { kind: "power", power } });
}

/** Which positions of a map a cell of the square reads, and how much of the second. */
interface Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float64Array;
}

/** The centers of a square's cells on the grid of scores; fewer than the square has where it holds no picture. */
function placeCells(
  { total, start, length, scaled }: { total: number; start: number; length: number; scaled: number },
  { stride, positions, isMirrored }: { stride: number; positions: number; isMirrored: boolean },
): Axis {
  const cells = Math.ceil(scaled / stride);
  const [low, high] = [new Int32Array(cells), new Int32Array(cells)];
  const share = new Float64Array(cells);
  for (let k = 0; k < cells; k++) {
    const inCrop = Math.min((k + 0.5) * stride, scaled) / scaled;
    const inPicture = (start + length * (isMirrored ? 1 - inCrop : inCrop)) / total;
    const position = Math.min(Math.max(inPicture * positions - 0.5, 0), positions - 1);
    low[k] = Math.floor(position);
    high[k] = Math.min(low[k] + 1, positions - 1);
    share[k] = position - low[k];
  }
  return { low, high, share };
}

function placeSquare(
  { height: rows, width: columns }: Size,
  picture: Size,
  { y0, x0, height, width, scaled, isMirrored }: CropPlan,
  stride: number,
): { readonly vertical: Axis; readonly horizontal: Axis } {
  return {
    vertical: placeCells(
      { total: picture.height, start: y0, length: height, scaled: scaled.height },
      { stride, positions: rows, isMirrored: false },
    ),
    horizontal: placeCells(
      { total: picture.width, start: x0, length: width, scaled: scaled.width },
      { stride, positions: columns, isMirrored },
    ),
  };
}

/** Bilinear. @param map  start of a row-major map of `width` columns in `data` */
function readScore(
  { data, width }: Scores,
  map: number,
  { low: y0, high: y1, share: v }: Axis,
  i: number,
  { low: x0, high: x1, share: u }: Axis,
  j: number,
): number {
  const [above, below] = [map + y0[i] * width, map + y1[i] * width];
  const top = data[above + x0[j]] * (1 - u[j]) + data[above + x1[j]] * u[j];
  const bottom = data[below + x0[j]] * (1 - u[j]) + data[below + x1[j]] * u[j];
  return top * (1 - v[i]) + bottom * v[i];
}

export interface ShareOptions {
  /** Of the square, px. */
  readonly side: number;
  /** Pixels along the side of a cell. */
  readonly stride: number;
  /** Of the data set, the background among them. */
  readonly classCount: number;
}

/**
 * Soft labels of a square: what share of a cell is which class, by its scores; 0 for all where there is no picture.
 *
 * @returns [classes, S / stride, S / stride]
 */
export function cropShares(
  scores: Scores,
  picture: Size,
  plan: CropPlan,
  { side, stride, classCount }: ShareOptions,
): Float32Array {
  const cells = side / stride;
  const shares = new Float32Array(classCount * cells * cells);
  const { vertical, horizontal } = placeSquare(scores, picture, plan, stride);
  const area = scores.height * scores.width;
  const values = new Float64Array(scores.classes.length);
  for (let i = 0; i < vertical.low.length; i++)
    for (let j = 0; j < horizontal.low.length; j++) {
      let sum = 0;
      for (let p = 0; p < values.length; p++)
        sum += values[p] = readScore(scores, p * area, vertical, i, horizontal, j);
      if (sum === 0) continue;
      for (let p = 0; p < values.length; p++)
        shares[(scores.classes[p] * cells + i) * cells + j] = values[p] / sum;
    }
  return shares;
}

/**
 * How sure scores are of each pixel's label, 0 to 255: 255 times the score of its class, 0 for a class without scores.
 *
 * @param labels  of the square
 */
export function cropConfidence(scores: Scores, picture: Size, plan: CropPlan, labels: LabelMap): LabelMap {
  const { height, width } = labels;
  const { vertical, horizontal } = placeSquare(scores, picture, plan, 1);
  const area = scores.height * scores.width;
  const mapOf = new Int32Array(256).fill(-1);
  for (const [p, id] of scores.classes.entries()) mapOf[id] = p * area;
  mapOf[IGNORE] = -1;
  const data = new Uint8Array(height * width);
  for (let i = 0; i < vertical.low.length; i++)
    for (let j = 0; j < horizontal.low.length; j++) {
      const map = mapOf[labels.data[i * width + j]];
      if (map >= 0)
        data[i * width + j] = Math.round(255 * readScore(scores, map, vertical, i, horizontal, j));
    }
  return { height, width, data };
}
