import { BACKGROUND, type ClassId, type LabelMap } from "./label-map.ts";
import { confusion } from "./metrics.ts";

/**
 * The per-image figures of SEPL's published evaluation, kept to compare with its CSV files. They are no
 * mIoU: the j-th value pools the first j classes of the picture, background is never scored and
 * a class that the truth lacks costs nothing. To judge labels use `confusion` and `scores`.
 */
export interface RunningScores {
  /** Means of the values below, unrounded; NaN when the truth has no foreground. */
  readonly iou: number;
  readonly precision: number;
  readonly recall: number;
  /** One entry a foreground class of the truth, ascending id, pooled over the classes so far. */
  readonly running: readonly RunningValue[];
}

export interface RunningValue {
  readonly classId: ClassId;
  readonly iou: number;
  readonly precision: number;
  readonly recall: number;
}

/** A line of the CSV: the same picture's scores for the given pseudo label and after refinement. */
export interface OriginalCsvRow {
  readonly name: string;
  readonly pseudo: RunningScores;
  readonly afterSam: RunningScores;
}

/** The published evaluation is fixed to VOC: background and 20 classes. */
const LAST_CLASS = 20;
/** Keeps the published divisions from 0/0; part of the figures. */
const EPSILON = 1e-10;

/**
 * The published running figures of one picture; pixels with truth 255 are skipped.
 *
 * The sums of true, predicted and correct pixels run on from class to class, ids 1..20 in order, and
 * after each class that the truth contains IoU, precision and recall are taken from the sums so far.
 *
 * @throws MaskwrightError SHAPE_MISMATCH if the sizes differ
 * @see cskyl/SAM_WSSS, `processor.py`, `Processor.evaluate`; its figures are `roundHalfEven(mean, 3)`
 */
export function runningScores(pred: LabelMap, truth: LabelMap): RunningScores {
  const { classCount, counts } = confusion(pred, truth, 255);
  const at = (trueId: ClassId, predictedId: ClassId) => counts[trueId * (classCount + 1) + predictedId];
  const running: RunningValue[] = [];
  let truePixels = 0;
  let predictedPixels = 0;
  let correctPixels = 0;
  for (let classId = BACKGROUND + 1; classId <= LAST_CLASS; classId++) {
    let ofClass = 0;
    for (let id = 0; id <= classCount; id++) ofClass += at(classId, id);
    if (ofClass === 0) continue;
    truePixels += ofClass;
    for (let id = 0; id < classCount; id++) predictedPixels += at(id, classId);
    correctPixels += at(classId, classId);
    running.push({
      classId,
      iou: correctPixels / (truePixels + predictedPixels - correctPixels + EPSILON),
      precision: correctPixels / (predictedPixels + EPSILON),
      recall: correctPixels / (truePixels + EPSILON),
    });
  }
  return {
    iou: numpyMean(running.map(({ iou }) => iou)),
    precision: numpyMean(running.map(({ precision }) => precision)),
    recall: numpyMean(running.map(({ recall }) => recall)),
    running,
  };
}

/**
 * The value to so many decimals as `numpy.round` does it: scaled, rounded with ties to even, scaled back.
 * NaN stays NaN.
 */
export function roundHalfEven(value: number, digits: number): number {
  const scale = 10 ** digits;
  const scaled = value * scale;
  const up = Math.round(scaled); // ties go up
  return (up - scaled === 0.5 && up % 2 !== 0 ? up - 1 : up) / scale;
}

/**
 * The CSV of the published evaluation, byte for byte: CRLF, rounded scores, then their differences with
 * the float64 residue they have (0.05300000000000005), in Python's spelling. No rows make no file: "".
 */
export function originalCsv(rows: readonly OriginalCsvRow[]): string {
  if (rows.length === 0) return "";
  const lines = rows.map(({ name, pseudo, afterSam }) => {
    const before = roundedScores(pseudo);
    const after = roundedScores(afterSam);
    const deltas = after.map((score, i) => score - before[i]);
    return [quoteCsv(name), ...[...before, ...after, ...deltas].map(pythonFloat)];
  });
  return [csvColumns, ...lines].map((fields) => `${fields.join(",")}\r\n`).join("");
}

const csvColumns = [
  "name",
  "pseudo_mIoU",
  "pseudo_mprecision",
  "pseudo_mrecall",
  "after_sam_mIoU",
  "after_sam_mprecision",
  "after_sam_mrecall",
  "mIoU_delta",
  "mprecision_delta",
  "mrecall_delta",
];

function roundedScores({ iou, precision, recall }: RunningScores): number[] {
  return [iou, precision, recall].map((score) => roundHalfEven(score, 3));
}

/** Python's `repr` of 0 and of any float from 0.0001 up to 1e16: the digits are JavaScript's, whole numbers keep their ".0". */
function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function quoteCsv(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/**
 * NumPy's mean of up to 128 numbers, NaN of none. From eight on it adds in eight columns, which can change the
 * last bit and so the third decimal of a tie.
 */
function numpyMean(values: readonly number[]): number {
  const columns = new Array<number>(8).fill(0);
  const inColumns = values.length - (values.length % 8);
  for (let i = 0; i < inColumns; i++) columns[i % 8] += values[i];
  const [a, b, c, d, e, f, g, h] = columns;
  let total = a + b + (c + d) + (e + f + (g + h));
  for (let i = inColumns; i < values.length; i++) total += values[i];
  return total / values.length;
}
