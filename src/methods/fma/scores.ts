/**
 * What SAMS and the plain CAM baseline share: values of P classes at S places (pixels, or masks), scaled per class,
 * set against a background and decided. Every step is rounded to float32, in the published order, since
 * (1 − score)^power magnifies the last bit where the score is nearly 1.
 */
import { invalid } from "../../core/error.ts";
import { BACKGROUND, type ClassId } from "../../core/label-map.ts";

/** How the background competes with the classes' scores. */
export type SeedBackground =
  /** (1 − the highest score)^power. */
  | { readonly kind: "power"; readonly power: number }
  /** One constant score. */
  | { readonly kind: "threshold"; readonly threshold: number }
  /** The first class is the background already, its score raised to `power` (1 leaves it): segmentation networks' probabilities. */
  | { readonly kind: "given"; readonly power: number };

/** Who wins at each place. */
export interface Decision {
  /** [S] */
  readonly labels: Uint8Array;
  /** [S] the winner's score. */
  readonly confidences: Float32Array;
  /** [C, S] the scores that competed: of the background first, then of the classes in their order. */
  readonly scores: Float32Array;
}

/** Keeps a flat map from dividing by zero; published, and float32 as there. */
const EPSILON = Math.fround(1e-7);

/**
 * Each of the rows of [P, S] clamped at 0 and scaled to [0, 1]: (x − min) / (max − min + 1e-7), in place. A flat row
 * becomes 0.
 */
export function scaleRows(values: Float32Array, length: number): void {
  for (let start = 0; start < values.length; start += length) {
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (let q = start; q < start + length; q++) {
      const value = values[q] > 0 ? values[q] : 0;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const range = Math.fround(Math.fround(high - low) + EPSILON);
    for (let q = start; q < start + length; q++)
      values[q] = Math.fround((values[q] > 0 ? values[q] : 0) - low) / range;
  }
}

/** The columns of [P, S] as probabilities, softmax(gamma · x) over the classes, in place. */
export function softmaxColumns(values: Float32Array, length: number, gamma: number): void {
  for (let s = 0; s < length; s++) {
    let high = Number.NEGATIVE_INFINITY;
    for (let q = s; q < values.length; q += length) high = Math.max(high, values[q]);
    let sum = 0;
    for (let q = s; q < values.length; q += length) {
      values[q] = Math.exp(gamma * (values[q] - high));
      sum += values[q];
    }
    for (let q = s; q < values.length; q += length) values[q] /= sum;
  }
}

/**
 * The winner at each of S places. Ties: the background first, then the class listed first.
 *
 * @param scores   [P, S]
 * @param classes  [P] ids; with a background that is given, 0 and the ids of the others
 */
export function decide(
  scores: Float32Array,
  classes: readonly ClassId[],
  background: SeedBackground,
): Decision {
  const isGiven = background.kind === "given";
  if (isGiven && classes[0] !== BACKGROUND)
    throw invalid("seed: classes", "0, the background, first where the background is given", classes[0]);
  const length = classes.length === 0 ? 0 : scores.length / classes.length;
  const competing = isGiven ? scores.slice() : withBackground(scores, length, background);
  if (isGiven && background.power !== 1) for (let s = 0; s < length; s++) competing[s] **= background.power;
  const ids = isGiven ? classes : [BACKGROUND, ...classes];
  const labels = new Uint8Array(length).fill(ids[0]);
  const confidences = competing.slice(0, length);
  for (let c = 1; c < ids.length; c++) {
    for (let s = 0, q = c * length; s < length; s++, q++) {
      if (competing[q] <= confidences[s]) continue;
      confidences[s] = competing[q];
      labels[s] = ids[c];
    }
  }
  return { labels, confidences, scores: competing };
}

/** The background's row before the classes'. */
function withBackground(
  scores: Float32Array,
  length: number,
  background: Exclude<SeedBackground, { kind: "given" }>,
): Float32Array {
  const all = new Float32Array(length + scores.length);
  all.set(scores, length);
  if (background.kind === "threshold") return all.fill(background.threshold, 0, length);
  const row = all.subarray(0, length);
  for (let q = 0; q < scores.length; q++) {
    const s = q % length;
    if (scores[q] > row[s]) row[s] = scores[q];
  }
  for (let s = 0; s < length; s++) row[s] = Math.fround(1 - row[s]) ** background.power;
  return all;
}

/** Refuses a background that is none. */
export function checkBackground(where: string, background: SeedBackground): void {
  if (background.kind === "threshold") {
    if (!(background.threshold >= 0 && background.threshold <= 1))
      throw invalid(`${where}: threshold`, "a number from 0 to 1", background.threshold);
  } else if (!(background.power > 0 && Number.isFinite(background.power)))
    throw invalid(`${where}: power`, "a number above 0", background.power);
}
