import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MaskwrightError } from "../../core/error.ts";

/**
 * Gives `write` a temporary path beside `path` to fill with a file or a folder, and renames it when that returns
 * true. Otherwise, or when it throws, nothing is left: the output is there complete or not at all.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when there is something at `path` already, other than an empty folder
 */
export async function writeWhole(
  path: string,
  write: (temporary: string) => Promise<boolean>,
): Promise<void> {
  checkFree(path);
  const target = resolve(path); // "out/" and "." have a name too
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  mkdirSync(dirname(target), { recursive: true });
  try {
    if (!(await write(temporary))) return;
    checkFree(path); // conversions take a while
    if (statSync(target, { throwIfNoEntry: false }) !== undefined) rmdirSync(target);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function checkFree(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const count = found.isDirectory() ? readdirSync(path).length : 1;
  if (count === 0) return;
  const got = found.isDirectory() ? `a folder with ${count} entries` : "a file";
  throw new MaskwrightError("INVALID_ARGUMENT", `${path}: expected nothing there yet, got ${got}`, {
    hint: "Choose another output, or remove this one.",
  });
}
