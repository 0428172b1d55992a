import { type BoundaryMap, closeIgnored, diskSteps, findBoundaries } from "./boundary-pixels.ts";
import { invalid, shapeMismatch } from "./error.ts";
import { type ClassId, countLabels, IGNORE, type LabelMap } from "./label-map.ts";
import {
  checkClassCount,
  checkPredictionSize,
  meanKnown,
  ratio,
  resolveClassNames,
  unknownTruthId,
  withoutBackground,
} from "./metric-parts.ts";

/** Boundary pixels of each class, [N] each: how many, and how many have one of the other map within the tolerance. */
export interface BoundaryCounts {
  readonly classCount: number;
  readonly predicted: Float64Array;
  readonly predictedMatched: Float64Array;
  readonly truth: Float64Array;
  readonly truthMatched: Float64Array;
}

/** Fractions in [0, 1]; null where there is no boundary pixel to judge by. */
export interface BoundaryClassScores {
  readonly id: ClassId;
  readonly name: string;
  /** 2 · precision · recall / (precision + recall); null when neither map has a boundary of the class. */
  readonly f: number | null;
  /** Predicted boundary pixels that lie near a true one. */
  readonly precision: number | null;
  /** True boundary pixels that lie near a predicted one. */
  readonly recall: number | null;
}

export interface BoundaryScores {
  /** Mean F over the classes, background included, that have a boundary in either map. */
  readonly meanF: number | null;
  /** The same mean without background. */
  readonly foregroundMeanF: number | null;
  readonly classes: readonly BoundaryClassScores[];
}

export interface CountBoundariesOptions {
  /** Distance that still counts as a match, as a fraction of the picture's diagonal. */
  readonly tolerance?: number;
}

/** Deeper than VOC's void bands: those are 5 px wide, so at most 5 steps along an axis lead to their middle. */
const IGNORED_STEPS = 5;

/** Counts of no picture, to be added to. */
export function emptyBoundaryCounts(classCount: number): BoundaryCounts {
  checkClassCount("countBoundaries", classCount);
  return {
    classCount,
    predicted: new Float64Array(classCount),
    predictedMatched: new Float64Array(classCount),
    truth: new Float64Array(classCount),
    truthMatched: new Float64Array(classCount),
  };
}

/**
 * Boundary pixels of one picture by class, and how many of them match.
 *
 * A boundary pixel of class c is a pixel of c with a 4-neighbor inside the picture that is not c. It
 * matches when a boundary pixel of c in the other map lies within `tolerance` · diagonal, Euclidean distance
 * from center to center.
 *
 * Ignore pixels (255) of the truth first take the class they are next to, up to 5 steps deep, so that the boundary
 * runs through the middle of VOC's void bands. In what is ignored even then, and against it, nothing is
 * a boundary; and a predicted boundary pixel that the truth ignored to begin with counts only when it matches.
 *
 * @throws MaskwrightError SHAPE_MISMATCH if the sizes differ; INVALID_ARGUMENT if the truth holds an id of
 *         `classCount` or above that is not 255
 * @see Csurka et al. 2013, "What is a good evaluation measure for semantic segmentation?": F of boundary precision and
 *      recall a class, 0.75 % of the diagonal. Differs: pixels are summed over pictures before F is taken, where
 *      the paper averages the F of pictures; and the treatment of ignore. (The F of DAVIS has the same two ratios for
 *      one object, matched by dilation with a disk of ⌈0.8 %⌉ of the diagonal.)
 */
export function countBoundaries(
  pred: LabelMap,
  truth: LabelMap,
  classCount: number,
  { tolerance = 0.0075 }: CountBoundariesOptions = {},
): BoundaryCounts {
  checkClassCount("countBoundaries", classCount);
  checkPredictionSize("countBoundaries", pred, truth);
  if (!(tolerance >= 0 && tolerance <= 1))
    throw invalid("countBoundaries: tolerance", "a fraction of the diagonal in 0..1", tolerance);
  const unknown = countLabels(truth).findIndex((n, id) => id >= classCount && id !== IGNORE && n > 0);
  if (unknown >= 0) throw unknownTruthId("countBoundaries", unknown, classCount);

  const radius = tolerance * Math.hypot(truth.height, truth.width);
  const closed = closeIgnored(truth, IGNORED_STEPS);
  const predicted = findBoundaries(pred, closed, classCount, Math.floor(radius));
  const actual = findBoundaries(closed, closed, classCount, Math.floor(radius));
  const steps = diskSteps(radius, actual.stride);
  const onPrediction = countMatches(predicted, actual, steps, classCount, truth);
  const onTruth = countMatches(actual, predicted, steps, classCount, closed);
  return {
    classCount,
    predicted: onPrediction.pixels,
    predictedMatched: onPrediction.matched,
    truth: onTruth.pixels,
    truthMatched: onTruth.matched,
  };
}

/** Boundary pixels of `from` by class, and those with one of `to` within reach; the others do not count where `known` ignores. */
function countMatches(
  from: BoundaryMap,
  to: BoundaryMap,
  steps: Int32Array,
  classCount: number,
  known: LabelMap,
): { readonly pixels: Float64Array; readonly matched: Float64Array } {
  const pixels = new Float64Array(classCount);
  const matched = new Float64Array(classCount);
  const { pad, stride } = from;
  for (let i = 0, p = 0; i < known.height; i++) {
    for (let j = 0, at = (i + pad) * stride + pad; j < known.width; j++, p++, at++) {
      const id = from.data[at];
      if (id === IGNORE) continue;
      let k = 0;
      while (k < steps.length && to.data[at + steps[k]] !== id) k++;
      if (k < steps.length) matched[id]++;
      if (k < steps.length || known.data[p] !== IGNORE) pixels[id]++;
    }
  }
  return { pixels, matched };
}

/** Adds the counts of `more` to `total`, in place. */
export function addBoundaryCounts(total: BoundaryCounts, more: BoundaryCounts): void {
  if (total.classCount !== more.classCount)
    throw shapeMismatch("addBoundaryCounts", `${total.classCount} classes`, `${more.classCount}`);
  for (let c = 0; c < total.classCount; c++) {
    total.predicted[c] += more.predicted[c];
    total.predictedMatched[c] += more.predictedMatched[c];
    total.truth[c] += more.truth[c];
    total.truthMatched[c] += more.truthMatched[c];
  }
}

/**
 * Precision, recall and F of each class's boundary, and their mean.
 *
 * @param classNames  one name a class; without it a class is called by its id
 */
export function boundaryScores(
  { classCount, predicted, predictedMatched, truth, truthMatched }: BoundaryCounts,
  classNames?: readonly string[],
): BoundaryScores {
  const classes = resolveClassNames("boundaryScores", classCount, classNames).map((name, id) => {
    const precision = ratio(predictedMatched[id], predicted[id]);
    const recall = ratio(truthMatched[id], truth[id]);
    return { id, name, f: harmonicMean(precision, recall), precision, recall };
  });
  const fs = classes.map(({ f }) => f);
  return { meanF: meanKnown(fs), foregroundMeanF: meanKnown(withoutBackground(fs)), classes };
}

/** A class with a boundary in one map only was missed or made up: 0. */
function harmonicMean(precision: number | null, recall: number | null): number | null {
  if (precision === null && recall === null) return null;
  if (precision === null || recall === null || precision + recall === 0) return 0;
  return (2 * precision * recall) / (precision + recall);
}
