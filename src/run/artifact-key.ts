import { createHash } from "node:crypto";
import type { ObjectPrompt } from "../core/object-prompt.ts";

/** The identity of a stage: its name, version, resolved options and model. Anything that changes numbers belongs in here. */
export function stageKey(stage: {
  name: string;
  version: number;
  options: unknown;
  model?: string | null;
}): string {
  return digest([JSON.stringify([stage.name, stage.version, sorted(stage.options), stage.model ?? null])]);
}

/** The identity of one artifact: its stage and the bytes of everything it was made from. */
export function artifactKey(stage: string, inputs: readonly Uint8Array[]): string {
  return digest([stage, ...inputs]);
}

/** As `artifactKey`, of what is made from a photo and prompts on it, or without prompts from the photo alone. */
export function promptedKey(stage: string, photo: Uint8Array, prompts?: readonly ObjectPrompt[]): string {
  return artifactKey(stage, prompts === undefined ? [photo] : [photo, Buffer.from(JSON.stringify(prompts))]);
}

/** A short identity of several things, from their own in order. */
export function fingerprint(parts: Iterable<string>): string {
  return digest(parts);
}

/** A short identity of the whole data set, from its artifacts' ids and keys in order. */
export function fingerprintOf(items: Iterable<{ readonly id: string; readonly key: string }>): string {
  function* parts(): Generator<string> {
    for (const { id, key } of items) yield* [id, key];
  }
  return digest(parts());
}

/** SHA-256 over length-prefixed parts, first 128 bits in hex: "ab" + "c" and "a" + "bc" differ. */
function digest(parts: Iterable<string | Uint8Array>): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(`${part.length}:`);
    hash.update(part);
  }
  return hash.digest("hex").slice(0, 32);
}

/** The same value with object keys in order, so that equal options have equal text. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
}
