import { spawnSync } from "node:child_process";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RgbImage } from "../core/image.ts";
import { random } from "../core/random.ts";
import { type Sam, type SamEmbedding, writeEmbedding } from "../models/index.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { embeddingOwner, openEmbeddingCache, withEmbeddingCache } from "./embedding-cache.ts";
import { segmenterIdentity } from "./masks/mask-source.ts";

/** What the system refuses, as it does with another user's files. */
const refused = vi.hoisted(() => new Set<string>());

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const refusable = (name: "rmSync" | "utimesSync" | "readFileSync" | "statSync" | "writeFileSync") => ({
    [name]: (...args: unknown[]) => {
      if (refused.has(name)) throw Object.assign(new Error(`EACCES: ${name}`), { code: "EACCES" });
      return (fs[name] as (...args: unknown[]) => unknown)(...args);
    },
  });
  return {
    ...fs,
    ...refusable("rmSync"),
    ...refusable("utimesSync"),
    ...refusable("readFileSync"),
    ...refusable("statSync"),
    ...refusable("writeFileSync"),
  };
});

afterEach(() => refused.clear());

function embedding(value: number): SamEmbedding {
  const data = new Float32Array(8).fill(value);
  const size = { height: 3, width: 4 };
  return { features: { dtype: "float32", shape: [1, 2, 2, 2], data }, original: size, input: size };
}

const key = (digit: number): string => String(digit).repeat(32);
const bytes = writeEmbedding(embedding(0)).length;

