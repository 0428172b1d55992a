import { invalid } from "../../core/error.ts";
import { BACKGROUND, type ClassId, countLabels, IGNORE, type LabelMap } from "../../core/label-map.ts";
import { paintRle, type Rle } from "../../core/rle.ts";
import { type Assign, type Assignment, assignByLargestOverlap, assignInClassOrder } from "./assignment.ts";
import { countOverlaps, type LabelRuns, labelRuns, presentClasses } from "./overlaps.ts";

/**
 * Which rules a class uses:
 * - `max_iou`: takes proposals that lie mostly in its region;
 * - `max_iou_imp`: also keeps its own pixels where no proposal lies;
 * - `max_iou_imp2`: also takes proposals that cover at least 85 % of its region (the paper's method).
 */
export type Variant = "max_iou" | "max_iou_imp" | "max_iou_imp2";

/** `original` repeats the published code bit for bit; `paper` is the paper's text, and what the default does. */
export type Compat = "original" | "paper";

export interface MergeOptions {
  /** @default "max_iou_imp2" */
  readonly variant?: Variant;
  /** @default "paper" */
  readonly compat?: Compat;
  /** Ids at or above it belong to no class. @default 255 */
  readonly classCount?: number;
  /** Whether ignore pixels that no accepted proposal paints stay ignore; else they become background. @default false */
  readonly keepIgnore?: boolean;
  /** A rule of your own in place of the variant's: decides from the overlap counts who takes what. */
  readonly assign?: Assign;
}

export interface Refinement {
  readonly labels: LabelMap;
  /** [N] the class that took each proposal, 0 when it was refused. */
  readonly takenBy: readonly ClassId[];
}

/** Published thresholds: `merge/max_iou*.py` of the SEPL code; the paper's own values are not known. */
const MIN_PRECISION = 0.5;
const MIN_RECALL = 0.85;

/**
 * Relabels a pseudo label with whole proposals (SEPL). Each proposal goes to the class it overlaps
 * most, if more than half of it lies in that class's region, or (variant `max_iou_imp2`) if it covers
 * at least 85 % of the region. Taken proposals are painted; a class keeps its own pixels where no
 * proposal lies at all (not `max_iou`); all else becomes background.
 *
 * Order: the order of the proposals never matters. Classes are painted in ascending id, so where
 * taken proposals of two classes overlap, the higher id shows. Pixels of a class that lie only under
 * refused proposals become background: a class can vanish.
 *
 * @param labels  [H, W] class ids, 0 background, 255 ignore; not modified
 * @param rles    masks of the same H × W
 * @returns       a new [H, W] map, and who took which proposal
 * @throws MaskwrightError SHAPE_MISMATCH if a mask's size differs from `labels`
 * @see Chen et al. 2023 (arXiv 2305.05803), the merging rule. `compat: "original"` differs in two
 *      ways: D1, the lowest class id takes a proposal that covers several classes; D2, proposals taken
 *      by lower ids do not count as covering, so a class paints its own pixels over them.
 */
export function mergeProposals(
  labels: LabelMap,
  rles: readonly Rle[],
  options: MergeOptions = {},
): Refinement {
  const { variant = "max_iou_imp2", compat = "paper", classCount = IGNORE, keepIgnore = false } = options;
  if (!Number.isInteger(classCount) || classCount < 1 || classCount > 256) {
    throw invalid("mergeProposals: classCount", "an integer from 1 to 256", classCount);
  }
  const { height, width } = labels;
  const counts = countLabels(labels);
  const present = presentClasses(counts, classCount);
  const runs = labelRuns(labels, present.classes);
  const overlaps = countOverlaps(labels, runs, present, rles);

  const rule = { minPrecision: MIN_PRECISION, minRecall: variant === "max_iou_imp2" ? MIN_RECALL : null };
  const assign = compat === "original" ? assignInClassOrder : assignByLargestOverlap;
  const owner = options.assign === undefined ? assign(overlaps, rule) : options.assign(overlaps);

  const data = new Uint8Array(height * width);
  const cover = variant === "max_iou" ? null : coverage(height * width, rles);
  for (let p = 0; p < present.classes.length; p++) {
    for (let k = 0; k < rles.length; k++) if (owner[k] === p) paintRle(data, rles[k], present.classes[p]);
    if (cover === null) continue;
    paintUncovered({ height, width, data }, runs, p, present.classes[p], cover);
    // D2: to the published code, what a lower class has taken covers nothing for the classes above it.
    if (compat === "original")
      for (let k = 0; k < rles.length; k++) if (owner[k] === p) uncover(cover, rles[k]);
  }
  if (keepIgnore && counts[IGNORE] > 0) restoreIgnore(data, labels.data);
  return { labels: { height, width, data }, takenBy: takers(owner, present.classes) };
}

/** [H·W + 1] +1 where a mask's run begins, −1 where it ends; its running sum counts the masks over a pixel (column-major). */
function coverage(pixelCount: number, rles: readonly Rle[]): Int32Array {
  const steps = new Int32Array(pixelCount + 1);
  for (const { counts } of rles) addSteps(steps, counts, 1);
  return steps;
}

function uncover(steps: Int32Array, { counts }: Rle): void {
  addSteps(steps, counts, -1);
}

function addSteps(steps: Int32Array, counts: Uint32Array, sign: number): void {
  for (let r = 1, position = 0; r < counts.length; r += 2) {
    position += counts[r - 1];
    steps[position] += sign;
    position += counts[r];
    steps[position] -= sign;
  }
}

/** Paints A_c minus the union of the masks in `steps` with class `id`. */
function paintUncovered(
  { height, width, data }: LabelMap,
  { starts, rows }: LabelRuns,
  p: number,
  id: ClassId,
  steps: Int32Array,
): void {
  let masksHere = 0;
  for (let run = 0; run < rows.length; run++) {
    const end = starts[run + 1];
    let position = starts[run];
    if (rows[run] !== p + 1) {
      for (; position < end; position++) masksHere += steps[position];
      continue;
    }
    const column = Math.floor(position / height);
    for (let q = (position - column * height) * width + column; position < end; position++, q += width) {
      masksHere += steps[position];
      if (masksHere === 0) data[q] = id;
    }
  }
}

function restoreIgnore(data: Uint8Array, before: Uint8Array): void {
  for (let p = 0; p < data.length; p++) if (before[p] === IGNORE && data[p] === BACKGROUND) data[p] = IGNORE;
}

function takers(owner: Assignment, classes: readonly ClassId[]): ClassId[] {
  return Array.from(owner, (p) => (p < 0 ? BACKGROUND : classes[p]));
}
