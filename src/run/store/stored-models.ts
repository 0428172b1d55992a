import { existsSync } from "node:fs";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { type FileRole, findModel, type ModelEntry, modelRegistry } from "../../models/registry.ts";
import { bundledFile } from "./bundled-file.ts";
import { type DigestOptions, digestFile } from "./digest.ts";
import { modelsFolder } from "./location.ts";
import {
  type DamagedNote,
  damagedNote,
  isPresent,
  type LocatedFile,
  readStoredFile,
  removeStoredFile,
  type StoredFile,
  storedPath,
} from "./stored-file.ts";

/**
 * Where a model's file lies: weights in safetensors, as `openWeightFile` reads them. Nothing is fetched. A file that was imported goes
 * before one that ships with the package.
 *
 * @param name  as the registry has it
 * @throws MaskwrightError NOT_FOUND for an unknown model, or one that is not here, with the command that gets it; BAD_FORMAT for a
 *         damaged note, or a file of another size than it had
 */
export function locateModel(
  name: string,
  role: FileRole = "weights",
  folder: string = modelsFolder(),
): LocatedFile {
  const file = findFile(folder, findModel(name), role);
  if (file === null) throw absent(name, role, folder);
  if (!isStored(file)) throw damaged(file);
  if (!isPresent(file)) {
    const got = existsSync(file.path) ? "another size" : "no file";
    throw badFormat(file.path, `${file.bytes} bytes`, got, mendingHint(file));
  }
  return file;
}

/** One of a model's files, as it was written down: that of the user, or else that of the package. */
function findFile(folder: string, entry: ModelEntry, role: FileRole): LocatedFile | DamagedNote | null {
  const stored = readStoredFile(folder, entry.name, role);
  if (stored !== null) return { ...stored, path: storedPath(folder, stored) };
  return damagedNote(folder, entry.name, role) ?? bundledFile(entry, role);
}

/** What makes a damaged file whole again. */
export function mendingHint({ model, role, path }: DamagedNote | LocatedFile): string {
  const entry = modelRegistry.find(({ name }) => name === model);
  const file = entry === undefined ? null : bundledFile(entry, role);
  if (file === null) return `maskwright models pull ${model}`;
  return path === file.path ? "install maskwright again" : `maskwright models remove ${model}`;
}

function absent(name: string, what: string, folder: string): MaskwrightError {
  return new MaskwrightError("NOT_FOUND", `model ${name}: expected its ${what} in ${folder}, got none`, {
    hint: `maskwright models pull ${name}, or with the file at hand: maskwright models import ${name} FILE`,
  });
}

function damaged(note: DamagedNote): MaskwrightError {
  const { model, role, path } = note;
  return badFormat(path, `a note about the ${role} of ${model}`, "something else", mendingHint(note));
}

/**
 * What is here of one model, or of all, as it was written down: a file may be damaged or gone. Damaged notes are passed over.
 *
 * @throws MaskwrightError NOT_FOUND for an unknown model or one of which nothing is here; BAD_FORMAT when that is a damaged note
 */
export function locateFiles(folder: string, name?: string): LocatedFile[] {
  const found = locateNotes(folder, name);
  const files = found.filter((each) => isStored(each));
  const [note] = found.filter((each) => !isStored(each));
  if (name !== undefined && files.length === 0) throw damaged(note);
  return files;
}

/** As `locateFiles`, with the damaged notes, each model's last. @throws MaskwrightError NOT_FOUND, as there */
export function locateNotes(folder: string, name?: string): (LocatedFile | DamagedNote)[] {
  const entries = name === undefined ? modelRegistry : [findModel(name)];
  const found = listModels(folder, entries).flatMap(({ files, damaged }) => [...files, ...damaged]);
  if (name !== undefined && found.length === 0) throw absent(name, "weights", folder);
  return found;
}

function isStored<T extends StoredFile>(each: T | DamagedNote): each is T {
  return "sha256" in each;
}

/** A model of the registry with what is here of it. */
export interface ModelStatus {
  readonly entry: ModelEntry;
  readonly files: readonly LocatedFile[];
  readonly damaged: readonly DamagedNote[];
  /** Whether all its files are here, judged by their sizes. */
  readonly isPresent: boolean;
}

/** All models of the registry, in its order. */
export function listModels(
  folder: string,
  registry: readonly ModelEntry[] = modelRegistry,
): readonly ModelStatus[] {
  return registry.map((entry) => {
    const found = entry.files
      .map(({ role }) => findFile(folder, entry, role))
      .filter((each) => each !== null);
    const files = found.filter((each) => isStored(each));
    return {
      entry,
      files,
      damaged: found.filter((each) => !isStored(each)),
      isPresent: files.length === entry.files.length && files.every((file) => isPresent(file)),
    };
  });
}

export type Verification = (LocatedFile | DamagedNote) & {
  /** What is wrong with it, or null. */
  readonly fault: string | null;
};

/** Hashes a file that is here again. A damaged note is a fault of its own. */
export async function verifyFile(
  file: LocatedFile | DamagedNote,
  options: DigestOptions = {},
): Promise<Verification> {
  if (!isStored(file)) return { ...file, fault: `its note is damaged: ${file.path}` };
  if (!existsSync(file.path)) return { ...file, fault: "the file is gone" };
  const { sha256 } = await digestFile(file.path, options);
  const fault = sha256 === file.sha256 ? null : `expected sha256 ${file.sha256}, got ${sha256}`;
  return { ...file, fault };
}

/** Deletes what is here of a model, but for what ships with the package. Returns whether there was anything. */
export function removeModel(folder: string, entry: ModelEntry): boolean {
  return entry.files.map(({ role }) => removeStoredFile(folder, entry.name, role)).includes(true);
}
