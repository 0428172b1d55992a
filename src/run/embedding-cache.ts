import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, type Stats, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { RgbImage } from "../core/image.ts";
import { readEmbedding, type Sam, type SamEmbedding, writeEmbedding } from "../models/index.ts";
import type { EmbeddingPrecision } from "../models/sam/embedding.ts";
import { namesIn, removeOrphans, tryRemove, writeAtomically } from "./files.ts";
import { samVersion } from "./masks/sam-version.ts";

export interface EmbeddingCacheOptions {
  readonly folder: string;
  /** Of all models together; what was not used for the longest time goes first. */
  readonly maxBytes: number;
}

/** Embeddings of earlier runs, by what they were made of. */
export interface EmbeddingCache {
  /** Null when there is none that can be read, or a damaged one, which then goes. */
  get(key: string): SamEmbedding | null;
  /** Keeps an embedding, unless it cannot be written: then the next run makes it again. */
  put(key: string, embedding: SamEmbedding, precision?: EmbeddingPrecision): void;
}

interface Entry {
  readonly name: string;
  readonly bytes: number;
}

/** The key of an embedding, and the start of the hash of its file. */
const NAME = /^([0-9a-f]{32})-([0-9a-f]{32})\.safetensors$/;

/**
 * Opens the cache in a folder, which is made when something is put there. Several programs may use one folder at a time; each
 * counts what was there when it began and what it has put there itself.
 *
 * A file is named after its key and its own hash, so that a damaged one is known by its name. A folder that may not be written to is
 * read from all the same: nothing that goes wrong in it is a fault of the run.
 */
export function openEmbeddingCache({ folder, maxBytes }: EmbeddingCacheOptions): EmbeddingCache {
  // The longest unused first, as a map keeps them when what is used is put at its end.
  const entries = new Map<string, Entry>();
  let total = 0;
  const forget = (key: string): void => {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  const add = (key: string, entry: Entry): void => {
    const before = entries.get(key);
    if (before !== undefined && before.name !== entry.name) tryRemove(join(folder, before.name));
    forget(key);
    entries.set(key, entry);
    total += entry.bytes;
  };
  /** Returns whether there is room now: what cannot be deleted keeps its own. */
  const makeRoom = (bytes: number): boolean => {
    for (const [key, { name }] of entries) {
      if (total + bytes <= maxBytes) break;
      if (tryRemove(join(folder, name))) forget(key);
    }
    return total + bytes <= maxBytes;
  };
  removeOrphans(folder);
  for (const { key, ...entry } of listEntries(folder)) add(key, entry);
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return null;
      const path = join(folder, entry.name);
      const bytes = readOrNull(path);
      const embedding = bytes === null ? null : decode(key, entry, bytes, path);
      if (embedding === null) {
        if (bytes !== null) tryRemove(path);
        forget(key);
        return null;
      }
      touch(path);
      add(key, entry);
      return embedding;
    },
    put(key, embedding, precision) {
      const bytes = writeEmbedding(embedding, precision);
      if (bytes.length > maxBytes || !makeRoom(bytes.length)) return;
      const name = fileName(key, bytes);
      try {
        mkdirSync(folder, { recursive: true });
        writeAtomically(join(folder, name), bytes);
      } catch {
        return;
      }
      add(key, { name, bytes: bytes.length });
    },
  };
}

/** What embeddings depend on besides the picture: whose they are in a cache. */
export function embeddingOwner({
  sha256,
  precision,
  device,
}: {
  readonly sha256: string;
  readonly precision: string;
  readonly device: string;
}): string {
  return [samVersion, sha256, precision, device].join(" ");
}

/**
 * The same model, which looks a picture up before it works on it. In float16 an embedding takes half the room, and its numbers are rounded
 * to 11 bits, whether it comes from the cache or not.
 */
export function withEmbeddingCache(
  sam: Sam,
  model: string,
  cache: EmbeddingCache,
  precision: EmbeddingPrecision = "float32",
): Sam {
  return {
    ...sam,
    async embed(image) {
      const key = embeddingKey(model, image, precision);
      const known = cache.get(key);
      if (known !== null) return known;
      const made = await sam.embed(image);
      const embedding = precision === "float32" ? made : readEmbedding(writeEmbedding(made, precision));
      cache.put(key, embedding, precision);
      return embedding;
    },
  };
}

/** Of the picture's pixels: another file of the same picture, or a crop seen before, has the same embedding. */
export function embeddingKey(
  model: string,
  { height, width, data }: RgbImage,
  precision: EmbeddingPrecision = "float32",
): string {
  const owner = precision === "float32" ? model : `${model} kept as ${precision}`;
  return createHash("sha256").update(`${owner} ${height}x${width} `).update(data).digest("hex").slice(0, 32);
}

function fileName(key: string, bytes: Uint8Array): string {
  return `${key}-${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}.safetensors`;
}

/** What a folder holds, the longest unused first. */
function listEntries(folder: string): readonly (Entry & { readonly key: string })[] {
  const found = namesIn(folder).flatMap((name) => {
    const key = NAME.exec(name)?.[1];
    const stats = key === undefined ? null : statsOrNull(join(folder, name));
    if (key === undefined || stats === null) return [];
    return [{ key, name, bytes: stats.size, usedMs: stats.mtimeMs }];
  });
  return found.sort((a, b) => a.usedMs - b.usedMs);
}

function statsOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function readOrNull(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** Null for a damaged file. */
function decode(key: string, { name }: Entry, bytes: Uint8Array, path: string): SamEmbedding | null {
  try {
    return fileName(key, bytes) === name ? readEmbedding(bytes, path) : null;
  } catch {
    return null;
  }
}

/** Says that a file was used now, to later runs; somebody else's file may not be told. */
function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Then it goes sooner.
  }
}
