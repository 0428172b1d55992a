import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../data/json-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import type { FileRole } from "../../models/registry.ts";
import { writeAtomically } from "../files.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const schema = z
  .object({
    format: z.literal(1),
    model: z.string(),
    role: z.enum(["weights", "vocabulary"]),
    sha256: digest,
    bytes: z.number().int().nonnegative(),
    origin: z.object({ from: z.string(), sha256: digest, isPublished: z.boolean() }),
  })
  .transform(({ format, ...file }) => file);

/** What is written down about a file of a model that is here. */
export interface StoredFile {
  readonly model: string;
  readonly role: FileRole;
  /** Of the file as it is kept, which names it. */
  readonly sha256: string;
  readonly bytes: number;
  readonly origin: FileOrigin;
}

/** A model's file, and where it lies. */
export interface LocatedFile extends StoredFile {
  readonly path: string;
}

export interface FileOrigin {
  /** Address or path. */
  readonly from: string;
  /** Of the file there, which may be of another format than the one that is kept. */
  readonly sha256: string;
  /** Whether that is a file that the registry knows by its digest. */
  readonly isPublished: boolean;
}

const extensions: Readonly<Record<FileRole, string>> = {
  weights: ".safetensors",
  vocabulary: ".txt.gz",
};

/** Where a file of this content lies, below the models folder. */
export function storedPath(folder: string, { role, sha256 }: Pick<StoredFile, "role" | "sha256">): string {
  return join(folder, "files", `${sha256}${extensions[role]}`);
}

/** Where files lie while they are fetched or converted. */
export function workFolder(folder: string): string {
  return join(folder, "downloads");
}

/** What is written down about a model's file; null when there is nothing, or nothing that can be read: see `damagedNote`. */
export function readStoredFile(folder: string, model: string, role: FileRole): StoredFile | null {
  const file = readNote(notePath(folder, model, role));
  return file !== null && file.model === model && file.role === role ? file : null;
}

/** Something that stands where a model's file is written down and says nothing of it: which file it was is not known. */
export interface DamagedNote {
  readonly model: string;
  readonly role: FileRole;
  /** Of the note itself. */
  readonly path: string;
}

export function damagedNote(folder: string, model: string, role: FileRole): DamagedNote | null {
  const path = notePath(folder, model, role);
  if (!existsSync(path) || readStoredFile(folder, model, role) !== null) return null;
  return { model, role, path };
}

/**
 * Writes down that a file is here, over a damaged note too, and deletes the file that it replaces, unless another model has it too.
 *
 * There is a note for each file of each model, so that two processes never change the same one to different ends.
 */
export function writeStoredFile(folder: string, file: StoredFile): void {
  const { model, role } = file;
  const before = readStoredFile(folder, model, role);
  writeAtomically(
    notePath(folder, model, role),
    `${JSON.stringify({ format: 1, ...file } satisfies z.input<typeof schema>, null, 2)}\n`,
  );
  if (before !== null && before.sha256 !== file.sha256) removeUnused(folder, before);
}

/** Forgets a model's file and deletes it, unless another model has it too. Returns whether there was one. */
export function removeStoredFile(folder: string, model: string, role: FileRole): boolean {
  const path = notePath(folder, model, role);
  if (!existsSync(path)) return false;
  const file = readNote(path);
  rmSync(path, { force: true });
  if (file !== null) removeUnused(folder, file);
  return true;
}

/** Whether the file itself is here, judged by its size. */
export function isPresent({ path, bytes }: LocatedFile): boolean {
  return existsSync(path) && statSync(path).size === bytes;
}

function notePath(folder: string, model: string, role: FileRole): string {
  return join(folder, "index", `${model}.${role}.json`);
}

function removeUnused(folder: string, file: StoredFile): void {
  const index = join(folder, "index");
  const isUsed = readdirSync(index)
    .filter((name) => name.endsWith(".json"))
    .some((name) => readNote(join(index, name))?.sha256 === file.sha256);
  if (!isUsed) rmSync(storedPath(folder, file), { force: true });
}

/** Null for no note, and for a damaged one. */
function readNote(path: string): StoredFile | null {
  try {
    return schema.parse(parseJson(readFileBytes(path), path));
  } catch {
    return null;
  }
}
