import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MaskwrightError } from "../../core/error.ts";
import { writeError } from "../paths.ts";
import { isProcessAlive } from "../process-alive.ts";

/**
 * Gives `write` a path in a temporary folder beside `path` to fill with a file or a folder, and moves that when what `write` returns
 * says `written`. Otherwise, or when it throws, nothing is left: the output is there complete or not at all. What a killed process left
 * is removed by the next that writes the same output.
 *
 * @returns what `write` returned
 * @throws MaskwrightError INVALID_ARGUMENT when there is something at `path` already; for a folder, other than an empty one;
 *         or when it cannot be written
 */
export async function writeWhole<T extends { readonly written: boolean }>(
  path: string,
  kind: "file" | "folder",
  write: (temporary: string) => Promise<T>,
): Promise<T> {
  const target = resolve(path); // "out/" and "." have a name too
  const workshop = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  const temporary = join(workshop, basename(target));
  try {
    checkFree(path, kind);
    removeLeftovers(target);
    mkdirSync(workshop, { recursive: true });
    const result = await write(temporary);
    if (!result.written) return result;
    checkFree(path, kind); // conversions take a while
    if (statSync(target, { throwIfNoEntry: false }) !== undefined) rmdirSync(target);
    renameSync(temporary, target);
    return result;
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? writeError(path, `a new ${kind}`, error) : error;
  } finally {
    if (existsSync(workshop)) rmSync(workshop, { recursive: true });
  }
}

/** Deletes the temporary folders of an output that no process writes to any more; one of this number was another's, as happens in containers. */
function removeLeftovers(target: string): void {
  const [folder, name] = [dirname(target), basename(target)];
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder)) {
    const pid = entry.startsWith(`.${name}.`)
      ? /^(\d+)\.tmp$/.exec(entry.slice(name.length + 2))?.[1]
      : undefined;
    if (pid === undefined || (Number(pid) !== process.pid && isProcessAlive(Number(pid)))) continue;
    const workshop = join(folder, entry);
    // It holds the output and nothing else; a file of that name is none of ours.
    if (lstatSync(workshop).isDirectory() && readdirSync(workshop).every((inside) => inside === name))
      rmSync(workshop, { recursive: true });
  }
}

function checkFree(path: string, kind: "file" | "folder"): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const count = found.isDirectory() ? readdirSync(path).length : 0;
  if (found.isDirectory() && count === 0 && kind === "folder") return;
  const got = found.isDirectory() ? `a folder with ${count} entries` : "a file";
  throw new MaskwrightError("INVALID_ARGUMENT", `${path}: expected a new ${kind}, got ${got}`, {
    hint: "Choose another output, or remove this one.",
  });
}
