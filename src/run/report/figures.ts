import type { SegmentationScores } from "../../core/metrics.ts";
import type { StageScores } from "./report.ts";

/** What stands for a figure that is undefined. */
export const NO_FIGURE = "–";

/** A fraction as a percentage with two decimals: 0.6094 is "60.94". */
export function formatPercent(fraction: number | null): string {
  return fraction === null ? NO_FIGURE : (fraction * 100).toFixed(2);
}

/** The change between two fractions; null when either is undefined. */
export function gainOf(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

/** The change between two fractions in points, signed: "+5.26", "−0.30", "0.00". It is that of the printed figures, so that a row adds up. */
export function formatGain(before: number | null, after: number | null): string {
  if (before === null || after === null) return NO_FIGURE;
  const points = (Number(formatPercent(after)) - Number(formatPercent(before))).toFixed(2);
  if (Number(points) === 0) return "0.00";
  return points.startsWith("-") ? points.replace("-", "−") : `+${points}`;
}

/** A score of the whole data set, one value a stage. */
export interface DatasetFigure {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** The data set's scores in the order they are shown; boundary F only where a stage has it. */
export function datasetFigures(stages: readonly StageScores[]): DatasetFigure[] {
  const row = (name: string, key: keyof Omit<SegmentationScores, "classes">): DatasetFigure => ({
    name,
    values: stages.map(({ scores }) => scores[key]),
  });
  const figures = [
    row("mIoU", "miou"),
    row("foreground mIoU", "foregroundMiou"),
    row("pixel accuracy", "pixelAccuracy"),
  ];
  if (stages.some(({ boundaryF }) => boundaryF !== undefined))
    figures.push({ name: "boundary F", values: stages.map(({ boundaryF = null }) => boundaryF) });
  return figures;
}
