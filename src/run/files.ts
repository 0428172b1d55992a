import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { writeError } from "../data/paths.ts";

const TEMPORARY = /^\.[^/]*\.\d+-\d+\.tmp$/;

/**
 * Writes a file so that it is either absent, the old one, or complete: into a temporary name beside it,
 * then renamed. A killed process leaves only the temporary, which `removeTemporaries` finds.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when it cannot be written
 */
export function writeAtomically(path: string, bytes: Uint8Array | string): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${threadId}.tmp`);
  try {
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    writeFileSync(temporary, bytes);
    renameSync(temporary, path);
  } catch (cause) {
    if (existsSync(temporary)) rmSync(temporary);
    throw writeError(path, "a file to write", cause);
  }
}

/**
 * Creates a folder, and those above it, unless it is there.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when it cannot be
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw writeError(path, "a folder to write to", cause);
  }
}

/** Deletes what killed writes left behind in a folder and its sub-folders. */
export function removeTemporaries(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && TEMPORARY.test(entry.name))
      rmSync(join(entry.parentPath, entry.name), { force: true });
  }
}
