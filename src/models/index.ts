export { gridSide, MASK_COUNT, type SamConfig, samConfigs, type VitConfig } from "./sam/config.ts";
export * from "./sam/embedding.ts";
export { type DecodedMasks, decodeMasks, prepareImage } from "./sam/mask-decoder.ts";
export type { NetworkOptions } from "./sam/networks.ts";
export * from "./sam/postprocess.ts";
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
export type { ImageSide } from "./sam/transformer.ts";
export { type EncodeImageOptions, encodeImage } from "./sam/vit.ts";
export { samTensors, samWeights, scoped, type Weights } from "./sam/weights.ts";
