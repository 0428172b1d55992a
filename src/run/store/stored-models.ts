import { existsSync } from "node:fs";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { type FileRole, findModel, type ModelEntry, modelRegistry } from "../../models/registry.ts";
import { type DigestOptions, digestFile } from "./digest.ts";
import { modelsFolder } from "./location.ts";
import { isPresent, readStoredFile, removeStoredFile, type StoredFile, storedPath } from "./stored-file.ts";

/** A model's file that is here, and where. */
export interface LocatedFile extends StoredFile {
  readonly path: string;
}

/**
 * Where a model's file lies: weights in safetensors, as `openWeightFile` reads them. Nothing is fetched.
 *
 * @param name  as the registry has it
 * @throws MaskwrightError NOT_FOUND for an unknown model, or one that is not here, with the command that gets it; BAD_FORMAT for a file
 *         of another size than it had
 */
export function locateModel(
  name: string,
  role: FileRole = "weights",
  folder: string = modelsFolder(),
): LocatedFile {
  findModel(name);
  const file = readStoredFile(folder, name, role);
  if (file === null) throw absent(name, role, folder);
  const path = storedPath(folder, file);
  if (!isPresent(folder, file)) {
    const got = existsSync(path) ? "another size" : "no file";
    throw badFormat(path, `${file.bytes} bytes`, got, `maskwright models pull ${name}`);
  }
  return { ...file, path };
}

function absent(name: string, what: string, folder: string): MaskwrightError {
  return new MaskwrightError("NOT_FOUND", `model ${name}: expected its ${what} in ${folder}, got none`, {
    hint: `maskwright models pull ${name}`,
  });
}

/**
 * What is here of one model, or of all, as it was written down: a file may be damaged or gone.
 *
 * @throws MaskwrightError NOT_FOUND for an unknown model or one of which nothing is here
 */
export function locateFiles(folder: string, name?: string): LocatedFile[] {
  const entries = name === undefined ? modelRegistry : [findModel(name)];
  const files = listModels(folder, entries).flatMap((model) => model.files);
  if (name !== undefined && files.length === 0) throw absent(name, "weights", folder);
  return files;
}

/** A model of the registry with what is here of it. */
export interface ModelStatus {
  readonly entry: ModelEntry;
  readonly files: readonly LocatedFile[];
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
      .filter((file): file is StoredFile => file !== null);
    return {
      entry,
      files: files.map((file) => ({ ...file, path: storedPath(folder, file) })),
      isPresent: files.length === entry.files.length && files.every((file) => isPresent(folder, file)),
    };
  });
}

export interface Verification extends LocatedFile {
  /** What is wrong with it, or null. */
  readonly fault: string | null;
}

/** Hashes a file that is here again. */
export async function verifyFile(
  folder: string,
  file: StoredFile,
  options: DigestOptions = {},
): Promise<Verification> {
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
