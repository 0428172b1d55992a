export { buildPartitionTree, buildPartitionTrees } from "./proposals/regions/hierarchies.ts";
export { nodeRle } from "./proposals/regions/node-mask.ts";
export type { PartitionTree } from "./proposals/regions/partition-tree.ts";
export { proposalsForRefinement, REGION_CUT, type RefinementCut } from "./proposals/regions/refinement.ts";
export { type ProposeRegionsOptions, proposeRegions } from "./proposals/regions/regions.ts";
export { segmentRegions } from "./proposals/regions/segment-regions.ts";
export { selectByPoints, type TreeNode } from "./proposals/regions/tree-selection.ts";
export type { LevelOptions, PerLevel } from "./proposals/sam-auto/levels.ts";
export { fmaSamOptions, type ProposeWithSamOptions } from "./proposals/sam-auto/options.ts";
export { proposeWithSam } from "./proposals/sam-auto/propose.ts";
export {
  type SegmentWithSamOptions,
  segmentWithSam,
} from "./proposals/sam-prompted/segment-with-sam.ts";
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
