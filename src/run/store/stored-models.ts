import { existsSync } from "node:fs";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { type FileRole, findModel, type ModelEntry, modelRegistry } from "../../models/registry.ts";
import { type DigestOptions, digestFile } from "./digest.ts";
import { modelsFolder } from "./location.ts";
import {
  type DamagedNote,
  damagedNote,
  isPresent,
  readStoredFile,
  removeStoredFile,
  type StoredFile,
  storedPath,
} from "./stored-file.ts";

/** A model's file that is here, and where. */
export interface LocatedFile extends StoredFile {
  readonly path: string;
}

/**
 * Where a model's file lies: weights in safetensors, as `openWeightFile` reads them. Nothing is fetched.
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
  findModel(name);
  const file = readStoredFile(folder, name, role);
  if (file === null) {
    const note = damagedNote(folder, name, role);
    throw note === null ? absent(name, role, folder) : damaged(note);
  }
  const path = storedPath(folder, file);
  if (!isPresent(folder, file)) {
    const got = existsSync(path) ? "another size" : "no file";
    throw badFormat(path, `${file.bytes} bytes`, got, `maskwright models pull ${name}`);
  }
  return { ...file, path };
}

function absent(name: string, what: string, folder: string): MaskwrightError {
  return new MaskwrightError("NOT_FOUND", `model ${name}: expected its ${what} in ${folder}, got none`, {
    hint: `maskwright models pull ${name}, or with the file at hand: maskwright models import ${name} FILE`,
  });
}

function damaged({ model, role, path }: DamagedNote): MaskwrightError {
  const hint = `maskwright models pull ${model}`;
  return badFormat(path, `a note about the ${role} of ${model}`, "something else", hint);
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
    const files = entry.files
      .map(({ role }) => readStoredFile(folder, entry.name, role))
      .filter((file) => file !== null);
    const damaged = entry.files
      .map(({ role }) => damagedNote(folder, entry.name, role))
      .filter((note) => note !== null);
    return {
      entry,
      damaged,
      files: files.map((file) => ({ ...file, path: storedPath(folder, file) })),
      isPresent: files.length === entry.files.length && files.every((file) => isPresent(folder, file)),
    };
  });
}

export type Verification = (LocatedFile | DamagedNote) & {
  /** What is wrong with it, or null. */
  readonly fault: string | null;
};

/** Hashes a file that is here again. A damaged note is a fault of its own. */
export async function verifyFile(
  folder: string,
  file: StoredFile | DamagedNote,
  options: DigestOptions = {},
): Promise<Verification> {
  if (!isStored(file)) return { ...file, fault: `its note is damaged: ${file.path}` };
  const path = storedPath(folder, file);
  if (!existsSync(path)) return { ...file, path, fault: "the file is gone" };
  const { sha256 } = await digestFile(path, options);
  const fault = sha256 === file.sha256 ? null : `expected sha256 ${file.sha256}, got ${sha256}`;
  return { ...file, path, fault };
}

/** Deletes what is here of a model. Returns whether there was anything. */
export function removeModel(folder: string, entry: ModelEntry): boolean {
  return entry.files.map(({ role }) => removeStoredFile(folder, entry.name, role)).includes(true);
}
