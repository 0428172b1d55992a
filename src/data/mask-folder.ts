import { type Dirent, statSync } from "node:fs";
import { join } from "node:path";
import { badFormat } from "../core/error.ts";
import { MAX_PROPOSALS } from "../core/limits.ts";
import { readFolder } from "./paths.ts";

/** The table of qualities that SAM's `scripts/amg.py` writes beside its masks. */
export const METADATA = "metadata.csv";

/**
 * The paths of the masks in a folder, ordered by the numbers in their names (2.png before 10.png), then of its
 * `metadata.csv`, if any. A mask is a regular file whose name ends in "png", with or without a dot,
 * case-sensitive; hidden files and sub-folders do not count.
 *
 * @throws MaskwrightError NOT_FOUND for a missing folder
 */
export function listMaskFolder(folder: string): string[] {
  const entries = readFolder(folder);
  const names = entries.filter(isMaskFile).map(({ name }) => name);
  if (names.length > MAX_PROPOSALS)
    throw badFormat(folder, `at most ${MAX_PROPOSALS} masks`, String(names.length));
  names.sort((a, b) => numeric.compare(a, b) || (a < b ? -1 : 1)); // "1.png" and "01.png" are one number;
  if (entries.some((entry) => entry.name === METADATA && isRegularFile(entry))) names.push(METADATA);
  return names.map((name) => join(folder, name));
}

/** Whether an entry of a folder is a mask by the rule of `listMaskFolder`. */
export function isMaskFile(entry: Dirent): boolean {
  return entry.name.endsWith("png") && !entry.name.startsWith(".") && isRegularFile(entry);
}

/** Files, and links to files. */
export function isRegularFile(entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile();
  return statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.isFile() ?? false;
}

const numeric = new Intl.Collator("en", { numeric: true });
