import { boxIou } from "../../../core/geometry.ts";
import type { Proposal } from "../../../core/proposal.ts";
import { intersectionArea } from "../../../core/rle-algebra.ts";

/** A number for each of the three masks that SAM makes of a point. */
export type PerLevel = readonly [subpart: number, part: number, whole: number];

/** How the levels are treated differently, as FMA-WSSS does to prefer whole objects. */
export interface LevelOptions {
  /** Added to the predicted IoU before it is compared with `minPredictedIou`. Default 0 for all. */
  readonly predictedIouOffset?: PerLevel;
  /** Added to the predicted IoU where it decides which of two overlapping masks of a crop stays. Default 0 for all. */
  readonly rankOffset?: PerLevel;
  /** Added to the stability before it is compared with `minStability`. Default 0 for all. */
  readonly stabilityOffset?: PerLevel;
  /** Parts stay only where less than this share of them lies in one larger mask, see `keepUncoveredParts`. Default: all stay. */
  readonly maxCovered?: number;
}

/**
 * FMA-WSSS's filter for "rock, sand, water", things and stuff without parts: all whole masks, and those parts, then subparts, of which
 * less than `maxCovered` lies in any one mask kept from the levels above. Where no level above has a mask, all of a level stay.
 *
 * Masks of one level are not compared with each other. Empty masks go where there is a level above, masks without a level always. Order:
 * whole, part, subpart, as given within each.
 *
 * @see HAL-42/FMA-WSSS, `custom_sam/sam_auto.py`
 */
export function keepUncoveredParts(proposals: readonly Proposal[], maxCovered: number): Proposal[] {
  const kept: Proposal[] = [];
  for (const level of [2, 1, 0]) {
    const masks = proposals.filter((proposal) => proposal.level === level);
    const larger = [...kept];
    for (const mask of masks)
      if (larger.length === 0 || coveredShare(mask, larger) < maxCovered) kept.push(mask);
  }
  return kept;
}

/** The largest share of a mask that lies in one of the others; NaN for an empty mask. */
function coveredShare(mask: Proposal, others: readonly Proposal[]): number {
  if (mask.area === 0) return Number.NaN;
  let most = 0;
  for (const other of others) {
    if (mask.box === null || other.box === null || boxIou(mask.box, other.box) === 0) continue;
    most = Math.max(most, intersectionArea(mask.rle, other.rle) / mask.area);
  }
  return most;
}
