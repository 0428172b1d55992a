import { createHash } from "node:crypto";
import { closeSync, constants, copyFileSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { SAFETENSORS_LENGTH_BYTES } from "../../core/safetensors-header.ts";
import { writeError } from "../../data/paths.ts";
import { streamSafetensors, type WeightFile } from "../../engine/index.ts";
import { openWeightFile } from "../../engine/node.ts";
import { clipWeights } from "../../models/clip/weights.ts";
import type { FileRole, ModelEntry } from "../../models/registry.ts";
import { samWeights } from "../../models/sam/weights.ts";
import { makeFolder } from "../files.ts";
import { append, claimPart } from "./parts.ts";
import { type FileOrigin, type StoredFile, storedPath, workFolder, writeStoredFile } from "./stored-file.ts";
import { unpackZip } from "./unpack-zip.ts";

/** A file that is to become a model's. */
export interface Candidate {
  readonly role: FileRole;
  readonly path: string;
  /** What it is called where it comes from, which says whether it is an archive. */
  readonly name: string;
  readonly origin: FileOrigin;
  /** Whether it may be moved instead of copied. */
  readonly isOurs: boolean;
}

/**
 * Makes a file a model's own: checks that it has what the model needs, and keeps it in the models folder.
 *
 * Weights are kept as safetensors whose tensors can be mapped into memory where they lie. A file that is so is kept byte for byte; any
 * other is written anew, once, with the official names and nothing but the network's tensors.
 *
 * @throws MaskwrightError BAD_FORMAT, NOT_FOUND or SHAPE_MISMATCH for a file that is not one of the model's; ABORTED
 */
export async function adoptFile(
  folder: string,
  entry: ModelEntry,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<StoredFile> {
  const { role, path, name, origin } = candidate;
  makeFolder(join(folder, "files"));
  // As parts of downloads, so that what a killed process leaves is overwritten by the next.
  const made = claimPart(workFolder(folder), `made-${entry.name}-${role}`);
  const unpacked = claimPart(workFolder(folder), `unpacked-${entry.name}-${role}`);
  try {
    const isArchive = /\.zip$/i.test(name);
    if (isArchive) await unpackZip(path, unpacked.path, signal);
    const source = isArchive ? unpacked.path : path;
    const converted =
      role === "vocabulary"
        ? checkVocabulary(path, name)
        : await convertWeights(entry, source, { name, isArchive, to: made.path, signal });
    const kept = converted ?? keep(candidate, made.path);
    const file: StoredFile = { model: entry.name, role, ...kept, origin };
    renameSync(made.path, storedPath(folder, file));
    writeStoredFile(folder, file);
    return file;
  } catch (error) {
    if (signal.aborted) throw new MaskwrightError("ABORTED", `${entry.name}: stopped`);
    throw error;
  } finally {
    made.remove();
    unpacked.remove();
  }
}

/** What was made of a candidate, to be stored. */
type Kept = Pick<StoredFile, "sha256" | "bytes">;

function keep({ path, origin, isOurs }: Candidate, to: string): Kept {
  try {
    if (isOurs) renameSync(path, to);
    else copyFileSync(path, to, constants.COPYFILE_FICLONE);
  } catch (cause) {
    throw writeError(to, "a file to write", cause);
  }
  return { sha256: origin.sha256, bytes: statSync(to).size };
}

interface Conversion {
  readonly name: string;
  readonly isArchive: boolean;
  readonly to: string;
  readonly signal: AbortSignal;
}

/** Checks weights, and writes them as they are to be kept; null when the file can be kept itself. */
async function convertWeights(
  entry: ModelEntry,
  path: string,
  { name, isArchive, to, signal }: Conversion,
): Promise<Kept | null> {
  const file = openWeightFile(path);
  try {
    const weights = networkWeights(entry, { ...file, where: name });
    const isMappable = [...weights.tensors.values()].every(({ range }) => range !== null);
    if (isMappable && !isArchive && isSafetensors(path)) return null;
    return await writeWeights(weights, to, signal);
  } finally {
    file.close();
  }
}

/** The tensors of a model's network, checked. */
function networkWeights({ network }: ModelEntry, file: WeightFile): WeightFile {
  switch (network.kind) {
    case "sam":
      return samWeights(file, network.config);
    case "clip":
      return clipWeights(file, network.config);
  }
}

/** Tensor by tensor, so that a file may be larger than memory and Ctrl-C is heard. */
async function writeWeights(weights: WeightFile, path: string, signal: AbortSignal): Promise<Kept> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(path, "w");
  try {
    for (const piece of streamSafetensors(weights.tensors)) {
      signal.throwIfAborted();
      hash.update(piece);
      bytes += piece.length;
      await append(file, { path }, piece);
    }
  } finally {
    await file.close();
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** The JSON of the header begins after its length. */
function isSafetensors(path: string): boolean {
  return readStart(path, SAFETENSORS_LENGTH_BYTES + 1).at(-1) === "{".charCodeAt(0);
}

/** A vocabulary is kept as it is. */
function checkVocabulary(path: string, name: string): null {
  const [first, second] = readStart(path, 2);
  if (first === 0x1f && second === 0x8b) return null;
  throw badFormat(name, "a vocabulary in a .gz file", "other bytes");
}

function readStart(path: string, length: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
