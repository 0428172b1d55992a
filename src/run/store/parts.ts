import { readdirSync, renameSync, rmSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeError } from "../../data/paths.ts";
import { isProcessAlive } from "../../data/process-alive.ts";
import { makeFolder } from "../files.ts";

/**
 * A file that is being fetched. Its name says which content it is a part of and which process writes to it, so two processes never
 * write to one file; what a process leaves behind is taken up by the next one.
 */
export interface Part {
  readonly path: string;
  /** Leaves it for the next process. */
  release(): void;
  remove(): void;
}

let count = 0;

/**
 * A file for parts of some content, to be written by this process alone: what an earlier one left of the same content, or a new one.
 *
 * @param key  what the content is: equal keys mean equal bytes; letters and digits only
 */
export function claimPart(folder: string, key: string): Part {
  makeFolder(folder);
  const free = join(folder, `${key}.part`);
  const path = join(folder, `${key}.${owner}-${process.pid}-${++count}.part`);
  for (const name of leftovers(folder, key)) if (move(join(folder, name), path)) break;
  return {
    path,
    release: () => void move(path, free),
    remove: () => rmSync(path, { force: true }),
  };
}

/** Writes at the end of an open part. @throws MaskwrightError INVALID_ARGUMENT when the disk is full, or in the way otherwise */
export async function append(
  file: FileHandle,
  { path }: Pick<Part, "path">,
  bytes: Uint8Array,
): Promise<void> {
  try {
    await file.appendFile(bytes);
  } catch (cause) {
    throw writeError(path, "a file to write", cause);
  }
}

/** A process id means nothing on another machine that shares the folder. */
const owner = hostname().replaceAll(/[^\w]/g, "_");

/** Parts of a content that no process writes to any more. */
function leftovers(folder: string, key: string): string[] {
  return readdirSync(folder).filter((name) => {
    if (!name.startsWith(`${key}.`) || !name.endsWith(".part")) return false;
    const [, machine, pid] = /^\.(\w+)-(\d+)-\d+\.part$/.exec(name.slice(key.length)) ?? [];
    return pid === undefined || (machine === owner && !isProcessAlive(Number(pid)));
  });
}

/** Whether it was there to be moved: of two processes that try, one succeeds. */
function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
