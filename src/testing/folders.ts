import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** Folder of a golden set (`MASKWRIGHT_GOLDEN`, default `../shared/golden`), or null, said out loud, when it is missing. */
export function goldenFolder(set: string): string | null {
  return folder(process.env.MASKWRIGHT_GOLDEN ?? join(root, "../shared/golden"), set, "golden set");
}

/** Folder of real data (`MASKWRIGHT_DATA`, default `../shared/data`), or null, said out loud, when it is missing. */
export function dataFolder(name: string): string | null {
  return folder(process.env.MASKWRIGHT_DATA ?? join(root, "../shared/data"), name, "real data");
}

/** Parsed JSON of a file in a golden or data folder. */
export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

function folder(base: string, name: string, what: string): string | null {
  const path = join(base, name);
  if (existsSync(path)) return path;
  console.warn(`SKIPPED: ${what} ${name} is not at ${path}`);
  return null;
}
