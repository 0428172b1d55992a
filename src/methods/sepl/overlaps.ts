import { countInside } from "../../core/bit-mask.ts";
import type { ClassId } from "../../core/label-map.ts";
import { type Rle, rleArea } from "../../core/rle.ts";
import type { Regions } from "./regions.ts";

/** How N proposals lie over the regions A_c of a label map's P foreground classes. All counts are pixels. */
export interface Overlaps {
  /** [P] class ids present in the label map, ascending. */
  readonly classes: readonly ClassId[];
  /** [P] |A_c|. */
  readonly classAreas: Uint32Array;
  /** [N] |S_k|. */
  readonly proposalAreas: Uint32Array;
  /** [N, P] |A_c ∩ S_k|. */
  readonly intersections: Uint32Array;
}

/** Counts |A_c ∩ S_k| for all classes and proposals; every decision of the merge follows from these. */
export function countOverlaps({ classes, bits, ranks }: Regions, rles: readonly Rle[]): Overlaps {
  const intersections = new Uint32Array(rles.length * classes.length);
  for (let k = 0, n = 0; k < rles.length; k++) {
    for (let p = 0; p < classes.length; p++, n++) intersections[n] = countInside(bits[p], ranks[p], rles[k]);
  }
  return {
    classes,
    classAreas: Uint32Array.from(ranks, (rank) => rank[rank.length - 1]),
    proposalAreas: Uint32Array.from(rles, rleArea),
    intersections,
  };
}
