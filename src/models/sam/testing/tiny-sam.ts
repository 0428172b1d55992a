import { elementCount, type NdArray } from "../../../core/array.ts";
import type { RgbImage } from "../../../core/image.ts";
import { random } from "../../../core/random.ts";
import { writeSafetensors } from "../../../core/safetensors.ts";
import { byteSource, openWeights, type WeightFile } from "../../../engine/index.ts";
import type { EfficientSamConfig, SamConfig } from "../config.ts";
import { samTensors } from "../tensor-table.ts";

/** A SAM so small that the interpreter can differentiate it by differences: 4×4 cells in windows of 3×3. */
export const tinyConfig: SamConfig = {
  kind: "sam",
  encoder: {
    kind: "vit",
    side: 8,
    patch: 2,
    dim: 8,
    depth: 2,
    heads: 2,
    window: 3,
    globalBlocks: [1],
    mlpRatio: 2,
  },
  dim: 16,
  maskChannels: 4,
  decoder: { depth: 2, heads: 2, mlpDim: 8, iouDim: 8 },
};

/** MobileSAM in the same size: 4×4 cells, windows of 3×3 and of the whole. */
export const tinyMobileConfig: SamConfig = {
  ...tinyConfig,
  encoder: {
    kind: "tiny-vit",
    side: 64,
    convolutions: { dim: 4, depth: 1 },
    stages: [
      { dim: 8, depth: 1, heads: 2, window: 3 },
      { dim: 12, depth: 1, heads: 2, window: 4 },
    ],
    mlpRatio: 2,
  },
};

/** `sam-tiny` in the same size. */
export const tinyHybridConfig: SamConfig = {
  ...tinyConfig,
  dim: 32,
  decoder: { ...tinyConfig.decoder, placeDim: 16 },
  encoder: {
    kind: "hybrid",
    side: 64,
    stem: 4,
    convolutions: [
      { dim: 4, depth: 1 },
      { dim: 8, depth: 1 },
    ],
    dim: 16,
    depth: 1,
    heads: 2,
  },
};

/** EfficientSAM in the same size. */
export const tinyEfficientConfig: EfficientSamConfig = {
  kind: "efficient-sam",
  encoder: { kind: "plain-vit", side: 8, patch: 2, dim: 8, depth: 2, heads: 2, mlpRatio: 2, positionSide: 3 },
  dim: 16,
  pointCount: 4,
  decoder: { depth: 2, heads: 2, mlpDim: 8, iouDim: 8, upscaling: [6, 4] },
};

/** Weights that keep numbers near 1 through all layers, the same every time. */
export function randomTensors(config: SamConfig | EfficientSamConfig): Map<string, NdArray<"float32">> {
  const { normal } = random("tiny sam");
  const tensors = new Map<string, NdArray<"float32">>();
  for (const [name, shape] of samTensors(config)) {
    const isMatrix = shape.length > 1 && name.endsWith("weight") && shape[0] > 1;
    const isVariance = name.endsWith("running_var");
    const isFactor =
      /(norm\d?(_final_attn)?|(neck|downscaling|upscaling)\.[134]|upscaling_layers\.0\.1|bn)\.weight/.test(
        name,
      );
    const scale = isMatrix ? 1 / Math.sqrt(elementCount(shape.slice(1))) : isVariance ? 0.1 : 0.5;
    const offset = isVariance || (isFactor && !isMatrix) ? 1 : 0;
    const data = Float32Array.from({ length: elementCount(shape) }, () => offset + scale * normal());
    tensors.set(name, { dtype: "float32", shape, data });
  }
  return tensors;
}

/** The tensors as an opened safetensors file. */
export function weightFile(tensors: ReadonlyMap<string, NdArray>, where = "tiny.safetensors"): WeightFile {
  return openWeights(byteSource(writeSafetensors(tensors)), where);
}

/** A picture of noise. */
export function noise(height: number, width: number): RgbImage {
  const { integer } = random(`${height} ${width}`);
  return { height, width, data: Uint8Array.from({ length: height * width * 3 }, () => integer(256)) };
}
