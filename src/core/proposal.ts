import type { Box, Point, Size } from "./geometry.ts";
import type { Rle } from "./rle.ts";

/** A class-agnostic candidate mask of a picture, with the quality numbers its source gave it. */
export interface Proposal {
  readonly rle: Rle;
  /** Pixels set. */
  readonly area: number;
  /** Half-open; null for an empty mask. */
  readonly box: Box | null;
  /** The source's own estimate of the IoU with a true object, usually in [0, 1]; NaN when it gave none. */
  readonly predictedIou: number;
  /** IoU of the mask under a stricter and a looser threshold, in [0, 1]; NaN when the source gave none. */
  readonly stability: number;
  /** Where it was asked for, when it was asked by a point. */
  readonly point?: Point;
  /** The part of the picture it was found in, when that was not all of it. */
  readonly cropBox?: Box;
  /** SAM's multimask level: 0 subpart, 1 part, 2 whole. */
  readonly level?: 0 | 1 | 2;
}

/**
 * All proposals of one picture, in the order of their source. Without any proposal the size can be
 * unknown to the source (an empty folder of masks) and is 0×0 then: compare sizes by proposal, not by set.
 */
export interface ProposalSet extends Size {
  /** The picture's file name without extension, sub-folders kept: "a/b". */
  readonly id: string;
  /** What made them, where it is known: "regions", "sam-vit-b". */
  readonly model?: string;
  readonly proposals: readonly Proposal[];
}
