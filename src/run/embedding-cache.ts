import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { RgbImage } from "../core/image.ts";
import { readEmbedding, type Sam, type SamEmbedding, writeEmbedding } from "../models/index.ts";
import { writeAtomically } from "./files.ts";

export interface EmbeddingCacheOptions {
  readonly folder: string;
  /** Of all models together; what was not used for the longest time goes first. */
  readonly maxBytes: number;
}

/** Embeddings of earlier runs, by what they were made of. */
export interface EmbeddingCache {
  /** Null when there is none, or a damaged one, which then goes. */
  get(key: string): SamEmbedding | null;
  /** Keeps an embedding, unless it cannot be written: then the next run makes it again. */
  put(key: string, embedding: SamEmbedding): void;
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
 * A file is named after its key and its own hash, so that a damaged one is known by its name.
 */
export function openEmbeddingCache({ folder, maxBytes }: EmbeddingCacheOptions): EmbeddingCache {
  // The longest unused first, as a map keeps them when what is used is put at its end.
  const entries = new Map<string, Entry>();
  let total = 0;
  const remove = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    rmSync(join(folder, entry.name), { force: true });
    entries.delete(key);
    total -= entry.bytes;
  };
  const add = (key: string, entry: Entry): void => {
    if (entries.has(key) && entries.get(key)?.name !== entry.name) remove(key);
    if (entries.delete(key)) total -= entry.bytes;
    entries.set(key, entry);
    total += entry.bytes;
  };
  for (const { key, ...entry } of listEntries(folder)) add(key, entry);
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return null;
      const path = join(folder, entry.name);
      try {
        const bytes = readFileSync(path);
        if (fileName(key, bytes) !== entry.name) throw new Error("damaged");
        const embedding = readEmbedding(bytes, path);
        utimesSync(path, new Date(), new Date());
        add(key, entry);
        return embedding;
      } catch {
        remove(key);
        return null;
      }
    },
    put(key, embedding) {
      const bytes = writeEmbedding(embedding);
      if (bytes.length > maxBytes) return;
      const name = fileName(key, bytes);
      for (const oldest of entries.keys()) {
        if (total + bytes.length <= maxBytes) break;
        remove(oldest);
      }
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
  return [sha256, precision, device].join(" ");
}

/** The same model, which looks a picture up before it works on it. */
export function withEmbeddingCache(sam: Sam, model: string, cache: EmbeddingCache): Sam {
  return {
    ...sam,
    async embed(image) {
      const key = embeddingKey(model, image);
      const known = cache.get(key);
      if (known !== null) return known;
      const embedding = await sam.embed(image);
      cache.put(key, embedding);
      return embedding;
    },
  };
}

/** Of the picture's pixels: another file of the same picture, or a crop seen before, has the same embedding. */
export function embeddingKey(model: string, { height, width, data }: RgbImage): string {
  return createHash("sha256").update(`${model} ${height}x${width} `).update(data).digest("hex").slice(0, 32);
}

function fileName(key: string, bytes: Uint8Array): string {
  return `${key}-${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}.safetensors`;
}

/** What a folder holds, the longest unused first. */
function listEntries(folder: string): readonly (Entry & { readonly key: string })[] {
  const found = namesIn(folder).flatMap((name) => {
    const key = NAME.exec(name)?.[1];
    const stats = key === undefined ? undefined : statSync(join(folder, name), { throwIfNoEntry: false });
    if (key === undefined || stats === undefined) return [];
    return [{ key, name, bytes: stats.size, usedMs: stats.mtimeMs }];
  });
  return found.sort((a, b) => a.usedMs - b.usedMs);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
