import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { readFileBytes, readFolder } from "./paths.ts";
import { pathFault } from "./picture-id.ts";
import { decodeProposalArray } from "./proposal-array.ts";
import { decodeProposals } from "./proposal-file.ts";
import {
  type DecodedProposals,
  type DecodeProposalsOptions,
  decodeProposalFolder,
  type InputFile,
  isMaskFile,
  isRegularFile,
  listMaskFolder,
} from "./proposal-folder.ts";

/** How proposals lie in a folder: `<id>.json[.gz]`, a folder `<id>` of mask PNGs, or `<id>.npz` / `<id>.npy`. */
export type ProposalLayout = "json" | "masks" | "arrays";

/** A folder with the proposals of many pictures. */
export interface ProposalSource {
  readonly layout: ProposalLayout;
  /** Where the files are: inside a run directory that is its `proposals` folder. */
  readonly folder: string;
  /** Sorted; sub-folders are kept: "a/b". */
  readonly ids: readonly string[];
}

/** The files of one picture's proposals, read but not yet decoded. */
export interface StoredProposals {
  readonly files: readonly InputFile[];
  decode(options?: DecodeProposalsOptions): DecodedProposals;
}

/** The layouts, as a message calls them. */
export const proposalLayouts: Readonly<Record<ProposalLayout, string>> = {
  json: "JSON files",
  masks: "folders of mask PNGs",
  arrays: "npz or npy files",
};

const ENDINGS: readonly (readonly [ending: string, layout: ProposalLayout])[] = [
  [".json", "json"],
  [".json.gz", "json"],
  [".npz", "arrays"],
  [".npy", "arrays"],
];

/**
 * Looks what a folder of proposals holds: a run directory, JSON files, folders of masks, or arrays. Only names
 * are read. A folder without files or folders in it is a picture without masks.
 *
 * @throws MaskwrightError NOT_FOUND for a missing folder or one without proposals; BAD_FORMAT for two layouts in one, for
 *         two files of one picture, and for the masks of a single picture
 */
export function openProposals(path: string): ProposalSource {
  const isRun = isFile(join(path, "run.json"));
  const folder = isRun ? join(path, "proposals") : path;
  if (isRun && !isFolder(folder)) throw nothingIn(path);
  const found: FoundIds = { json: [], arrays: [], masks: [], empty: [] };
  collectIds(folder, "", found);
  const present = (["json", "masks", "arrays"] as const).filter((layout) => found[layout].length > 0);
  if (present.length > 1) throw mixed(folder, present, found);
  // Beside files, an empty folder means nothing.
  const [layout] = present.length === 0 && found.empty.length > 0 ? (["masks"] as const) : present;
  if (layout === undefined) throw nothingIn(folder);
  const ids = (layout === "masks" ? [...found.masks, ...found.empty] : found[layout]).sort();
  checkUnique(folder, ids);
  return { layout, folder, ids };
}

/**
 * Reads the files of one picture's proposals, whichever layout the folder has.
 *
 * @throws MaskwrightError NOT_FOUND with the id and the folder when there are none
 */
export function loadProposals(folder: string, id: string): StoredProposals {
  const fault = pathFault(id);
  if (fault !== null)
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `${folder}: expected a picture id, got ${fault}: ${JSON.stringify(id)}`,
    );
  const base = join(folder, id);
  for (const [ending, layout] of ENDINGS) {
    const path = `${base}${ending}`;
    if (!isFile(path)) continue;
    const file = { path, bytes: readFileBytes(path) };
    const decode = layout === "json" ? decodeProposals : decodeProposalArray;
    return { files: [file], decode: () => ({ set: { ...decode(file.bytes, path), id }, warnings: [] }) };
  }
  const kind = folderKind(base);
  if (kind !== "masks" && kind !== "empty") throw missing(folder, id);
  const files = listMaskFolder(base).map((path) => ({ path, bytes: readFileBytes(path) }));
  return { files, decode: (options) => decodeProposalFolder(files, id, options) };
}

interface FoundIds extends Readonly<Record<ProposalLayout, string[]>> {
  /** Folders with no mask in them and nothing further down. */
  readonly empty: string[];
}

/** Sorts what lies in a folder and, other than in folders of masks, below it into ids by layout. */
function collectIds(folder: string, prefix: string, found: FoundIds): void {
  for (const entry of readFolder(folder)) {
    const { name } = entry;
    if (name.startsWith(".")) continue;
    if (isRegularFile(entry)) {
      const known = ENDINGS.find(([ending]) => name.endsWith(ending));
      if (known !== undefined) found[known[1]].push(`${prefix}${name.slice(0, -known[0].length)}`);
      else if (prefix === "" && isMaskFile(entry)) throw masksOfOne(folder, name);
      continue;
    }
    const kind = folderKind(join(folder, name));
    if (kind === "above") {
      // A link to a folder above others may lead in circles.
      if (entry.isDirectory()) collectIds(join(folder, name), `${prefix}${name}/`, found);
    } else if (kind !== null) found[kind].push(`${prefix}${name}`);
  }
}

/** Whether a folder holds masks, nothing of ours, or is above such folders; null when it is no folder. */
function folderKind(path: string): "masks" | "empty" | "above" | null {
  if (!isFolder(path)) return null;
  const entries = readFolder(path).filter(({ name }) => !name.startsWith("."));
  if (entries.some(isMaskFile)) return "masks";
  const isAbove = entries.some(
    (entry) => isFolder(join(path, entry.name)) || ENDINGS.some(([ending]) => entry.name.endsWith(ending)),
  );
  return isAbove ? "above" : "empty";
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

const layouts = "<id>.json, <id>.json.gz, <id>.npz, <id>.npy or folders <id> of mask PNGs";

function missing(folder: string, id: string): MaskwrightError {
  if (!isFolder(folder)) readFolder(folder); // says that it is missing
  const text = `${folder}: expected proposals of "${id}" (${layouts}), got nothing there`;
  return new MaskwrightError("NOT_FOUND", text, {
    hint: `Run "maskwright propose" on the pictures, or name others by --ids.`,
  });
}

function nothingIn(folder: string): MaskwrightError {
  return new MaskwrightError("NOT_FOUND", `${folder}: expected proposals (${layouts}), got none`);
}

function masksOfOne(folder: string, name: string): MaskwrightError {
  const text = `${folder}: expected a folder of masks for each picture, got masks (${name})`;
  return new MaskwrightError("BAD_FORMAT", text, { hint: `Give the folder above "${basename(folder)}".` });
}

function mixed(folder: string, present: readonly ProposalLayout[], found: FoundIds): MaskwrightError {
  const kinds = present.map(
    (layout) => `${found[layout].length} ${proposalLayouts[layout]} ("${found[layout][0]}" first)`,
  );
  const text = `${folder}: expected proposals in one layout, got ${kinds.join(" and ")}`;
  return new MaskwrightError("BAD_FORMAT", text, { hint: "Keep them in folders of their own." });
}

function checkUnique(folder: string, sorted: readonly string[]): void {
  const twice = sorted.find((id, k) => id === sorted[k + 1]);
  if (twice === undefined) return;
  throw new MaskwrightError(
    "BAD_FORMAT",
    `${folder}: expected one file for each picture, got two for "${twice}"`,
  );
}
