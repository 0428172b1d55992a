import { describe, expect, it } from "vitest";
import { elementCount, type NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { byteSource, openWeights, type WeightFile } from "../../engine/index.ts";
import { neckSide, partImageNetPrompter } from "./config.ts";
import { drawPrompter } from "./initial.ts";
import { tinyPrompter } from "./testing/tiny-prompter.ts";
import { prompterTensors, prompterWeights } from "./weights.ts";

function countOf(pattern: RegExp): number {
  const own = [...prompterTensors(partImageNetPrompter)].filter(([name]) => pattern.test(name));
  return own.reduce((total, [, shape]) => total + elementCount(shape), 0);
}

function fileOf(tensors: ReadonlyMap<string, NdArray>): WeightFile {
  return openWeights(byteSource(writeSafetensors(tensors)), "parts.safetensors");
}

describe("prompterTensors", () => {
  it("counts the published parameters", () => {
    expect(countOf(/^/)).toBe(12_717_609);
    expect(countOf(/^conv_layers/)).toBe(1_181_184);
    expect(countOf(/^prompter\.encoder/)).toBe(4_738_560);
    expect(countOf(/^prompter\.decoder/)).toBe(6_321_152);
    expect(countOf(/embed/)).toBe(476_713);
  });

  it("has the positions of the grid that the neck leaves", () => {
    expect(neckSide(partImageNetPrompter)).toBe(16);
    expect(neckSide({ ...partImageNetPrompter, grid: 5 })).toBe(2);
    expect(neckSide({ ...partImageNetPrompter, grid: 1, strides: [1, 1] })).toBe(1);
    expect(prompterTensors(tinyPrompter).get("pos_embed")).toEqual([1, 8, 2, 2]);
  });
});

describe("prompterWeights", () => {
  const drawn = drawPrompter(tinyPrompter, random(1));

  it("takes the prompter out of a checkpoint that holds SAM too, below a prefix", () => {
    const checkpoint = new Map([...drawn].map(([name, tensor]) => [`module.${name}`, tensor]));
    checkpoint.set("module.SAM_model.no_mask_embed.weight", drawn.get("pos_embed") as NdArray<"float32">);
    checkpoint.set("epoch", { dtype: "float32", shape: [1], data: Float32Array.of(3) });
    const { tensors } = prompterWeights(fileOf(checkpoint), tinyPrompter);
    expect([...tensors.keys()]).toEqual([...drawn.keys()]);
    expect(tensors.get("class_embed.bias")?.read().data).toEqual(drawn.get("class_embed.bias")?.data);
  });

  it("refuses another configuration's, and what is none", () => {
    expect(() => prompterWeights(fileOf(drawn), { ...tinyPrompter, queries: 4 })).toThrow(
      'parts.safetensors: expected "query_embed.weight" [4, 8], got [3, 8]',
    );
    const other = new Map([["weight", drawn.get("pos_embed") as NdArray]]);
    expect(() => prompterWeights(fileOf(other), tinyPrompter)).toThrow(
      'expected "pos_embed" [1, 8, 2, 2], got none',
    );
  });
});

describe("drawPrompter", () => {
  const drawn = drawPrompter(tinyPrompter, random(1));
  const valuesOf = (name: string): number[] => [...(drawn.get(name)?.data ?? [])];

  it("is the same for the same seed", () => {
    expect(drawPrompter(tinyPrompter, random(1))).toEqual(drawn);
    expect(drawPrompter(tinyPrompter, random(2)).get("class_embed.bias")).not.toEqual(
      drawn.get("class_embed.bias"),
    );
  });

  it("gives every layer the first one's MLP biases and nothing else of it", () => {
    for (const part of ["encoder", "decoder"]) {
      const at = (i: number): string => `prompter.${part}.layers.${i}`;
      expect(valuesOf(`${at(1)}.linear1.bias`)).toEqual(valuesOf(`${at(0)}.linear1.bias`));
      expect(valuesOf(`${at(1)}.linear2.bias`)).toEqual(valuesOf(`${at(0)}.linear2.bias`));
      expect(valuesOf(`${at(1)}.linear1.weight`)).not.toEqual(valuesOf(`${at(0)}.linear1.weight`));
    }
    expect(valuesOf("prompter.decoder.layers.0.linear1.bias")).not.toEqual(
      valuesOf("prompter.encoder.layers.0.linear1.bias"),
    );
  });

  it("starts positions and attention biases at 0 and norms at 1 and 0", () => {
    expect(new Set(valuesOf("pos_embed"))).toEqual(new Set([0]));
    expect(new Set(valuesOf("prompter.encoder.layers.0.self_attn.in_proj_bias"))).toEqual(new Set([0]));
    expect(new Set(valuesOf("prompter.decoder.norm.weight"))).toEqual(new Set([1]));
    expect(new Set(valuesOf("conv_layers.4.bias"))).toEqual(new Set([0]));
    // Xavier over all three projections together: √(6 / (8 + 24)).
    const packed = valuesOf("prompter.encoder.layers.0.self_attn.in_proj_weight").map(Math.abs);
    expect(Math.max(...packed)).toBeLessThanOrEqual(Math.sqrt(6 / 32));
    expect(Math.max(...packed)).toBeGreaterThan(0.9 * Math.sqrt(6 / 32));
  });
});
