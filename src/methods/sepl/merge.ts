import { addRle, type BitMask, emptyBits, paintBits } from "../../core/bit-mask.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import { BACKGROUND, type ClassId, IGNORE, type LabelMap } from "../../core/label-map.ts";
import { checkClassCount } from "../../core/metric-parts.ts";
import type { Rle } from "../../core/rle.ts";
import { type Assign, type Assignment, assignByLargestOverlap, assignInClassOrder } from "./assignment.ts";
import { countOverlaps } from "./overlaps.ts";
import { splitRegions } from "./regions.ts";

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
 * @throws MaskwrightError SHAPE_MISMATCH if a mask's size differs from `labels`; INVALID_ARGUMENT for a class count
 *         that is none, or an `assign` that does not answer for every mask
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
  checkClassCount("mergeProposals", classCount);
  checkSizes(labels, rles);
  const regions = splitRegions(labels, classCount);
  const { classes } = regions;
  const overlaps = countOverlaps(regions, rles);
  const rule = { minPrecision: MIN_PRECISION, minRecall: variant === "max_iou_imp2" ? MIN_RECALL : null };
  const assign = compat === "original" ? assignInClassOrder : assignByLargestOverlap;
  const owner = options.assign === undefined ? assign(overlaps, rule) : options.assign(overlaps);
  checkOwner(owner, rles.length, classes.length);

  const { height, width } = labels;
  const data = new Uint8Array(height * width);
  let cover = variant === "max_iou" ? null : unionOf(rles, labels);
  for (let p = 0; p < classes.length; p++) {
    const taken = rles.filter((_, k) => owner[k] === p);
    const painted = unionOf(taken, labels);
    if (cover !== null) addUncovered(painted, regions.bits[p], cover);
    paintBits(data, painted, classes[p]);
    // D2: to the published code, what a lower class has taken covers nothing for the classes above it.
    if (cover !== null && compat === "original" && taken.length > 0 && p + 1 < classes.length) {
      cover = unionOf(
        rles.filter((_, k) => owner[k] === -1 || owner[k] > p),
        labels,
      );
    }
  }
  if (keepIgnore) restoreIgnore(data, labels.data);
  const takenBy = Array.from(owner, (p) => (p < 0 ? BACKGROUND : classes[p]));
  return { labels: { height, width, data }, takenBy };
}

function checkSizes(labels: LabelMap, rles: readonly Rle[]): void {
  const k = rles.findIndex((rle) => !isSameSize(rle, labels));
  if (k < 0) return;
  throw shapeMismatch(`proposal ${k}`, `${formatSize(labels)} like its label map`, formatSize(rles[k]));
}

/** What a rule of the caller's own gives is not known to be right. */
function checkOwner(owner: Assignment, proposalCount: number, classCount: number): void {
  const isRow = (p: number): boolean => Number.isInteger(p) && p >= -1 && p < classCount;
  const wrong = owner.find((p) => !isRow(p));
  if (owner.length === proposalCount && wrong === undefined) return;
  const expected = `a class row 0..${classCount - 1}, or -1 for none, for each of ${proposalCount} proposals`;
  throw invalid("mergeProposals: assign", expected, owner.length === proposalCount ? wrong : owner);
}

function unionOf(rles: readonly Rle[], size: Size): BitMask {
  const bits = emptyBits(size);
  for (const rle of rles) addRle(bits, rle);
  return bits;
}

/** Adds A_c minus the covered pixels to what class c paints. */
function addUncovered(painted: BitMask, region: BitMask, cover: BitMask): void {
  for (let w = 0; w < painted.words.length; w++) painted.words[w] |= region.words[w] & ~cover.words[w];
}

function restoreIgnore(data: Uint8Array, before: Uint8Array): void {
  for (let p = 0; p < data.length; p++) if (before[p] === IGNORE && data[p] === BACKGROUND) data[p] = IGNORE;
}
