import { type Box, clipBox, type Size } from "../../../core/geometry.ts";
import { boxToRle } from "../../../core/polygon.ts";
import { type Rle, rleArea } from "../../../core/rle.ts";
import { intersectRles } from "../../../core/rle-algebra.ts";
import { BOX_FEATURE_NAMES, type BoxRegions, boxFeatures } from "./box-features.ts";
import { runsToRle } from "./label-runs.ts";
import type { PartitionTree } from "./partition-tree.ts";

/** A mask in answer to a prompt. */
export interface Answer {
  readonly rle: Rle;
  /** The expected IoU with the object that is meant. */
  readonly score: number;
}

/**
 * The object in a tight box: of the fine regions, those for which the expected IoU with the object is largest, cut at the box.
 * A box too thin to hold the middle of a pixel, at the size that is worked on, is answered by itself.
 *
 * @param trees  of one picture, as `buildPartitionTrees` gives them
 * @param box    in pixels of the picture
 * @returns      null when the box lies outside the picture
 */
export function answerBox(trees: readonly PartitionTree[], box: Box): Answer | null {
  const { runs, superpixels } = trees[0].graph;
  const clipped = clipBox(box, runs);
  if (clipped === null) return null;
  const frame = frameOf(clipped, runs);
  const regions = boxFeatures(trees, clipped);
  const chosen = chooseLeaves(regions, objectProbabilities(regions));
  const inside = new Uint8Array(superpixels.count);
  for (const leaf of chosen.leaves) inside[leaf] = 1;
  const rle = intersectRles([runsToRle(runs, inside), frame]);
  return rleArea(rle) === 0 ? { rle: frame, score: chosen.score } : { rle, score: chosen.score };
}

/** The pixels of a box; of one that holds no pixel's middle, those it touches. */
function frameOf(box: Box, size: Size): Rle {
  const rle = boxToRle(box, size);
  if (rleArea(rle) > 0) return rle;
  const [x0, y0] = [Math.floor(box.x0), Math.floor(box.y0)];
  return boxToRle({ x0, y0, x1: Math.ceil(box.x1), y1: Math.ceil(box.y1) }, size);
}

/**
 * How likely each region of a box is to be part of the object, [leaves]: a logistic regression on the features, fitted to
 * the boxes of 60 COCO and 200 car-parts photos (`bench/segment-fit.ts`).
 */
export function objectProbabilities({ leaves, features }: BoxRegions): Float64Array {
  const size = BOX_FEATURE_NAMES.length;
  return Float64Array.from(leaves, (_, k) => {
    let sum = 0;
    for (let f = 0; f < size; f++) sum += COEFFICIENTS[f] * features[k * size + f];
    return 1 / (1 + Math.exp(-sum));
  });
}

/** In the order of BOX_FEATURE_NAMES. */
const COEFFICIENTS = [-1.45, 0.64, -0.92, 0.58, 1.87, 1.23, -0.21];

/**
 * The most probable regions, as many as make the expected intersection over the expected union largest.
 *
 * For independent regions no other choice has a larger one: what is gained by a region depends on its probability alone.
 */
function chooseLeaves(
  { leaves, pixels }: BoxRegions,
  probabilities: Float64Array,
): { readonly leaves: readonly number[]; readonly score: number } {
  const order = leaves.map((_, k) => k).sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  let rest = order.reduce((sum, k) => sum + probabilities[k] * pixels[k], 0);
  let [intersection, union, best, score] = [0, 0, 0, 0];
  for (const [n, k] of order.entries()) {
    const expected = probabilities[k] * pixels[k];
    intersection += expected;
    rest -= expected;
    union += pixels[k];
    const iou = intersection / (union + rest);
    if (iou <= score) continue;
    score = iou;
    best = n + 1;
  }
  return { leaves: order.slice(0, best).map((k) => leaves[k]), score };
}
