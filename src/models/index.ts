export {
  type EfficientSamConfig,
  gridSide,
  MASK_COUNT,
  type PlainVitConfig,
  type SamConfig,
  type SamVariant,
  samConfigs,
  type TinyVitConfig,
  type TinyVitStage,
  type VitConfig,
} from "./sam/config.ts";
export * from "./sam/embedding.ts";
export { type EncodeImageOptions, encodeImage } from "./sam/image-encoder.ts";
export {
  type DecodedMasks,
  type DecodedTokens,
  decodeMasks,
  decodeTokens,
  drawMasks,
  prepareImage,
} from "./sam/mask-decoder.ts";
export * from "./sam/mask-runs.ts";
export type { NetworkOptions } from "./sam/networks.ts";
export {
  MASK_THRESHOLD,
  predictedMask,
  stabilityOf,
  thresholdLogits,
  upscaleLogits,
} from "./sam/postprocess.ts";
export {
  type CoordinatePrecision,
  type EncoderInput,
  preprocess,
  scalePoint,
  shareOfSide,
} from "./sam/preprocess.ts";
export type { Prompt, SamFrame } from "./sam/prompt.ts";
export * from "./sam/prompt-encoder.ts";
export * from "./sam/sam.ts";
export { samTensors } from "./sam/tensor-table.ts";
export type { ImageSide } from "./sam/transformer.ts";
export { samWeights, scoped, type Weights } from "./sam/weights.ts";
