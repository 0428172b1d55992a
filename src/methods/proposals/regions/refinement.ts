import type { Proposal } from "../../../core/proposal.ts";

/** Which proposals SEPL may use. */
export interface RefinementCut {
  readonly minPredictedIou: number;
  readonly minStability: number;
  /** Share of the picture. */
  readonly maxAreaFraction: number;
}

/**
 * The cut for `proposeRegions`. A region that covers a pseudo label's region is taken whole by SEPL's 85 % rule, however
 * much larger it is, so large regions do harm unless they are objects, and which of them are cannot be told from color and edges.
 * Small regions that nearly every way of merging finds are safe. Chosen on 24 VOC photos, in the middle of the range
 * that helps (area 0.025 to 0.04, stability 0.85 to 0.9, IoU 0.06 to 0.09).
 */
export const REGION_CUT: RefinementCut = { minPredictedIou: 0.08, minStability: 0.87, maxAreaFraction: 0.03 };

/** The proposals that refine pseudo labels rather than ruin them, in their order. */
export function proposalsForRefinement(
  proposals: readonly Proposal[],
  { minPredictedIou, minStability, maxAreaFraction }: RefinementCut = REGION_CUT,
): Proposal[] {
  return proposals.filter(
    ({ rle, area, predictedIou, stability }) =>
      predictedIou >= minPredictedIou &&
      stability >= minStability &&
      area <= maxAreaFraction * rle.height * rle.width,
  );
}
