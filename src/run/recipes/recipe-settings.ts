import { isAbsolute, resolve } from "node:path";
import { parse } from "yaml";
import { MaskwrightError } from "../../core/error.ts";
import { classSetNames } from "../../data/class-list.ts";
import { quote } from "../../data/problems.ts";
import { pathKeys } from "./schema.ts";

/** A value that is set in place of the recipe's: `segmenter.steps=100`. */
export interface Setting {
  /** Keys with dots between them. */
  readonly key: string;
  /** As YAML has it: 100, null, [cat, dog]. */
  readonly value: string;
}

/** A copy in which paths of the file lead from anywhere. */
export function withPaths(root: Readonly<Record<string, unknown>>, folder: string): Record<string, unknown> {
  const value = structuredClone(root) as Record<string, unknown>;
  for (const key of [...pathKeys, ...namedKeys]) {
    const [owner, last] = ownerOf(value, key.split("."));
    if (owner !== null && typeof owner[last] === "string") owner[last] = pathOf(key, owner[last], folder);
  }
  return value;
}

/** Keys whose text may be a path or a name of ours. */
const namedKeys = ["classes", "seeds.recipe", "model", "segmenter.encoder"];

function pathOf(key: string, text: string, folder: string): string {
  if (key === "model")
    return text.startsWith("onnx:") ? `onnx:${resolve(folder, text.slice("onnx:".length))}` : text;
  if (key === "classes" && classSetNames.includes(text)) return text;
  if (key === "seeds.recipe" && ["voc", "coco"].includes(text)) return text;
  if (key === "segmenter.encoder" && !text.includes(".")) return text;
  return text === "" || isAbsolute(text) ? text : resolve(folder, text);
}

/** @throws MaskwrightError INVALID_ARGUMENT for a key inside what has none */
export function applySetting({ key, value }: Setting, root: Record<string, unknown>): void {
  const keys = key.split(".");
  const [owner, last] = ownerOf(root, keys, true);
  if (owner === null || last === "")
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `--set ${key}: expected keys with dots between them, got ${quote(key)}`,
    );
  let given: unknown;
  try {
    given = parse(value);
  } catch {
    given = value;
  }
  const isPath = [...pathKeys, ...namedKeys].includes(key) && typeof given === "string";
  owner[last] = isPath ? pathOf(key, given as string, process.cwd()) : given;
}

/** The object that a key stands in, and its own last name; null where there is no such object. */
function ownerOf(
  root: Record<string, unknown>,
  keys: readonly string[],
  isMade = false,
): [owner: Record<string, unknown> | null, last: string] {
  let owner = root;
  for (const key of keys.slice(0, -1)) {
    if (isMade && (owner[key] === undefined || owner[key] === null)) owner[key] = {};
    const next = owner[key];
    if (!isRecord(next)) return [null, ""];
    owner = next;
  }
  return [owner, keys[keys.length - 1]];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
