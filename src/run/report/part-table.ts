import type { AveragePrecision } from "../../core/average-precision.ts";
import { objectScores, type PartScores } from "../../core/part-metric.ts";
import { percent } from "../percent.ts";
import { formatPercent } from "./figures.ts";
import { alignColumns, printable } from "./score-table.ts";

/** The scores of one set of predicted parts. */
export interface PartStage {
  /** Heads its column. */
  readonly name: string;
  readonly scores: PartScores;
  /** Index = class id: what each class is a part of; null where nothing says it. */
  readonly objects: readonly (string | null)[];
  /** Null where instances are not known apart. */
  readonly precision: AveragePrecision | null;
}

type Figure = readonly [name: string, of: (stage: PartStage) => number | null];

const figures: readonly Figure[] = [
  ["mIoU", ({ scores }) => scores.miou],
  ["mIoU with background", ({ scores }) => scores.miouWithBackground],
  ["mACC", ({ scores }) => scores.macc],
  ["pixel accuracy", ({ scores }) => scores.pixelAccuracy],
];
const precisionFigures: readonly Figure[] = [
  ["AP50", ({ precision }) => precision?.ap50 ?? null],
  ["AP", ({ precision }) => precision?.ap ?? null],
];

/**
 * The scores as a table for the terminal, in percent: the data set's, then for each stage those of each class, and of each object where there
 * are several.
 */
export function formatPartScores(stages: readonly PartStage[]): string {
  const hasPrecision = stages.some(({ precision }) => precision !== null);
  const shown = [...figures, ...(hasPrecision ? precisionFigures : [])];
  const names = stages[0].scores.classes.map(({ name }) => printable(name));
  const tables = stages.flatMap((stage) => {
    const heads = ["IoU", "accuracy", "precision", ...(stage.precision === null ? [] : ["AP50", "AP"])];
    const classes = names.map((name, id) => [name, ...classFigures(stage, id).map(formatPercent)]);
    const titled = (title: string): string => (stages.length === 1 ? title : `${title}, ${stage.name}`);
    const objects = objectScores(stage.scores, stage.objects).map(({ name, miou, macc }) => [
      printable(name),
      ...[miou, macc].map(formatPercent),
    ]);
    const byObject = objects.length === 0 ? [] : [[], [titled("object"), "mIoU", "mACC"], ...objects];
    return [[], [titled("class"), ...heads], ...classes, ...byObject];
  });
  return alignColumns([
    ["", ...stages.map(({ name }) => name)],
    ...shown.map(([name, of]) => [name, ...stages.map((stage) => formatPercent(of(stage)))]),
    ...tables,
  ]);
}

function classFigures({ scores, precision }: PartStage, id: number): (number | null)[] {
  const { iou, accuracy, precision: pixelPrecision } = scores.classes[id];
  if (precision === null) return [iou, accuracy, pixelPrecision];
  // The background has no instances.
  const { ap50 = null, ap = null } = precision.classes[id - 1] ?? {};
  return [iou, accuracy, pixelPrecision, ap50, ap];
}

/** The same as values, in percent with two decimals; null where there is nothing to score. */
export function percentPartScores({
  scores,
  objects,
  precision,
}: PartStage): Readonly<Record<string, unknown>> {
  const averaged = (
    each: { readonly ap50: number | null; readonly ap: number | null } | undefined,
  ): object =>
    precision === null ? {} : { ap50: percent(each?.ap50 ?? null), ap: percent(each?.ap ?? null) };
  return {
    miou: percent(scores.miou),
    miouWithBackground: percent(scores.miouWithBackground),
    macc: percent(scores.macc),
    pixelAccuracy: percent(scores.pixelAccuracy),
    ...averaged(precision ?? undefined),
    classes: scores.classes.map(({ id, name, iou, accuracy, precision: pixelPrecision, f1 }) => ({
      name,
      iou: percent(iou),
      accuracy: percent(accuracy),
      precision: percent(pixelPrecision),
      f1: percent(f1),
      ...(id === 0 ? {} : averaged(precision?.classes[id - 1])),
    })),
    objects: objectScores(scores, objects).map(({ miou, macc, ...each }) => ({
      ...each,
      miou: percent(miou),
      macc: percent(macc),
    })),
  };
}
