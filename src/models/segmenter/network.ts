import { renameWeights, selectWeights, type Tensor, type WeightFile } from "../../engine/index.ts";
import type { Weights } from "../sam/weights.ts";
import type { SegformerConfig } from "./config.ts";
import type { FrozenEncoder } from "./frozen-encoder.ts";
import { type LightHeadConfig, lightHead, lightHeadTensors } from "./light-head.ts";
import { type Normalization, normalizePixels } from "./normalization.ts";
import { segment } from "./segformer.ts";
import { segformerTensors } from "./tensor-table.ts";

/** What names the class of each pixel: SegFormer, all of it trained, or a light head on an encoder that stays as it is. */
export type SegmenterNetwork =
  | { readonly kind: "segformer"; readonly config: SegformerConfig }
  | { readonly kind: "light"; readonly encoder: EncoderSource; readonly config: LightHeadConfig };

/** Where a frozen encoder's weights come from. */
export interface EncoderSource {
  readonly kind: "mobilenet" | "clip" | "sam";
  /** Of the registry of models, or the path of a file. */
  readonly name: string;
  readonly sha256: string;
}

/** Begins the names of averaged parameters in a checkpoint that has them. */
export const AVERAGE_PREFIX = "average/";

/** Every trained tensor with its shape; the encoder's of a light head are not among them. */
export function segmenterTensors(network: SegmenterNetwork): Map<string, readonly number[]> {
  return network.kind === "segformer" ? segformerTensors(network.config) : lightHeadTensors(network.config);
}

/**
 * The trained tensors of a checkpoint, checked; where it also keeps averages of parameters over the steps, those.
 *
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH for a tensor that is missing or of another shape
 */
export function segmenterWeights(file: WeightFile, network: SegmenterNetwork): WeightFile {
  const names = [...file.tensors.keys()];
  const averaged = new Set(
    names.filter((name) => name.startsWith(AVERAGE_PREFIX)).map((name) => name.slice(AVERAGE_PREFIX.length)),
  );
  const tensors = new Map([...file.tensors].filter(([name]) => !averaged.has(name)));
  const chosen = renameWeights({ ...file, tensors }, [{ match: new RegExp(`^${AVERAGE_PREFIX}`), to: "" }]);
  return selectWeights(chosen, segmenterTensors(network), "a segmenter");
}

/** What a network computes with: its own weights, and the encoder that a light head is on. */
export interface SegmenterParts {
  readonly weights: Weights;
  /** Null for SegFormer. */
  readonly encoder: FrozenEncoder | null;
  readonly normalization: Normalization;
}

/**
 * What the pixels of pictures are: logits [B, classes, h, w], a quarter of the picture's sides for SegFormer, the grid of the encoder's finest
 * level for a light head.
 *
 * @param pixels  [B, 3, H, W], levels from 0 to 255, as bytes or floats
 */
export function segmentPixels(
  network: SegmenterNetwork,
  { weights, encoder, normalization }: SegmenterParts,
  pixels: Tensor,
): Tensor {
  const image = normalizePixels(pixels, normalization);
  if (network.kind === "segformer") return segment(weights, image, network.config);
  return lightHead(weights, (encoder as FrozenEncoder).encode(image), network.config);
}
