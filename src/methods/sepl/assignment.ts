import type { Overlaps } from "./overlaps.ts";

/** [N] for each proposal the row of `overlaps.classes` that takes it, or −1 when it is refused. */
export type Assignment = Int32Array;

/** Decides, from counts alone, which class takes which proposal. */
export type Assign = (overlaps: Overlaps) => Assignment;

/** When a class may take a proposal S: with A the class's region in the label map. */
export interface AcceptRule {
  /** Rule H: more than this share of S lies in A (strict). */
  readonly minPrecision: number;
  /** Rule C: S covers at least this share of A (inclusive); null switches the rule off. */
  readonly minRecall: number | null;
}

/**
 * Each proposal belongs to the class it shares most pixels with (ties: the lower id), and is kept
 * when that class accepts it.
 *
 * @see Chen et al. 2023 (SEPL), section "assignment and selection"
 */
export function assignByLargestOverlap(overlaps: Overlaps, rule: AcceptRule): Assignment {
  const { classes, proposalAreas, intersections } = overlaps;
  const owner = new Int32Array(proposalAreas.length).fill(-1);
  for (let k = 0; k < owner.length; k++) {
    let best = -1;
    let most = 0;
    for (let p = 0; p < classes.length; p++) {
      const shared = intersections[k * classes.length + p];
      if (shared > most) {
        most = shared;
        best = p;
      }
    }
    if (best >= 0 && isAccepted(overlaps, k, best, rule)) owner[k] = best;
  }
  return owner;
}

/**
 * Classes take their turn in ascending id and each takes every accepted proposal that is still free.
 * Under rule C a large proposal may suit several classes: the lowest id gets it.
 *
 * @see the published code of SEPL; differs from the paper's largest-overlap assignment (difference D1)
 */
export function assignInClassOrder(overlaps: Overlaps, rule: AcceptRule): Assignment {
  const { classes, proposalAreas } = overlaps;
  const owner = new Int32Array(proposalAreas.length).fill(-1);
  for (let p = 0; p < classes.length; p++) {
    for (let k = 0; k < owner.length; k++) {
      if (owner[k] === -1 && isAccepted(overlaps, k, p, rule)) owner[k] = p;
    }
  }
  return owner;
}

function isAccepted(
  overlaps: Overlaps,
  k: number,
  p: number,
  { minPrecision, minRecall }: AcceptRule,
): boolean {
  const { classes, classAreas, proposalAreas, intersections } = overlaps;
  const shared = intersections[k * classes.length + p];
  const precision = shared / proposalAreas[k]; // NaN for an empty proposal: refused
  return precision > minPrecision || (minRecall !== null && shared / classAreas[p] >= minRecall);
}
