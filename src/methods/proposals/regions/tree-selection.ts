import type { PointPrompt } from "../../../core/object-prompt.ts";
import type { PartitionTree } from "./partition-tree.ts";

/** A node of one of several trees of a picture. */
export interface TreeNode {
  readonly tree: number;
  readonly node: number;
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
export function sumOverLeaves(
  { leafCount, nodeCount, children }: PartitionTree,
  values: Float64Array,
): Float64Array {
  const sums = new Float64Array(nodeCount);
  sums.set(values);
  for (let node = leafCount; node < nodeCount; node++)
    sums[node] = sums[children[2 * node]] + sums[children[2 * node + 1]];
  return sums;
}
