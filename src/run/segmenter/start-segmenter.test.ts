import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { drawSegmenter } from "../../models/segmenter/initial.ts";
import { AVERAGE_PREFIX } from "../../models/segmenter/network.ts";
import { tinyNetworks, tinySegformer } from "../../models/segmenter/testing/tiny-segmenter.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { startSegmenter } from "./start-segmenter.ts";

const { segformer, light } = tinyNetworks;
const other = drawSegmenter(segformer, random("pretrained"));
const QUERY = "segformer.encoder.block.1.0.attention.self.query.weight";
const FUSE = "decode_head.linear_fuse.weight";

function start(tensors: Iterable<readonly [string, NdArray]>): Map<string, NdArray> {
  const folder = temporaryFolder();
  writeTree(folder, { "init.safetensors": writeSafetensors(new Map(tensors)) });
  return startSegmenter(segformer, 0, join(folder, "init.safetensors"));
}

describe("startSegmenter", () => {
  it("draws the same for the same seed", () => {
    expect(startSegmenter(segformer, 1, null)).toEqual(startSegmenter(segformer, 1, null));
    expect(startSegmenter(segformer, 2, null).get(QUERY)).not.toEqual(
      startSegmenter(segformer, 1, null).get(QUERY),
    );
  });

  it("takes an encoder by its names with and without a prefix, and draws the head", () => {
    const encoder = [...other].filter(([name]) => name.startsWith("segformer."));
    const bare = encoder.map(([name, array]) => [name.slice("segformer.".length), array] as const);
    for (const tensors of [encoder, bare]) {
      const begun = start(tensors);
      expect(begun.get(QUERY)).toEqual(other.get(QUERY));
      expect(begun.get(FUSE)).toEqual(startSegmenter(segformer, 0, null).get(FUSE));
    }
  });

  it("takes of a head what has the same shape, and averages where there are some", () => {
    const classifier = "decode_head.classifier.weight";
    const more = drawSegmenter(
      { kind: "segformer", config: { ...tinySegformer, classes: 7 } },
      random("pretrained"),
    );
    const begun = start(more);
    expect(begun.get(FUSE)).toEqual(more.get(FUSE));
    expect(begun.get(classifier)).toEqual(startSegmenter(segformer, 0, null).get(classifier));
    const averages = [...other].map(([name, array]) => [AVERAGE_PREFIX + name, array] as const);
    const own = startSegmenter(segformer, 5, null);
    expect(start([...own, ...averages]).get(QUERY)).toEqual(other.get(QUERY));
  });

  it("refuses weights of another size, and a light head", () => {
    const wide = drawSegmenter(
      { kind: "segformer", config: { ...tinySegformer, dims: [8, 8, 8, 8] } },
      random(1),
    );
    expect(() => start(wide)).toThrow(expect.objectContaining({ code: "SHAPE_MISMATCH" }));
    expect(() => start([["x", { dtype: "float32", shape: [1], data: Float32Array.of(1) }]])).toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
    expect(() => startSegmenter(light, 0, "any.safetensors")).toThrow(/expected SegFormer, got a light head/);
  });
});
