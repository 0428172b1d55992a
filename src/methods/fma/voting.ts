import type { LabelMap } from "../../core/label-map.ts";
import type { Rle } from "../../core/rle.ts";
import type { Assignment } from "../sepl/assignment.ts";
import { mergeProposals } from "../sepl/merge.ts";
import type { Overlaps } from "../sepl/overlaps.ts";

export interface VoteOptions {
  /** Whether a class keeps its own pixels where no mask lies. @default true */
  readonly keepUncovered?: boolean;
}

/** Published thresholds, both inclusive. */
const MIN_PRECISION = 0.5;
const MIN_RECALL = 0.85;

/**
 * A seed relabeled by whole masks, the baseline that SAMS is compared with: classes take their turn in ascending id
 * and each takes every mask that is still free and of which at least half lies in the class, or which covers at least
 * 85 % of the class.
 *
 * @param labels  [H, W] a seed; not modified
 * @see FMA-WSSS, `libs/seed_voter/max_iou_imp2.py`. It is SEPL's merge but for three things: half is enough (there more
 *      than half is needed), classes take turns as in SEPL's code, and masks cover as in its paper.
 */
export function voteMasks(
  labels: LabelMap,
  rles: readonly Rle[],
  { keepUncovered = true }: VoteOptions = {},
): LabelMap {
  const variant = keepUncovered ? "max_iou_imp" : "max_iou";
  return mergeProposals(labels, rles, { variant, assign: assignInTurn }).labels;
}

function assignInTurn({ classes, classAreas, proposalAreas, intersections }: Overlaps): Assignment {
  const owner = new Int32Array(proposalAreas.length).fill(-1);
  for (let p = 0; p < classes.length; p++) {
    for (let k = 0; k < owner.length; k++) {
      if (owner[k] !== -1) continue;
      const shared = intersections[k * classes.length + p];
      const precision = shared / proposalAreas[k]; // NaN for an empty mask: refused
      if (precision >= MIN_PRECISION || shared / classAreas[p] >= MIN_RECALL) owner[k] = p;
    }
  }
  return owner;
}
