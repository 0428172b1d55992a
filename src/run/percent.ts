import type { BoundaryScores } from "../core/boundary-metric.ts";
import type { SegmentationScores } from "../core/metrics.ts";

/** Scores as people quote them: percent with two decimals; null where there is nothing to score. */
export interface PercentScores {
  readonly miou: number | null;
  readonly foregroundMiou: number | null;
  readonly pixelAccuracy: number | null;
  readonly classes: readonly {
    readonly name: string;
    readonly iou: number | null;
    readonly precision: number | null;
    readonly recall: number | null;
    /** F-measure of the boundary, when boundaries were compared. */
    readonly boundaryF?: number | null;
  }[];
  /** Mean over the classes that have a boundary, when boundaries were compared. */
  readonly boundaryF?: number | null;
}

export function percentScores(
  { miou, foregroundMiou, pixelAccuracy, classes }: SegmentationScores,
  boundaries: BoundaryScores | null,
): PercentScores {
  return {
    miou: percent(miou),
    foregroundMiou: percent(foregroundMiou),
    pixelAccuracy: percent(pixelAccuracy),
    classes: classes.map(({ id, name, iou, precision, recall }) => ({
      name,
      iou: percent(iou),
      precision: percent(precision),
      recall: percent(recall),
      ...(boundaries === null ? {} : { boundaryF: percent(boundaries.classes[id].f) }),
    })),
    ...(boundaries === null ? {} : { boundaryF: percent(boundaries.meanF) }),
  };
}

/** 0.70137 → 70.14 */
export function percent(fraction: number | null): number | null {
  return fraction === null ? null : Math.round(fraction * 1e4) / 100;
}
