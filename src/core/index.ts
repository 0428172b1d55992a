export * from "./array.ts";
export * from "./average-precision.ts";
export * from "./boundary-metric.ts";
export * from "./class-maps.ts";
export type { ClassTexts } from "./class-texts.ts";
export * from "./components.ts";
export * from "./contour.ts";
export * from "./crf.ts";
export { type ErrorCode, MaskwrightError } from "./error.ts";
export * from "./geometry.ts";
export * from "./half.ts";
export * from "./image.ts";
export * from "./interpolate.ts";
export * from "./iou.ts";
export * from "./label-map.ts";
export { MAX_PIXELS, MAX_PROPOSALS } from "./limits.ts";
export * from "./linear-assignment.ts";
export * from "./mask.ts";
export * from "./metrics.ts";
export * from "./morphology.ts";
export * from "./object-prompt.ts";
export * from "./part-metric.ts";
export * from "./polygon.ts";
export * from "./proposal.ts";
export * from "./random.ts";
export * from "./resize.ts";
export {
  decodeRle,
  encodeRle,
  labelMapToRles,
  paintRle,
  type Rle,
  rleArea,
  rleBox,
  validateRle,
} from "./rle.ts";
export * from "./rle-algebra.ts";
export * from "./rle-string.ts";
export * from "./row-metric.ts";
export * from "./running-metric.ts";
export { readSafetensors, readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";
export type { SafetensorsDtype, SafetensorsEntry, SafetensorsHeader } from "./safetensors-header.ts";
export * from "./unit-rows.ts";
export * from "./weak-label.ts";
