import { datasetFigures, formatGain, formatPercent } from "./figures.ts";
import type { StageScores } from "./report.ts";

/**
 * The scores as a table for the terminal, in percent: first the data set's, then one row a class. With one
 * stage a class has IoU, precision and recall; with more, the IoU of each stage and the change from the
 * first to the last.
 *
 * @returns lines without a line break at the end; "" without a stage
 */
export function formatScores(stages: readonly StageScores[]): string {
  if (stages.length === 0) return "";
  const first = stages[0].scores.classes;
  const isComparison = stages.length > 1;
  const classes = first.map(({ name, iou, precision, recall }, c) => [
    printable(name),
    ...(isComparison
      ? withGain(stages.map(({ scores }) => scores.classes[c].iou))
      : [iou, precision, recall].map(formatPercent)),
  ]);
  const heads = isComparison ? stageHeads(stages) : ["IoU", "precision", "recall"];
  return alignColumns([
    ...figureRows(stages),
    [],
    [isComparison ? "IoU of class" : "class", ...heads],
    ...classes,
  ]);
}

/** The same without the classes. */
export function formatFigures(stages: readonly StageScores[]): string {
  return stages.length === 0 ? "" : alignColumns(figureRows(stages));
}

function figureRows(stages: readonly StageScores[]): string[][] {
  const figures = datasetFigures(stages).map(({ name, values }) => [name, ...withGain(values)]);
  return [["", ...stageHeads(stages)], ...figures];
}

function stageHeads(stages: readonly StageScores[]): string[] {
  const names = stages.map(({ name }) => printable(name));
  return stages.length > 1 ? [...names, "change"] : names;
}

function withGain(values: readonly (number | null)[]): string[] {
  const cells = values.map(formatPercent);
  // A hyphen here, so that the column can be pasted into a spreadsheet.
  if (values.length > 1) cells.push(formatGain(values[0], values[values.length - 1]).replace("−", "-"));
  return cells;
}

/** A name without control characters: one from a file must not steer the terminal. */
export function printable(name: string): string {
  return name.replace(/\p{C}/gu, "\uFFFD");
}

/** Rows of cells as lines: the first column flush left, the others flush right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, k) => {
      widths[k] = Math.max(widths[k] ?? 0, [...cell].length);
    });
  const pad = (cell: string, k: number): string => " ".repeat(widths[k] - [...cell].length);
  return rows
    .map((row) => row.map((cell, k) => (k === 0 ? cell + pad(cell, k) : pad(cell, k) + cell)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}