describe("openEmbeddingCache", () => {
  it("gives back what was put there, also to a later run", () => {
    const folder = join(temporaryFolder(), "a/b");
    const cache = openEmbeddingCache({ folder, maxBytes: 1e6 });
    expect(cache.get(key(1))).toBeNull();
    expect(existsSync(folder)).toBe(false);
    cache.put(key(1), embedding(1));
    cache.put(key(2), embedding(2));
    for (const each of [cache, openEmbeddingCache({ folder, maxBytes: 1e6 })]) {
      expect(each.get(key(1))).toEqual(embedding(1));
      expect(each.get(key(2))).toEqual(embedding(2));
    }
    expect(readdirSync(folder).length).toBe(2);
  });

  it("keeps within its bytes, and lets go what was not used for the longest time", () => {
    const folder = temporaryFolder();
    const options = { folder, maxBytes: 3 * bytes };
    const cache = openEmbeddingCache(options);
    for (const k of [1, 2, 3]) cache.put(key(k), embedding(k));
    expect(cache.get(key(1))).not.toBeNull();
    cache.put(key(4), embedding(4));
    expect([1, 2, 3, 4].filter((k) => cache.get(key(k)) !== null)).toEqual([1, 3, 4]);
    // A later run knows it by the times of the files.
    for (const [k, name] of readdirSync(folder).sort().entries())
      utimesSync(join(folder, name), 1000, [3000, 1000, 2000][k]);
    const later = openEmbeddingCache(options);
    later.put(key(5), embedding(5));
    expect([1, 3, 4, 5].filter((k) => later.get(key(k)) !== null)).toEqual([1, 4, 5]);
    expect(readdirSync(folder).length).toBe(3);
  });

  it("makes room when its limit became smaller, and takes nothing larger than that", () => {
    const folder = temporaryFolder();
    const cache = openEmbeddingCache({ folder, maxBytes: 1e6 });
    for (const k of [1, 2, 3, 4]) cache.put(key(k), embedding(k));
    openEmbeddingCache({ folder, maxBytes: 2 * bytes }).put(key(5), embedding(5));
    expect(readdirSync(folder).length).toBe(2);
    openEmbeddingCache({ folder, maxBytes: bytes - 1 }).put(key(6), embedding(6));
    expect(readdirSync(folder).length).toBe(2);
  });

  it("has nothing where a file was damaged, and removes it", () => {
    const folder = temporaryFolder();
    openEmbeddingCache({ folder, maxBytes: 1e6 }).put(key(1), embedding(1));
    const [name] = readdirSync(folder);
    const whole = readFileSync(join(folder, name));
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 1] ^= 1; // still an embedding, of other numbers
    for (const damaged of [flipped, whole.subarray(0, 40), Buffer.from("")]) {
      writeFileSync(join(folder, name), damaged);
      const cache = openEmbeddingCache({ folder, maxBytes: 1e6 });
      expect(cache.get(key(1))).toBeNull();
      expect(readdirSync(folder)).toEqual([]);
      cache.put(key(1), embedding(1));
      expect(cache.get(key(1))).toEqual(embedding(1));
    }
  });

  it("has nothing where another program removed a file, and leaves other files alone", () => {
    const folder = temporaryFolder();
    writeTree(folder, { "notes.txt": "mine", "a/b.safetensors": "x" });
    const cache = openEmbeddingCache({ folder, maxBytes: bytes });
    cache.put(key(1), embedding(1));
    const name = readdirSync(folder).find((each) => each.startsWith("1")) as string;
    renameSync(join(folder, name), join(folder, "gone"));
    expect(cache.get(key(1))).toBeNull();
    cache.put(key(2), embedding(2));
    cache.put(key(3), embedding(3));
    expect(readdirSync(folder).length).toBe(4);
  });

  it("keeps one embedding of a key", () => {
    const folder = temporaryFolder();
    const first = openEmbeddingCache({ folder, maxBytes: 1e6 });
    openEmbeddingCache({ folder, maxBytes: 1e6 }).put(key(1), embedding(1));
    first.put(key(1), embedding(2));
    expect(readdirSync(folder).length).toBe(2);
    const later = openEmbeddingCache({ folder, maxBytes: 1e6 });
    expect(readdirSync(folder).length).toBe(1);
    expect(later.get(key(1))).not.toBeNull();
  });

  it("reads what it may not write", () => {
    const folder = temporaryFolder();
    const options = { folder, maxBytes: 2 * bytes };
    const own = openEmbeddingCache(options);
    for (const k of [1, 2]) own.put(key(k), embedding(k));
    const names = readdirSync(folder).sort();
    for (const name of ["rmSync", "utimesSync", "writeFileSync"]) refused.add(name);
    const cache = openEmbeddingCache(options);
    expect(cache.get(key(1))).toEqual(embedding(1));
    cache.put(key(3), embedding(3));
    expect([1, 2, 3].map((k) => cache.get(key(k)))).toEqual([embedding(1), embedding(2), null]);
    expect(readdirSync(folder).sort()).toEqual(names);
  });

  it("keeps within its bytes where it may not delete", () => {
    const folder = temporaryFolder();
    const options = { folder, maxBytes: 2 * bytes };
    const own = openEmbeddingCache(options);
    for (const k of [1, 2]) own.put(key(k), embedding(k));
    refused.add("rmSync");
    openEmbeddingCache(options).put(key(3), embedding(3));
    expect(readdirSync(folder).length).toBe(2);
  });

  it("keeps a file that has no time of use, or cannot be read", () => {
    const folder = temporaryFolder();
    const options = { folder, maxBytes: 1e6 };
    openEmbeddingCache(options).put(key(1), embedding(1));
    const cache = openEmbeddingCache(options);
    refused.add("utimesSync");
    for (const _ of [1, 2]) expect(cache.get(key(1))).toEqual(embedding(1));
    refused.add("readFileSync");
    expect(cache.get(key(1))).toBeNull();
    expect(readdirSync(folder).length).toBe(1);
    refused.clear();
    expect(openEmbeddingCache(options).get(key(1))).toEqual(embedding(1));
    refused.add("statSync");
    expect(openEmbeddingCache(options).get(key(1))).toBeNull();
  });

  it("makes a damaged file anew that it may not delete", () => {
    const folder = temporaryFolder();
    openEmbeddingCache({ folder, maxBytes: 1e6 }).put(key(1), embedding(1));
    writeFileSync(join(folder, readdirSync(folder)[0]), "damaged");
    const cache = openEmbeddingCache({ folder, maxBytes: 1e6 });
    refused.add("rmSync");
    expect(cache.get(key(1))).toBeNull();
    cache.put(key(1), embedding(1));
    expect(cache.get(key(1))).toEqual(embedding(1));
  });

  it("sweeps what killed writes left, and nothing that is being written", () => {
    const folder = temporaryFolder();
    const { pid: ended } = spawnSync(process.execPath, ["--version"]);
    const name = (pid: number, thread: number): string =>
      `.${key(1)}-${key(2)}.safetensors.${pid}-${thread}.tmp`;
    const stay = [name(process.ppid, 0), name(process.pid, threadId + 1), "mine.tmp"];
    const go = [name(ended, 0), name(ended, 7), name(process.pid, threadId)];
    writeTree(folder, Object.fromEntries([...stay, ...go].map((each) => [each, "x"])));
    refused.add("rmSync");
    openEmbeddingCache({ folder, maxBytes: 1e6 });
    expect(readdirSync(folder).length).toBe(6);
    refused.clear();
    openEmbeddingCache({ folder, maxBytes: 1e6 });
    expect(readdirSync(folder).sort()).toEqual([...stay].sort());
  });

  it("does without when it cannot write", () => {
    const folder = temporaryFolder();
    writeTree(folder, { file: "" });
    const cache = openEmbeddingCache({ folder: join(folder, "file"), maxBytes: 1e6 });
    cache.put(key(1), embedding(1));
    expect(cache.get(key(1))).toBeNull();
  });
});

