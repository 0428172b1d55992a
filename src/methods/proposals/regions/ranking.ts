import { colorDistance } from "./criterion.ts";
import type { PartitionTree } from "./partition-tree.ts";

/**
 * What tells an object from a chance region: how large it is and where, whether the picture changes along its contour
 * and how much it changes inside, how far its color is from that of the region it merges with, and how much of its
 * contour is the picture's border.
 */
export const FEATURE_NAMES = [
  "constant",
  "log area",
  "log area squared",
  "off center, x",
  "off center, y",
  "contour gradient",
  "inner gradient",
  "color contrast",
  "border share",
] as const;

/** The features of every node, [nodeCount, FEATURE_NAMES.length]. */
export function nodeFeatures(tree: PartitionTree): Float64Array {
  const { nodeCount, leafCount, parent, children, stats, strengths } = tree;
  const { height, width } = tree.graph.superpixels;
  const { area, perimeter, border, boxes } = stats;
  const features = new Float64Array(nodeCount * FEATURE_NAMES.length);
  const innerStrength = new Float64Array(nodeCount);
  const innerLength = new Float64Array(nodeCount);
  for (let node = 0; node < nodeCount; node++) {
    if (node >= leafCount) {
      const left = children[2 * node];
      const right = children[2 * node + 1];
      // What two regions share is in both their contours and no longer in the union's.
      innerStrength[node] =
        innerStrength[left] +
        innerStrength[right] +
        (strengths[left] + strengths[right] - strengths[node]) / 2;
      innerLength[node] =
        innerLength[left] + innerLength[right] + (perimeter[left] + perimeter[right] - perimeter[node]) / 2;
    }
    const logArea = Math.log10(area[node] / (height * width));
    const centerX = (boxes[4 * node] + boxes[4 * node + 2]) / 2 / width;
    const centerY = (boxes[4 * node + 1] + boxes[4 * node + 3]) / 2 / height;
    features.set(
      [
        1,
        logArea,
        logArea * logArea,
        Math.abs(centerX - 0.5),
        Math.abs(centerY - 0.5),
        gradientScore(strengths[node], perimeter[node]),
        gradientScore(innerStrength[node], innerLength[node]),
        parent[node] < 0 ? 0 : colorDistance(stats, node, sibling(tree, node)) / 40,
        border[node] / (perimeter[node] + border[node]),
      ],
      node * FEATURE_NAMES.length,
    );
  }
  return features;
}

function sibling({ parent, children }: PartitionTree, node: number): number {
  const left = children[2 * parent[node]];
  return left === node ? children[2 * parent[node] + 1] : left;
}

/** The root of the mean gradient, 1 at 20 Lab units a pixel; 0 without a contour. */
function gradientScore(strength: number, length: number): number {
  return length === 0 ? 0 : Math.sqrt(strength / length / 20);
}

/**
 * The expected IoU of each node with the best-fitting object of a photo, [nodeCount], in [0, 1].
 *
 * A least-squares fit of the features to the IoU with the nearest object on 24 VOC photos (`bench/regions-fit.ts`). Most
 * regions are no object of a VOC class, so honest values are low. On 25 other photos, masks said to have 0.17 have 0.18
 * on average, those said to have 0.22 have 0.24, those said to have 0.08 have 0.04.
 */
export function expectedIous(tree: PartitionTree): Float64Array {
  const features = nodeFeatures(tree);
  const size = FEATURE_NAMES.length;
  return Float64Array.from({ length: tree.nodeCount }, (_, node) => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += COEFFICIENTS[k] * features[node * size + k];
    return Math.min(1, Math.max(0, sum));
  });
}

/** In the order of FEATURE_NAMES. */
const COEFFICIENTS = [0.175, 0.068, 0.002, -0.073, -0.184, 0.121, -0.054, 0.042, -0.052];
