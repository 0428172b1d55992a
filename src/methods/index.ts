export { affinityFromAttention, type RefineCamOptions, type Region, refineCam } from "./fma/affinity.ts";
export { type Augmented, type AugmentOptions, augment } from "./fma/augmentation.ts";
export { type PixelScoring, type SeedFromCamOptions, scoreCam, seedFromCam } from "./fma/cam-seed.ts";
export { type CamSlope, camSlope } from "./fma/cam-slope.ts";
export { type Competition, classScores, maskedSoftmax } from "./fma/class-softmax.ts";
export { type CamPicture, type ClipCam, type ClipCamOptions, createClipCam } from "./fma/clip-cam.ts";
export { type ClipSource, type ClipTextSideOptions, clipLastBlock, clipTextSide } from "./fma/clip-sides.ts";
export { type CamRows, type FinishImage, type GradCam, gradCam } from "./fma/grad-cam.ts";
export {
  type CamLoss,
  type CamLossOptions,
  type ContrastiveLossOptions,
  camLoss,
  contrastiveLoss,
} from "./fma/losses.ts";
export {
  drawBatch,
  presentClasses,
  type SegmentationSample,
  segmentationFeeds,
} from "./fma/prompt-batches.ts";
export {
  type ClassificationOptions,
  CONTEXT_NAME,
  classificationTraining,
  type LastBlock,
  type PromptRateOptions,
  promptOptimizer,
  promptRate,
  type SegmentationOptions,
  segmentationTraining,
  type TextSide,
} from "./fma/prompt-training.ts";
export { cocoTexts } from "./fma/prompts/coco.ts";
export { vocTexts } from "./fma/prompts/voc.ts";
export {
  clipEsAffinity,
  clipEsText,
  cocoRecipe,
  type FmaRecipe,
  type PromptRecipe,
  promptTexts,
  type SeedRecipe,
  vocRecipe,
} from "./fma/recipes.ts";
export { type BoxCompat, scoreBoxes } from "./fma/score-boxes.ts";
export type { Decision, SeedBackground } from "./fma/scores.ts";
export {
  type MaskScoring,
  type MaskSeed,
  type PaintKey,
  type SeedFromMasksOptions,
  seedFromMasks,
} from "./fma/seeding.ts";
export { type VoteOptions, voteMasks } from "./fma/voting.ts";
export { buildPartitionTree, buildPartitionTrees } from "./proposals/regions/hierarchies.ts";
export { nodeRle } from "./proposals/regions/node-mask.ts";
export type { PartitionTree } from "./proposals/regions/partition-tree.ts";
export { proposalsForRefinement, REGION_CUT, type RefinementCut } from "./proposals/regions/refinement.ts";
export { type ProposeRegionsOptions, proposeRegions } from "./proposals/regions/regions.ts";
export { segmentRegions } from "./proposals/regions/segment-regions.ts";
export { selectByPoints, type TreeNode } from "./proposals/regions/tree-selection.ts";
export type { AdaptiveOptions } from "./proposals/sam-auto/adaptive-grid.ts";
export type { LevelOptions, PerLevel } from "./proposals/sam-auto/levels.ts";
export { fmaSamOptions, type ProposeWithSamOptions } from "./proposals/sam-auto/options.ts";
export { proposeWithSam } from "./proposals/sam-auto/propose.ts";
export {
  type SegmentWithSamOptions,
  segmentWithSam,
} from "./proposals/sam-prompted/segment-with-sam.ts";
export { balanceClasses } from "./segment/class-weights.ts";
export { distortColors } from "./segment/distortion.ts";
export { blendOf, drawDrops } from "./segment/drops.ts";
export { labelPixels, readProbabilities } from "./segment/inference.ts";
export { exportSegmenter, type SegmenterExportOptions } from "./segment/inference-export.ts";
export {
  createPixelClassifier,
  type LogitGrid,
  type NetworkSides,
  type PixelClassifier,
  type PixelClassifierOptions,
  type SegmenterModel,
} from "./segment/inference-network.ts";
export { openScores, type ScoreField } from "./segment/inference-scores.ts";
export type { ScoreOptions } from "./segment/inference-views.ts";
export type { SlidingWindow } from "./segment/inference-windows.ts";
export { type PixelLossOptions, pixelCrossEntropy, softCrossEntropy } from "./segment/losses.ts";
export { type SegmenterRates, segmenterOptimizer } from "./segment/optimizer.ts";
export {
  compileSegmenterTraining,
  type PixelSupervision,
  type SegmenterGraphOptions,
  type SegmenterTrainingOptions,
  segmenterTraining,
  type TrainedNetwork,
} from "./segment/training.ts";
export {
  type CropOptions,
  type CropPlan,
  cropLabels,
  cropPixels,
  packSquare,
  planCrop,
} from "./segment/training-crop.ts";
export {
  type AcceptRule,
  type Assign,
  type Assignment,
  assignByLargestOverlap,
  assignInClassOrder,
} from "./sepl/assignment.ts";
export { type CamBackground, labelsFromCam } from "./sepl/cam-labels.ts";
export {
  type Compat,
  type MergeOptions,
  mergeProposals,
  type Refinement,
  type Variant,
} from "./sepl/merge.ts";
export type { Overlaps } from "./sepl/overlaps.ts";
export * from "./wps/augment.ts";
export * from "./wps/frame.ts";
export { type LossWeights, type PartLoss, partLoss, type QueryTargets } from "./wps/losses.ts";
export { type CostWeights, matchingCosts, matchQueries, type QueryOutputs } from "./wps/matching.ts";
export * from "./wps/predict.ts";
export * from "./wps/schedules.ts";
export * from "./wps/targets.ts";
export * from "./wps/teacher.ts";
export {
  compilePartTraining,
  PART_RATE,
  type PartTrainingOptions,
  partOptimizer,
  partTraining,
} from "./wps/training.ts";
