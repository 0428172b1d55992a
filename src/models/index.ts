export * from "./clip/clip.ts";
export {
  type ClipConfig,
  type ClipTextConfig,
  type ClipVariant,
  type ClipVisionConfig,
  clipConfigs,
} from "./clip/config.ts";
export { drawContext, seedOfText } from "./clip/context-init.ts";
export type { ClipNetworkOptions } from "./clip/networks.ts";
export { normalizeClipImage, patchedSize, preprocessClipImage } from "./clip/preprocess.ts";
export { assembleTexts, encodeClipLayout, encodeClipText, type TextVectors } from "./clip/text.ts";
export * from "./clip/text-layout.ts";
export * from "./clip/tokenizer.ts";
export {
  type ClipImageOptions,
  type EncodedImage,
  type EncodedTokens,
  encodeClipImage,
  finishClipImage,
  type ImageEmbeddings,
  interpolatePositions,
  mergeAttention,
} from "./clip/vision.ts";
export { readVocabulary, type Vocabulary } from "./clip/vocabulary.ts";
export { clipTensors, clipWeights } from "./clip/weights.ts";
export { exportSamPair, type SamExportOptions, type SamPair } from "./onnx-sam/export.ts";
export { createOnnxSam, type OnnxFile, type OnnxPair } from "./onnx-sam/onnx-sam.ts";
export { neckSide, type PrompterConfig, partImageNetPrompter } from "./prompter/config.ts";
export { drawPrompter } from "./prompter/initial.ts";
export * from "./prompter/networks.ts";
export { type PromptedParts, promptParts } from "./prompter/prompter.ts";
export { prompterTensors, prompterWeights } from "./prompter/weights.ts";
export * from "./registry.ts";
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
  prepareImage,
} from "./sam/mask-decoder.ts";
export { drawMasks } from "./sam/mask-drawing.ts";
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
export { type PromptFault, promptFault } from "./sam/prompt-fault.ts";
export * from "./sam/sam.ts";
export { samTensors } from "./sam/tensor-table.ts";
export type { ImageSide } from "./sam/transformer.ts";
export { samWeights, scoped, type Weights } from "./sam/weights.ts";
export { type SegformerConfig, type SegformerVariant, segformerConfig } from "./segmenter/config.ts";
export {
  clipEncoder,
  type FrozenEncoder,
  mobileNetEncoder,
  samEncoder,
} from "./segmenter/frozen-encoder.ts";
export { drawSegmenter } from "./segmenter/initial.ts";
export type { LightHeadConfig } from "./segmenter/light-head.ts";
export * from "./segmenter/network.ts";
export { imageNetNormalization, type Normalization, normalizePixels } from "./segmenter/normalization.ts";
export { type SegmentTraining, segment, segmentInTraining } from "./segmenter/segformer.ts";
