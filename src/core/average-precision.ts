import { invalid } from "./error.ts";
import { rleIous } from "./iou.ts";
import type { ClassId } from "./label-map.ts";
import { meanKnown, resolveClassNames } from "./metric-parts.ts";
import type { Rle } from "./rle.ts";

/** An object that was found, and how sure its finder is. */
export interface ScoredMask {
  readonly classId: ClassId;
  /** Only the order of scores counts. */
  readonly score: number;
  readonly rle: Rle;
}

/** An object that is there. */
export interface TrueMask {
  readonly classId: ClassId;
  readonly rle: Rle;
  /** A group that need not be told apart: what is found in it is neither right nor wrong. */
  readonly isCrowd?: boolean;
}

/** IoU from which on a detection is right, 0.5 to 0.95, as numpy.linspace rounds them. */
const THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, k) => 0.5 + k * ((0.95 - 0.5) / 9));
/** Detections of a class that count in a picture: those of the highest scores. */
const MAX_DETECTIONS = 100;
const RECALLS = 101;

/** How the detections of one picture fare; bit k of a number stands for the k-th threshold. */
export interface PictureMatches {
  readonly detections: readonly {
    readonly classId: ClassId;
    readonly score: number;
    /** Thresholds at which it is an object of its own. */
    readonly right: number;
    /** Thresholds at which it lies in a crowd. */
    readonly ignored: number;
  }[];
  /** Class of each object that is to be found. */
  readonly truths: readonly ClassId[];
}

/**
 * Matches the detections of a picture with its objects, class by class: in the order of their scores each takes the object with which its
 * IoU is largest, of those that are still free; among equals the later one.
 *
 * @throws MaskwrightError SHAPE_MISMATCH when masks are not of one size; INVALID_ARGUMENT for a score that is no number
 * @see pycocotools, `cocoeval.py`, `evaluateImg`, with objects of all sizes
 */
export function matchMasks(found: readonly ScoredMask[], truth: readonly TrueMask[]): PictureMatches {
  for (const { score } of found)
    if (Number.isNaN(score)) throw invalid("matchMasks: score", "a number", score);
  const classes = [...new Set(found.map(({ classId }) => classId))];
  const detections = classes.flatMap((classId) => {
    const own = found.filter((each) => each.classId === classId).sort((a, b) => b.score - a.score);
    const best = own.slice(0, MAX_DETECTIONS);
    const objects = truth.filter((each) => each.classId === classId);
    // Crowds last: they take what no object does.
    objects.sort((a, b) => Number(a.isCrowd ?? false) - Number(b.isCrowd ?? false));
    const { right, ignored } = matchClass(best, objects);
    return best.map(({ score }, d) => ({ classId, score, right: right[d], ignored: ignored[d] }));
  });
  const truths = truth.filter(({ isCrowd }) => isCrowd !== true).map(({ classId }) => classId);
  return { detections, truths };
}

function matchClass(
  found: readonly ScoredMask[],
  truth: readonly TrueMask[],
): { right: Uint16Array; ignored: Uint16Array } {
  const isCrowd = truth.map((each) => each.isCrowd ?? false);
  const rles = (masks: readonly { readonly rle: Rle }[]): Rle[] => masks.map(({ rle }) => rle);
  const ious = rleIous(rles(found), rles(truth), { isCrowd });
  const right = new Uint16Array(found.length);
  const ignored = new Uint16Array(found.length);
  for (const [k, threshold] of THRESHOLDS.entries()) {
    const isTaken = new Uint8Array(truth.length);
    for (let d = 0; d < found.length; d++) {
      let least = Math.min(threshold, 1 - 1e-10);
      let match = -1;
      for (let t = 0; t < truth.length; t++) {
        if (isTaken[t] === 1 && !isCrowd[t]) continue;
        if (match >= 0 && !isCrowd[match] && isCrowd[t]) break;
        const iou = ious[d * truth.length + t];
        if (iou < least) continue;
        least = iou;
        match = t;
      }
      if (match < 0) continue;
      isTaken[match] = 1;
      if (isCrowd[match]) ignored[d] |= 1 << k;
      else right[d] |= 1 << k;
    }
  }
  return { right, ignored };
}

/** Fractions in [0, 1]; null where there is no object to be found. */
export interface ClassPrecision {
  readonly id: ClassId;
  readonly name: string;
  /** At IoU 0.5. */
  readonly ap50: number | null;
  /** Mean over IoU 0.5, 0.55, …, 0.95. */
  readonly ap: number | null;
  /** Objects to be found. */
  readonly objects: number;
}

export interface AveragePrecision {
  /** Means over the classes that have objects. */
  readonly ap50: number | null;
  readonly ap: number | null;
  /** Without the background. */
  readonly classes: readonly ClassPrecision[];
}

/**
 * Average precision over the pictures of a data set: precision at 101 recalls, each the best from there on; detections of equal scores
 * count in the order of the pictures.
 *
 * @param classCount  ids 1 … classCount − 1
 * @param classNames  one name a class, the background's first; without it a class is called by its id
 * @see pycocotools, `cocoeval.py`, `accumulate`
 */
export function averagePrecision(
  pictures: readonly PictureMatches[],
  classCount: number,
  classNames?: readonly string[],
): AveragePrecision {
  const names = resolveClassNames("averagePrecision", classCount, classNames);
  const objects = new Float64Array(classCount);
  const detections = names.map((): PictureMatches["detections"][number][] => []);
  for (const picture of pictures) {
    for (const id of picture.truths) if (id < classCount) objects[id]++;
    for (const each of picture.detections) detections[each.classId]?.push(each);
  }
  const classes = names.slice(1).map((name, index): ClassPrecision => {
    const id = index + 1;
    if (objects[id] === 0) return { id, name, ap50: null, ap: null, objects: 0 };
    const sorted = detections[id].sort((a, b) => b.score - a.score);
    const precisions = THRESHOLDS.map((_, k) => precisionOf(sorted, 1 << k, objects[id]));
    return { id, name, ap50: precisions[0], ap: meanKnown(precisions), objects: objects[id] };
  });
  return {
    ap50: meanKnown(classes.map(({ ap50 }) => ap50)),
    ap: meanKnown(classes.map(({ ap }) => ap)),
    classes,
  };
}

function precisionOf(sorted: PictureMatches["detections"], bit: number, objects: number): number {
  const counted = sorted.filter(({ ignored }) => (ignored & bit) === 0);
  const recalls = new Float64Array(counted.length);
  const precisions = new Float64Array(counted.length);
  let right = 0;
  for (let d = 0; d < counted.length; d++) {
    if ((counted[d].right & bit) !== 0) right++;
    recalls[d] = right / objects;
    precisions[d] = right / (d + 1);
  }
  for (let d = counted.length - 1; d > 0; d--) precisions[d - 1] = Math.max(precisions[d - 1], precisions[d]);
  let sum = 0;
  for (let r = 0, d = 0; r < RECALLS; r++) {
    while (d < counted.length && recalls[d] < r * 0.01) d++;
    if (d < counted.length) sum += precisions[d];
  }
  return sum / RECALLS;
}
