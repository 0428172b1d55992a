import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { MaskwrightError } from "../core/error.ts";
import { writeError } from "../data/paths.ts";
import { isProcessAlive } from "../data/process-alive.ts";

/** Of a process and a thread of it. */
const TEMPORARY = /^\.[^/]*\.(\d+)-(\d+)\.tmp$/;

/**
 * Writes a file so that it is either absent, the old one, or complete: into a temporary name beside it,
 * then renamed. A killed process leaves only the temporary, which `removeTemporaries` finds.
 *
 * @param content  all of it, or pieces that are asked for as they are written
 * @throws MaskwrightError INVALID_ARGUMENT when it cannot be written
 */
export function writeAtomically(path: string, content: Uint8Array | string | Generator<string>): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${threadId}.tmp`);
  try {
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    if (typeof content === "string" || content instanceof Uint8Array) writeFileSync(temporary, content);
    else writePieces(temporary, content);
    renameSync(temporary, path);
  } catch (cause) {
    if (existsSync(temporary)) rmSync(temporary);
    if (cause instanceof MaskwrightError) throw cause;
    throw writeError(path, "a file to write", cause);
  }
}

function writePieces(path: string, pieces: Generator<string>): void {
  const file = openSync(path, "w");
  try {
    // Unlike a single write, which may take a part of a piece only: then the next one says that the disk is full.
    for (const piece of pieces) writeFileSync(file, piece);
  } finally {
    closeSync(file);
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

/**
 * Deletes what killed writes left behind in a folder that several processes write to; what one that runs may be writing stays, and so
 * does what cannot be deleted.
 */
export function removeOrphans(folder: string): void {
  for (const name of namesIn(folder)) {
    const [, pid, thread] = TEMPORARY.exec(name)?.map(Number) ?? [];
    if (pid === undefined || !isOrphan(pid, thread)) continue;
    tryRemove(join(folder, name));
  }
}

/** This thread writes nothing while it is asked: a process before it had the same number, as happens in containers. */
function isOrphan(pid: number, thread: number): boolean {
  return pid === process.pid ? thread === threadId : !isProcessAlive(pid);
}

/** The names in a folder; none when it is not there or cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Deletes a file. Returns whether it is gone: somebody else's may not be ours to delete. */
export function tryRemove(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}
