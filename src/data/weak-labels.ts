import type { LabeledBox, LabeledPoint } from "../core/weak-label.ts";
import { type CsvColumns, type CsvRow, parseCsv, parseNumber } from "./csv.ts";
import { readBytes } from "./json-file.ts";
import { collectProblems, type Problems, quote } from "./problems.ts";
import { checkFile, classFinder, decodeTagsCsv, decodeTagsJson, type WeakLabels } from "./tags.ts";

/** The most bytes of a file of weak labels. */
export const MAX_FILE_BYTES: number = 2 ** 29;

export const boxColumns: CsvColumns = { required: ["file", "class", "x0", "y0", "x1", "y1"] };
export const pointColumns: CsvColumns = {
  required: ["file", "class", "x", "y"],
  optional: ["positive", "object"],
};

/** Tags of a .csv or .json file by picture id; see `decodeTagsCsv` and `decodeTagsJson`. */
export async function readTags(path: string, classes: readonly string[]): Promise<WeakLabels<"tags">> {
  const bytes = await readBytes(path, MAX_FILE_BYTES);
  return /\.json$/i.test(path) ? decodeTagsJson(bytes, path, classes) : decodeTagsCsv(bytes, path, classes);
}

/** Boxes of a .csv file by picture id; see `decodeBoxesCsv`. */
export async function readBoxes(path: string, classes: readonly string[]): Promise<WeakLabels<"boxes">> {
  return decodeBoxesCsv(await readBytes(path, MAX_FILE_BYTES), path, classes);
}

/** Points of a .csv file by picture id; see `decodePointsCsv`. */
export async function readPoints(path: string, classes: readonly string[]): Promise<WeakLabels<"points">> {
  return decodePointsCsv(await readBytes(path, MAX_FILE_BYTES), path, classes);
}

/**
 * Boxes from `boxes.csv`: columns `file,class,x0,y0,x1,y1`, one box a line, 0-based pixels, half-open.
 * The boxes of a picture keep the order of their lines. Boxes may reach beyond the picture: its size is not known here.
 */
export function decodeBoxesCsv(
  bytes: Uint8Array,
  where: string,
  classes: readonly string[],
): WeakLabels<"boxes"> {
  const problems = collectProblems(where);
  const rows = parseCsv(bytes, where, boxColumns, problems);
  const findClass = classFinder(classes);
  const boxes = gather<LabeledBox>(rows, problems, (row) => {
    const classId = findClass(row.fields.class, `line ${row.line}, class`, problems);
    const [x0, y0, x1, y1] = ["x0", "y0", "x1", "y1"].map((column) => parseNumber(row, column, problems));
    if (x1 <= x0) problems.add(`line ${row.line}, x1`, `more than x0 = ${x0}`, `${x1}`);
    if (y1 <= y0) problems.add(`line ${row.line}, y1`, `more than y0 = ${y0}`, `${y1}`);
    return { classId, x0, y0, x1, y1 };
  });
  problems.throwIfAny();
  return new Map([...boxes].map(([id, list]) => [id, { kind: "boxes", boxes: list }]));
}

/**
 * Points from `points.csv`: columns `file,class,x,y[,positive][,object]`, one point a line, continuous 0-based pixels
 * (the center of the first pixel is 0.5, 0.5). `positive` is true, false, 1, 0 or empty, which is true. Points of a
 * picture with the same `object`, any text, are on one object (or beside it, if negative); empty is an object of its own.
 */
export function decodePointsCsv(
  bytes: Uint8Array,
  where: string,
  classes: readonly string[],
): WeakLabels<"points"> {
  const problems = collectProblems(where);
  const rows = parseCsv(bytes, where, pointColumns, problems);
  const findClass = classFinder(classes);
  const points = gather<LabeledPoint>(rows, problems, (row) => {
    const classId = findClass(row.fields.class, `line ${row.line}, class`, problems);
    const [x, y] = ["x", "y"].map((column) => parseNumber(row, column, problems));
    const positive = (row.fields.positive ?? "").toLowerCase();
    if (!["", "true", "false", "1", "0"].includes(positive)) {
      problems.add(`line ${row.line}, positive`, "true, false, 1 or 0", quote(positive));
    }
    const point = { classId, x, y, positive: positive !== "false" && positive !== "0" };
    return row.fields.object ? { ...point, object: row.fields.object } : point;
  });
  problems.throwIfAny();
  return new Map([...points].map(([id, list]) => [id, { kind: "points", points: list }]));
}

/** What each row says, listed by picture. */
function gather<T>(rows: readonly CsvRow[], problems: Problems, read: (row: CsvRow) => T): Map<string, T[]> {
  const result = new Map<string, T[]>();
  for (const row of rows) {
    const id = checkFile(row.fields.file, `line ${row.line}, file`, problems);
    const item = read(row);
    const list = result.get(id);
    if (list === undefined) result.set(id, [item]);
    else list.push(item);
  }
  return result;
}
