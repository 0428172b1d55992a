import { invalid, type MaskwrightError, shapeMismatch } from "./error.ts";
import { formatSize, isSameSize, type Size } from "./geometry.ts";
import { BACKGROUND, type ClassId, IGNORE } from "./label-map.ts";

/** What the metrics share: their input checks and their way to say "nothing to judge by". */

export function checkClassCount(where: string, classCount: number): void {
  if (!Number.isInteger(classCount) || classCount < 1 || classCount > IGNORE)
    throw invalid(`${where}: classCount`, `an integer in 1..${IGNORE}`, classCount);
}

export function checkPredictionSize(where: string, pred: Size, truth: Size): void {
  if (!isSameSize(pred, truth))
    throw shapeMismatch(where, `a prediction of ${formatSize(truth)} like the truth`, formatSize(pred));
}

export function unknownTruthId(where: string, id: ClassId, classCount: number): MaskwrightError {
  return invalid(
    `${where}: truth`,
    `class ids 0..${classCount - 1} or ${IGNORE} (ignore)`,
    id,
    "The class list is too short for this ground truth, or the file is not a label map.",
  );
}

/** The names as given, checked, or the ids as names. */
export function resolveClassNames(
  where: string,
  classCount: number,
  classNames: readonly string[] | undefined,
): readonly string[] {
  if (classNames === undefined) return Array.from({ length: classCount }, (_, id) => String(id));
  if (classNames.length !== classCount)
    throw invalid(`${where}: classNames`, `${classCount} names`, classNames);
  return classNames;
}

/** null where there is nothing to divide by. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** The mean of the numbers among the values; null when there is none. */
export function meanKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return ratio(
    known.reduce((sum, value) => sum + value, 0),
    known.length,
  );
}

/** The values of the classes other than background. */
export function withoutBackground<T>(values: readonly T[]): readonly T[] {
  return values.slice(BACKGROUND + 1);
}
