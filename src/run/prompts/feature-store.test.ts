import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { openFeatureStore } from "./feature-store.ts";

const features = Float32Array.of(1, -2, Number.MIN_VALUE, 1e30);

it("gives back what was put, in this run and the next, ids of folders too", () => {
  const folder = join(temporaryFolder(), "features");
  const store = openFeatureStore(folder, 1e6);
  expect(store.get("a/b")).toBeNull();
  expect(existsSync(folder)).toBe(false);
  store.put("a/b", features);
  expect(store.get("a/b")).toEqual(features);
  expect(openFeatureStore(folder, 1e6).get("a/b")).toEqual(features);
  expect(store.get("b")).toBeNull();
});

it("keeps what was there first where no more fits, in the next run too", () => {
  const folder = temporaryFolder();
  const store = openFeatureStore(folder, 400);
  const rows = Array.from({ length: 4 }, (_, k) => new Float32Array(20).fill(k));
  const ids = ["a", "b", "c", "d"];
  ids.forEach((id, k) => {
    store.put(id, rows[k]);
  });
  const held = ids.map((id) => store.get(id) !== null);
  expect(held).toEqual([true, true, false, false]);
  const next = openFeatureStore(folder, 400);
  next.put("c", rows[2]);
  expect(ids.map((id) => next.get(id) !== null)).toEqual(held);
});

it("does without what cannot be written, and says what cannot be read", () => {
  const folder = temporaryFolder();
  writeTree(folder, { file: "", "damaged.safetensors": "no tensors" });
  const store = openFeatureStore(join(folder, "file/below"), 1e6);
  store.put("a", features);
  expect(store.get("a")).toBeNull();
  expect(() => openFeatureStore(folder, 1e6).get("damaged")).toThrow("damaged.safetensors");
});
