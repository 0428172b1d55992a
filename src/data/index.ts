export * from "./cam-file.ts";
export { type ClassList, classList, cocoCategoryIds } from "./class-list.ts";
export { decodeClassTexts, readClassTexts } from "./class-texts.ts";
export * from "./coco.ts";
export { type CocoCategory, cocoClasses } from "./coco-classes.ts";
export { encodeInstances, type ImageInstance, type ImageInstances } from "./coco-instances.ts";
export { type CocoSegmentation, cocoMask, cocoToLabelMap } from "./coco-segmentation.ts";
export {
  type CocoAnnotationJson,
  type CocoJson,
  type CocoRleJson,
  type LabeledFile,
  type LabelMapsToCocoOptions,
  labelMapsToCoco,
} from "./coco-write.ts";
export {
  type Conversion,
  type ConvertFormat,
  type ConvertOptions,
  convert,
  convertFormats,
} from "./convert/convert.ts";
export type { ConvertWatch } from "./convert/job.ts";
export type { Loss, LossKind, RoundTrip } from "./convert/ledger.ts";
export * from "./id-list.ts";
export { type ReadJsonOptions, readJsonFile } from "./json-file.ts";
export * from "./label-file.ts";
export * from "./mask-file.ts";
export { listMaskFolder } from "./mask-folder.ts";
export { readNpy } from "./npy.ts";
export { readNpz } from "./npz.ts";
export { describeOddMasks, type OddMasks } from "./odd-masks.ts";
export * from "./part-dataset.ts";
export { partImageNetClasses } from "./part-image-net.ts";
export * from "./part-predictions.ts";
export {
  containedPath,
  type ListPicturesOptions,
  listPictures,
  type PictureFile,
  photoExtensions,
} from "./paths.ts";
export { photoSize, readPhoto } from "./photo.ts";
export { pictureId } from "./picture-id.ts";
export type { Problem } from "./problems.ts";
export { checkPrompts, openBoxes, openPoints, type PromptSource } from "./prompts.ts";
export { decodeProposalArray } from "./proposal-array.ts";
export * from "./proposal-file.ts";
export {
  type DecodedProposals,
  type DecodeProposalsOptions,
  decodeProposalFolder,
  encodeProposalFolder,
  type InputFile,
} from "./proposal-folder.ts";
export type { ProposalLayout } from "./proposal-layout.ts";
export { openProposals, type ProposalSource } from "./proposal-source.ts";
export * from "./split.ts";
export { loadProposals, type StoredProposals } from "./stored-proposals.ts";
export { decodeTagsCsv, decodeTagsJson, type WeakLabels } from "./tags.ts";
export * from "./voc.ts";
export * from "./voc-xml.ts";
export * from "./weak-labels.ts";
