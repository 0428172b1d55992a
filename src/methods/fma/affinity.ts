import type { NdArray } from "../../core/array.ts";
import type { Cam } from "../../core/class-maps.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import { type BoxCompat, markBoxes } from "./score-boxes.ts";
import { scaleRows } from "./scores.ts";

/** Where a position gathers from, by the boxes of the class. */
export type Region = "inside" | "outside" | "all";

export interface RefineCamOptions {
  /** What is refined: the map scaled to [0, 1], or the map as it is, negative values included. */
  readonly at: "score" | "cam";
  /** Share of the highest score above which a pixel counts for a box. */
  readonly boxThreshold: number;
  /** How often the affinity is applied; 0 leaves the map as it is. @default 2 */
  readonly power?: number;
  /** Positions in a box gather from `inside`, all others from `outside`. @default inside the boxes, both */
  readonly from?: { readonly inside: Region; readonly outside: Region };
  /** @default "paper" */
  readonly compat?: BoxCompat;
}

/**
 * Affinity from attention: each column, then each row divided by its sum, `rounds` times, and the mean with the transpose.
 * A column or row of zeros stays zero (the published code divides zero by zero).
 *
 * @param attention  [N, N], not negative, as `EncodedImage.attention` of CLIP; not modified. The published pipeline keeps it as
 *                   float16 between CAM and refinement (`float32ToHalf`).
 * @see Sinkhorn 1964; Lin et al. 2023 (CLIP-ES), section 3.3 with 3 rounds; FMA-WSSS has 1
 */
export function affinityFromAttention(attention: NdArray<"float32">, rounds: number): NdArray<"float32"> {
  const count = checkSquare("affinityFromAttention: attention", attention);
  if (!(Number.isInteger(rounds) && rounds >= 0))
    throw invalid("affinityFromAttention: rounds", "an integer >= 0", rounds);
  const values = attention.data.slice();
  for (let round = 0; round < rounds; round++) {
    divideColumns(values, count);
    divideRows(values, count);
  }
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const mean = Math.fround(values[i * count + j] + values[j * count + i]) / 2;
      values[i * count + j] = mean;
      values[j * count + i] = mean;
    }
  }
  return { dtype: "float32", shape: [count, count], data: values };
}

/**
 * The CAM refined by affinity between patches (class-aware attention-based affinity): each patch becomes the sum of
 * the patches in the class's boxes, weighted by affinity^power. Boxes are those of connected parts of high score.
 *
 * The result is neither clamped nor scaled: with `at: "cam"` it may be negative, with "score" it exceeds no bound that
 * scores have. A class without any positive activation has no box and becomes 0.
 *
 * The matrix is never squared: affinity² · x is two products with a vector, 2·N² instead of N³ multiplications.
 *
 * @param cam       [P, h, w]
 * @param affinity  [N, N] with N = h·w, symmetric
 * @see Lin et al. 2023 (CLIP-ES), section 3.3; FMA-WSSS, `libs/seeding/aff`. With `compat: "original"` the last row
 *      and column are in no box, as there.
 */
export function refineCam(cam: Cam, affinity: NdArray<"float32">, options: RefineCamOptions): Cam {
  const { at, boxThreshold, power = 2, from, compat = "paper" } = options;
  const { inside = "inside", outside = "inside" } = from ?? {};
  const { classes, height, width, data } = cam;
  const count = height * width;
  if (checkSquare("refineCam: affinity", affinity) !== count)
    throw shapeMismatch("refineCam: affinity", `[${count}, ${count}]`, `[${affinity.shape.join(", ")}]`);
  if (!(Number.isInteger(power) && power >= 0)) throw invalid("refineCam: power", "an integer >= 0", power);
  if (!(boxThreshold >= 0 && boxThreshold <= 1))
    throw invalid("refineCam: boxThreshold", "a number from 0 to 1", boxThreshold);
  const scores = data.slice();
  scaleRows(scores, count);
  const source = at === "score" ? scores : data;
  if (power === 0) return { ...cam, data: source.slice() };

  const refined = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += count) {
    const boxes = markBoxes(
      { height, width, data: scores.subarray(start, start + count) },
      boxThreshold,
      compat,
    );
    const values = source.subarray(start, start + count);
    const gather = (region: Region): Float32Array =>
      multiply(
        affinity.data,
        power,
        values.map((value, n) => (isIn(region, boxes[n]) ? value : 0)),
      );
    const result = gather(inside);
    refined.set(result, start);
    if (outside === inside) continue;
    const other = gather(outside);
    for (let n = 0; n < count; n++) if (boxes[n] === 0) refined[start + n] = other[n];
  }
  return { kind: "cam", classes, height, width, data: refined };
}

function isIn(region: Region, isBoxed: number): boolean {
  return region === "all" || (region === "inside") === (isBoxed === 1);
}

/** affinity^power · x */
function multiply(affinity: Float32Array, power: number, x: Float32Array): Float32Array {
  const count = x.length;
  let vector = x;
  for (let k = 0; k < power; k++) {
    const next = new Float32Array(count);
    for (let i = 0, p = 0; i < count; i++) {
      let sum = 0;
      for (let j = 0; j < count; j++) sum += affinity[p++] * vector[j];
      next[i] = sum;
    }
    vector = next;
  }
  return vector;
}

function divideColumns(values: Float32Array, count: number): void {
  const sums = new Float64Array(count);
  for (let i = 0, p = 0; i < count; i++) for (let j = 0; j < count; j++) sums[j] += values[p++];
  for (let j = 0; j < count; j++) sums[j] = sums[j] === 0 ? 1 : Math.fround(sums[j]);
  for (let i = 0, p = 0; i < count; i++) for (let j = 0; j < count; j++) values[p++] /= sums[j];
}

function divideRows(values: Float32Array, count: number): void {
  for (let start = 0; start < values.length; start += count) {
    let sum = 0;
    for (let p = start; p < start + count; p++) sum += values[p];
    if (sum === 0) continue;
    const divisor = Math.fround(sum);
    for (let p = start; p < start + count; p++) values[p] /= divisor;
  }
}

function checkSquare(where: string, { shape }: NdArray): number {
  if (shape.length === 2 && shape[0] === shape[1]) return shape[0];
  throw shapeMismatch(where, "[N, N]", `[${shape.join(", ")}]`);
}
