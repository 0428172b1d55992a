import { describe, expect, it } from "vitest";
import { elementCount, type NdArray } from "../../core/array.ts";
import { type SamVariant, samConfigs } from "./config.ts";
import { randomTensors, tinyConfig, weightFile } from "./testing/tiny-sam.ts";
import { samTensors, samWeights } from "./weights.ts";

describe("samTensors", () => {
  /** specs: facebookresearch/segment-anything, counted with the published code. */
  const counts: Record<SamVariant, number> = {
    "sam-vit-b": 93_735_472 + 256,
    "sam-vit-l": 312_342_832 + 256,
    "sam-vit-h": 641_090_608 + 256,
  };
  for (const [name, count] of Object.entries(counts))
    it(`of ${name} has the published number of parameters, and a buffer of 256`, () => {
      const shapes = [...samTensors(samConfigs[name as SamVariant]).values()];
      expect(shapes.reduce((sum, shape) => sum + elementCount(shape), 0)).toBe(count);
    });

  it("of ViT-B has 177 tensors of the encoder, 17 of prompts and 120 of the decoder", () => {
    const names = [...samTensors(samConfigs["sam-vit-b"]).keys()];
    const below = (prefix: string): number => names.filter((name) => name.startsWith(prefix)).length;
    expect(["image_encoder.", "prompt_encoder.", "mask_decoder."].map(below)).toEqual([177, 17, 120]);
    expect(names.length).toBe(314);
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