describe("withEmbeddingCache", () => {
  const image = (value: number, height = 3): RgbImage => ({
    height,
    width: 12 / height,
    data: new Uint8Array(36).fill(value),
  });

  it("looks at a picture once for each model", async () => {
    const cache = openEmbeddingCache({ folder: temporaryFolder(), maxBytes: 1e6 });
    let count = 0;
    const plain = { embed: async () => embedding(++count) } as unknown as Sam;
    const [a, b] = ["a", "b"].map((model) => withEmbeddingCache(plain, model, cache));
    expect(await a.embed(image(1))).toEqual(embedding(1));
    expect(await a.embed(image(1))).toEqual(embedding(1));
    expect(await a.embed(image(2))).toEqual(embedding(2));
    expect(await a.embed(image(1, 4))).toEqual(embedding(3));
    expect(await b.embed(image(1))).toEqual(embedding(4));
    expect(count).toBe(4);
  });

  it("keeps float16 in half the room, apart from float32, and always gives the rounded numbers", async () => {
    const folder = temporaryFolder();
    const cache = openEmbeddingCache({ folder, maxBytes: 1e9 });
    const { normal } = random("embedding");
    const data = Float32Array.from({ length: 4096 }, normal);
    const made = { ...embedding(0), features: { dtype: "float32", shape: [1, 4, 32, 32], data } as const };
    const plain = { embed: async () => made } as unknown as Sam;
    const [whole, half] = (["float32", "float16"] as const).map((precision) =>
      withEmbeddingCache(plain, "a", cache, precision),
    );
    const rounded = await half.embed(image(1));
    expect(await whole.embed(image(1))).toEqual(made);
    expect(await half.embed(image(1))).toEqual(rounded);
    const nowhere = openEmbeddingCache({ folder, maxBytes: 0 });
    expect(await withEmbeddingCache(plain, "b", nowhere, "float16").embed(image(1))).toEqual(rounded);
    const errors = data.map((value, p) => Math.abs(rounded.features.data[p] - value) / Math.abs(value));
    expect(Math.max(...errors)).toBeLessThan(2 ** -10);
    expect(Math.max(...errors)).toBeGreaterThan(2 ** -13);
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    // Of some hundred bytes of header besides.
    expect((Math.max(...sizes) - Math.min(...sizes)) / data.length).toBeCloseTo(2, 1);
  });
});

describe("embeddingOwner", () => {
  it("changes with whatever the numbers change with, the version of masks too", () => {
    const model = { sha256: "ab", precision: "float32", device: "cpu" } as const;
    const { version } = segmenterIdentity({
      kind: "sam",
      model: { ...model, name: "mobile-sam", threads: null, cache: null },
    });
    expect(embeddingOwner(model)).toBe(`${version} ab float32 cpu`);
    const others = [{ sha256: "cd" }, { precision: "int8" }, { device: "cuda" }];
    const owners = others.map((other) => embeddingOwner({ ...model, ...other }));
    expect(new Set([embeddingOwner(model), ...owners]).size).toBe(4);
  });
});
