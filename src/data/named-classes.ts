import { existsSync, statSync } from "node:fs";
import { badFormat } from "../core/error.ts";
import { type CsvColumns, parseCsv } from "./csv.ts";
import { readBytes } from "./json-file.ts";
import { readFileBytes } from "./paths.ts";
import { collectProblems, quote } from "./problems.ts";
import { listVocFiles } from "./prompts.ts";
import { decodeVocXml } from "./voc-xml.ts";
import { boxColumns, MAX_FILE_BYTES, pointColumns } from "./weak-labels.ts";

/**
 * The class names that stand in a CSV of boxes or points, or in a folder of VOC XML files, in alphabetical order: the classes of somebody who
 * gives no list. Undefined for a file of another kind.
 *
 * @throws MaskwrightError BAD_FORMAT for files that cannot be read or name nothing, and for numbers in place of names
 */
export async function namedClasses(path: string, kind: "boxes" | "points"): Promise<string[] | undefined> {
  const names = await readNames(path, kind === "boxes" ? boxColumns : pointColumns);
  if (names === null) return undefined;
  if (names.length === 0) throw badFormat(path, `some ${kind}`, "none");
  const classes = [...new Set(names)].sort();
  const problems = collectProblems(path);
  for (const name of classes)
    if (/^\d*$/.test(name)) problems.add("class", "a name, as there is no --classes", quote(name));
  problems.throwIfAny();
  return classes;
}

async function readNames(path: string, columns: CsvColumns): Promise<readonly string[] | null> {
  if (existsSync(path) && statSync(path).isDirectory())
    return listVocFiles(path).flatMap((file) =>
      decodeVocXml(readFileBytes(file.path), file.path).objects.map(({ name }) => name),
    );
  if (!/\.csv$/i.test(path)) return null;
  const problems = collectProblems(path);
  const rows = parseCsv(await readBytes(path, MAX_FILE_BYTES), path, columns, problems);
  problems.throwIfAny();
  return rows.map(({ fields }) => fields.class);
}
