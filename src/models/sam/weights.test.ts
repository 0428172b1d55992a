import { describe, expect, it } from "vitest";
import { elementCount, type NdArray } from "../../core/array.ts";
import type { StoredTensor } from "../../engine/index.ts";
import { type SamVariant, samConfigs } from "./config.ts";
import { samTensors } from "./tensor-table.ts";
import { randomTensors, tinyConfig, weightFile } from "./testing/tiny-sam.ts";
import { samWeights } from "./weights.ts";

const GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";

describe("samTensors", () => {
  /** Parameters as counted with the published code, of `sam-tiny` by hand; a buffer of as many numbers as a token besides. */
  const counts: Record<SamVariant, number> = {
    "sam-vit-b": 93_735_472,
    "sam-vit-l": 312_342_832,
    "sam-vit-h": 641_090_608,
    // Without the classifier's head, which the file has and nothing uses.
    "mobile-sam": 10_130_092 - 321_640,
    "efficient-sam-ti": 10_223_204,
    "efficient-sam-s": 26_413_028,
    "sam-tiny": 3_580_907,
  };
  for (const [name, count] of Object.entries(counts))
    it(`of ${name} has as many parameters as it should`, () => {
      const tensors = samTensors(samConfigs[name as SamVariant]);
      const parameters = [...tensors].filter(([each]) => !/\.running_|_gaussian_matrix$/.test(each));
      expect(parameters.reduce((sum, [, shape]) => sum + elementCount(shape), 0)).toBe(count);
      expect(elementCount(tensors.get(GAUSSIAN) ?? [])).toBe(samConfigs[name as SamVariant].dim);
    });

  /** Tensors of the encoder, of prompts and of the decoder. */
  const parts: [SamVariant, readonly number[]][] = [
    ["sam-vit-b", [177, 17, 120]],
    ["mobile-sam", [271, 17, 120]],
    ["efficient-sam-ti", [153, 5, 120]],
  ];
  for (const [name, expected] of parts)
    it(`of ${name} has ${expected.join(", ")} tensors`, () => {
      const names = [...samTensors(samConfigs[name]).keys()];
      const below = (prefix: string): number => names.filter((each) => each.startsWith(prefix)).length;
      expect(["image_encoder.", "prompt_encoder.", "mask_decoder."].map(below)).toEqual(expected);
    });
});

describe("samWeights", () => {
  const tensors = randomTensors(tinyConfig);

  it("takes official names and leaves out what is not SAM's", () => {
    const more = new Map<string, NdArray>([...tensors, ["pixel_mean", floats([3], 1, 2, 3)]]);
    expect([...samWeights(weightFile(more), tinyConfig).tensors.keys()]).toEqual([
      ...samTensors(tinyConfig).keys(),
    ]);
  });

  it("takes EfficientSAM's file, which holds the network under a key", () => {
    const config = samConfigs["efficient-sam-ti"];
    const names = [...samTensors(config)].map(
      ([name, shape]) => [`model.${name}`, emptyTensor(shape)] as const,
    );
    const file = { where: "vitt.pt", tensors: new Map(names), metadata: new Map() };
    expect([...samWeights(file, config).tensors.keys()]).toEqual([...samTensors(config).keys()]);
  });

  for (const positions of [
    ["shared_image_embedding.positional_embedding"],
    ["prompt_encoder.shared_embedding.positional_embedding"],
    ["shared_image_embedding.positional_embedding", "prompt_encoder.shared_embedding.positional_embedding"],
  ])
    it(`takes the names of transformers, positions as ${positions.join(" and ")}`, () => {
      const renamed = new Map<string, NdArray>();
      for (const [name, tensor] of tensors)
        for (const each of name.includes("gaussian") ? positions : [toTransformers(name)])
          renamed.set(each, tensor);
      const { tensors: read } = samWeights(weightFile(renamed), tinyConfig);
      for (const [name, tensor] of tensors) expect(read.get(name)?.read().data, name).toEqual(tensor.data);
    });

  it("says which tensor is missing or of another shape", () => {
    const fewer = new Map([...tensors].filter(([name]) => name !== "mask_decoder.iou_token.weight"));
    expect(() => samWeights(weightFile(fewer), tinyConfig)).toThrow(
      'tiny.safetensors: expected "mask_decoder.iou_token.weight" [1, 16], got none',
    );
    const other = new Map([...tensors, ["mask_decoder.iou_token.weight", floats([1, 2], 1, 2)]]);
    expect(() => samWeights(weightFile(other as Map<string, NdArray>), tinyConfig)).toThrow(
      'expected "mask_decoder.iou_token.weight" [1, 16], got [1, 2]',
    );
  });
});

/** As `convert_sam_to_hf.py` renames, the other way round from `samWeights`. */
function toTransformers(name: string): string {
  const parts: [string, string][] = [
    ["image_encoder.blocks.", "vision_encoder.layers."],
    ["image_encoder.", "vision_encoder."],
    [".norm_final_attn", ".layer_norm_final_attn"],
    [".norm", ".layer_norm"],
    ["patch_embed.proj", "patch_embed.projection"],
    ["neck.0", "neck.conv1"],
    ["neck.1", "neck.layer_norm1"],
    ["neck.2", "neck.conv2"],
    ["neck.3", "neck.layer_norm2"],
    ["point_embeddings", "point_embed"],
    ["mask_downscaling.0", "mask_embed.conv1"],
    ["mask_downscaling.1", "mask_embed.layer_norm1"],
    ["mask_downscaling.3", "mask_embed.conv2"],
    ["mask_downscaling.4", "mask_embed.layer_norm2"],
    ["mask_downscaling.6", "mask_embed.conv3"],
    ["output_upscaling.0", "upscale_conv1"],
    ["output_upscaling.1", "upscale_layer_norm"],
    ["output_upscaling.3", "upscale_conv2"],
  ];
  let renamed = name;
  for (const [from, to] of parts) renamed = renamed.replace(from, to);
  const heads = /(_head|_mlps\.\d+)\.layers\.(\d)/;
  return renamed.replace(heads, (_, head, k) => `${head}.${["proj_in", "layers.0", "proj_out"][k]}`);
}

function floats(shape: readonly number[], ...numbers: readonly number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(numbers) };
}

function emptyTensor(shape: readonly number[]): StoredTensor {
  const read = (): NdArray => ({ dtype: "float32", shape: [0], data: new Float32Array(0) });
  return { dtype: "float32", shape, range: null, read };
}
