import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { FileRole, ModelEntry } from "../../models/registry.ts";
import { version } from "../version.ts";
import type { LocatedFile } from "./stored-file.ts";

/** The package by its own name: that finds its root from the source as from any file that is built of it. */
const root = dirname(createRequire(import.meta.url).resolve("maskwright/package.json"));

/** One of a model's files that ships with the package; null when that one does not. */
export function bundledFile({ name, files }: ModelEntry, role: FileRole): LocatedFile | null {
  const file = files.find((each) => each.role === role)?.bundled;
  if (file === undefined) return null;
  const { bytes, sha256 } = file;
  const origin = { from: `maskwright ${version}`, sha256, isPublished: true };
  return { model: name, role, sha256, bytes, origin, path: join(root, file.path) };
}

/** Whether all files of a model ship with the package, so that there is nothing to fetch. */
export function isBundled({ files }: ModelEntry): boolean {
  return files.every(({ bundled }) => bundled !== undefined);
}
