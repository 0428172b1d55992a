import { join } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { listMaskFolder } from "./mask-folder.ts";
import { readFileBytes, readFolder } from "./paths.ts";
import { pathFault } from "./picture-id.ts";
import { decodeProposals } from "./proposal-file.ts";
import {
  type DecodedProposals,
  type DecodeProposalsOptions,
  decodeProposalFolder,
  type InputFile,
} from "./proposal-folder.ts";
import { expectedProposals, folderKind, isFile, isFolder, proposalEndings } from "./proposal-layout.ts";

/** The files of one picture's proposals, read but not yet decoded. */
export interface StoredProposals {
  readonly files: readonly InputFile[];
  decode(options?: DecodeProposalsOptions): DecodedProposals;
}

/**
 * Reads the files of one picture's proposals, whichever layout the folder has.
 *
 * @throws MaskwrightError NOT_FOUND with the id and the folder when there are none
 */
export async function loadProposals(folder: string, id: string): Promise<StoredProposals> {
  const fault = pathFault(id);
  if (fault !== null)
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `${folder}: expected a picture id, got ${fault}: ${JSON.stringify(id)}`,
    );
  const base = join(folder, id);
  for (const [ending, layout] of proposalEndings) {
    const path = `${base}${ending}`;
    if (!isFile(path)) continue;
    const file = { path, bytes: readFileBytes(path) };
    // Few read arrays, and their reader brings a zip library along.
    const decode =
      layout === "json" ? decodeProposals : (await import("./proposal-array.ts")).decodeProposalArray;
    return { files: [file], decode: () => ({ set: { ...decode(file.bytes, path), id }, oddMasks: [] }) };
  }
  const kind = folderKind(base);
  if (kind !== "masks" && kind !== "empty") throw missing(folder, id);
  const files = listMaskFolder(base).map((path) => ({ path, bytes: readFileBytes(path) }));
  return { files, decode: (options) => decodeProposalFolder(files, id, options) };
}

function missing(folder: string, id: string): MaskwrightError {
  if (!isFolder(folder)) readFolder(folder); // says that it is missing
  const text = `${folder}: expected proposals of "${id}" (${expectedProposals}), got nothing there`;
  return new MaskwrightError("NOT_FOUND", text, {
    hint: `Run "maskwright propose" on the pictures, or name others by --ids.`,
  });
}
