import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { encodeLabelMap } from "../data/label-file.ts";
import { labels } from "./picture.ts";

/** A new folder that goes away when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "maskwright-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files by their paths in a folder. */
export function writeTree(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

/** The bytes of a label PNG from a drawing: `labelPng("012 x00")`. */
export function labelPng(drawing: string): Uint8Array {
  return encodeLabelMap(labels(drawing));
}

/** SHA-256 of every file in a folder by its path, sorted; what `skip` matches is left out. */
export function hashTree(folder: string, skip?: RegExp): Record<string, string> {
  return mapTree(folder, skip, (path) => createHash("sha256").update(readFileSync(path)).digest("hex"));
}

/** When each file in a folder was last written, in milliseconds. */
export function timesOf(folder: string, skip?: RegExp): Record<string, number> {
  return mapTree(folder, skip, (path) => statSync(path).mtimeMs);
}

function mapTree<T>(folder: string, skip: RegExp | undefined, of: (path: string) => T): Record<string, T> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => skip?.test(name) !== true && statSync(join(folder, name)).isFile())
    .sort();
  return Object.fromEntries(names.map((name) => [name, of(join(folder, name))]));
}
