import { type Box, boxIou, intersectBoxes, type Point, type Size } from "../../../core/geometry.ts";
import type { PartitionTree } from "./partition-tree.ts";

/** A node of one of several trees of a picture. */
export interface TreeNode {
  readonly tree: number;
  readonly node: number;
}

export interface PointPrompt extends Point {
  /** Whether the object holds the point, or must not. */
  readonly positive: boolean;
}

/**
 * The node that answers a box: the largest product of the IoU of the two boxes and the share of the node inside.
 * Ties go to the later tree, then to the later (larger) node.
 *
 * @param trees  of one picture, as `buildPartitionTrees` gives them
 * @param box    in pixels of the picture
 * @returns      null when the box lies outside the picture
 */
export function selectByBox(trees: readonly PartitionTree[], box: Box): TreeNode | null {
  const { runs, superpixels } = trees[0].graph;
  const { labels, height, width, count } = superpixels;
  const clipped = intersectBoxes(scaledBox(box, runs, superpixels), { x0: 0, y0: 0, x1: width, y1: height });
  if (clipped === null) return null;
  const inside = new Float64Array(count); // pixels of each leaf whose middle is in the box
  for (let i = Math.round(clipped.y0); i < Math.round(clipped.y1); i++)
    for (let j = Math.round(clipped.x0); j < Math.round(clipped.x1); j++) inside[labels[i * width + j]]++;
  return bestNode(trees, (tree) => {
    const { area, boxes } = tree.stats;
    const shared = sumOverLeaves(tree, inside);
    return (node) => {
      const [x0, y0, x1, y1] = boxes.subarray(4 * node, 4 * node + 4);
      return boxIou({ x0, y0, x1, y1 }, clipped) * (shared[node] / area[node]);
    };
  });
}

/**
 * The node that answers points: of those that hold the most positive and the fewest negative points, the one with the
 * strongest contour, where the picture's border counts as none. Ties go to the later tree, then to the later node.
 *
 * A single point is ambiguous (a part, or the whole?); each further one settles much.
 *
 * @param trees   of one picture, as `buildPartitionTrees` gives them
 * @param points  in pixels of the picture; those outside are ignored
 * @returns       null when no positive point lies in the picture
 */
export function selectByPoints(
  trees: readonly PartitionTree[],
  points: readonly PointPrompt[],
): TreeNode | null {
  const { runs, superpixels } = trees[0].graph;
  const { labels, height, width, count } = superpixels;
  const votes = new Float64Array(count);
  let positives = 0;
  for (const { x, y, positive } of points) {
    const j = Math.floor((x * width) / runs.width);
    const i = Math.floor((y * height) / runs.height);
    if (!(i >= 0 && i < height && j >= 0 && j < width)) continue;
    votes[labels[i * width + j]] += positive ? 1 : -1;
    if (positive) positives++;
  }
  if (positives === 0) return null;
  return bestNode(trees, (tree) => {
    const { perimeter, border } = tree.stats;
    const held = sumOverLeaves(tree, votes);
    // A mean gradient stays below 1,000 Lab units a pixel, so that points count first.
    return (node) => 1000 * held[node] + tree.strengths[node] / (perimeter[node] + border[node]);
  });
}

function bestNode(
  trees: readonly PartitionTree[],
  scorer: (tree: PartitionTree) => (node: number) => number,
): TreeNode {
  let best = { tree: 0, node: 0 };
  let bestScore = Number.NEGATIVE_INFINITY;
  trees.forEach((tree, t) => {
    const score = scorer(tree);
    for (let node = 0; node < tree.nodeCount; node++) {
      const value = score(node);
      if (value < bestScore) continue;
      best = { tree: t, node };
      bestScore = value;
    }
  });
  return best;
}

/** For each node, the sum of its leaves' values. */
function sumOverLeaves(
  { leafCount, nodeCount, children }: PartitionTree,
  values: Float64Array,
): Float64Array {
  const sums = new Float64Array(nodeCount);
  sums.set(values);
  for (let node = leafCount; node < nodeCount; node++)
    sums[node] = sums[children[2 * node]] + sums[children[2 * node + 1]];
  return sums;
}

function scaledBox({ x0, y0, x1, y1 }: Box, from: Size, to: Size): Box {
  const x = to.width / from.width;
  const y = to.height / from.height;
  return { x0: x0 * x, y0: y0 * y, x1: x1 * x, y1: y1 * y };
}
