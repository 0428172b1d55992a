import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { listPictures, readFolder } from "../paths.ts";

/** A file of a data set whose folders are its splits. */
export interface SplitFile {
  readonly id: string;
  readonly split: string | null;
  readonly path: string;
}

/**
 * The files with an extension in the folders below `folder`, each of which is a split; when `folder` holds such files itself, there are no
 * splits.
 *
 * @throws MaskwrightError NOT_FOUND for none; BAD_FORMAT for two of one id
 */
export function listSplitFiles(folder: string, extensions: readonly string[]): SplitFile[] {
  const entries = readFolder(folder).filter(({ name }) => !name.startsWith("."));
  const isWanted = (name: string): boolean => extensions.some((end) => name.toLowerCase().endsWith(end));
  if (entries.some((entry) => !entry.isDirectory() && isWanted(entry.name)))
    return listPictures(folder, { extensions, recursive: true }).map((file) => ({ ...file, split: null }));
  const splits = entries.map(({ name }) => name).filter((name) => isFolder(join(folder, name)));
  return byId(
    splits.flatMap((split) => listIn(join(folder, split), extensions).map((file) => ({ ...file, split }))),
    folder,
  );
}

/** Files sorted by id. @throws MaskwrightError NOT_FOUND for none; BAD_FORMAT for two of one id */
export function byId(files: readonly SplitFile[], where: string): SplitFile[] {
  if (files.length === 0)
    throw new MaskwrightError("NOT_FOUND", `${where}: expected pictures in folders for splits, got none`);
  const sorted = files.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  for (let k = 1; k < sorted.length; k++)
    if (sorted[k].id === sorted[k - 1].id)
      throw badFormat(
        where,
        `one picture called ${sorted[k].id}`,
        `${sorted[k - 1].path} and ${sorted[k].path}`,
      );
  return sorted;
}

/** The files with these extensions in a folder and those below; none when it is not there or has none. */
export function listIn(folder: string, extensions?: readonly string[]): { id: string; path: string }[] {
  if (!existsSync(folder)) return [];
  try {
    return listPictures(folder, { recursive: true, ...(extensions !== undefined && { extensions }) });
  } catch (error) {
    if (error instanceof MaskwrightError && error.code === "NOT_FOUND") return [];
    throw error;
  }
}

/** The names of splits, "train" first. */
export function splitNames(files: readonly { readonly split: string | null }[]): string[] {
  const names = [...new Set(files.flatMap(({ split }) => split ?? []))];
  return names.sort((a, b) => Number(b === "train") - Number(a === "train") || (a < b ? -1 : 1));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
