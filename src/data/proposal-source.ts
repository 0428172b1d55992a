import { basename, join } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { isMaskFile, isRegularFile } from "./mask-folder.ts";
import { readFolder } from "./paths.ts";
import {
  expectedProposals,
  folderKind,
  isFile,
  isFolder,
  type ProposalLayout,
  proposalEndings,
  proposalLayouts,
} from "./proposal-layout.ts";

/** A folder with the proposals of many pictures. */
export interface ProposalSource {
  readonly layout: ProposalLayout;
  /** Where the files are: inside a run directory that is its `proposals` folder. */
  readonly folder: string;
  /** Sorted; sub-folders are kept: "a/b". */
  readonly ids: readonly string[];
}

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
      const known = proposalEndings.find(([ending]) => name.endsWith(ending));
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

function nothingIn(folder: string): MaskwrightError {
  return new MaskwrightError("NOT_FOUND", `${folder}: expected proposals (${expectedProposals}), got none`);
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
