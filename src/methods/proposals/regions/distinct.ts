import { leavesInside } from "./node-mask.ts";
import type { PartitionTree } from "./partition-tree.ts";

/** A node of one of several trees over the same leaves. */
export interface Candidate {
  readonly tree: number;
  readonly node: number;
  readonly quality: number;
}

export interface Chosen extends Candidate {
  /** Mean over the other trees of the best IoU with one of their nodes; 1 when there is no other tree. */
  readonly stability: number;
}

export interface ChooseDistinctOptions {
  readonly count: number;
  /** A candidate with a larger IoU with a chosen one is a duplicate of it. */
  readonly maxIou: number;
  /** What an IoU of 1 with a chosen one would take off a candidate's quality. */
  readonly redundancy: number;
}

/**
 * Chooses one candidate after the other: the one whose quality is highest after what its likeness to those already
 * chosen takes off. Ties go to the earlier candidate.
 *
 * @see Carbonell and Goldstein 1998, maximal marginal relevance
 */
export function chooseDistinct(
  trees: readonly PartitionTree[],
  candidates: readonly Candidate[],
  { count, maxIou, redundancy }: ChooseDistinctOptions,
): Chosen[] {
  const chosen: Chosen[] = [];
  const likeness = new Float64Array(candidates.length); // largest IoU with a chosen one
  const isOut = new Uint8Array(candidates.length);
  const qualities = Float64Array.from(candidates, ({ quality }) => quality);
  while (chosen.length < count) {
    let best = -1;
    let bestValue = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < candidates.length; k++) {
      const value = qualities[k] - redundancy * likeness[k];
      if (isOut[k] === 1 || value <= bestValue) continue;
      best = k;
      bestValue = value;
    }
    if (best < 0) break;
    const ious = nodeIous(trees, candidates[best]);
    for (let k = 0; k < candidates.length; k++) {
      likeness[k] = Math.max(likeness[k], ious[candidates[k].tree][candidates[k].node]);
      if (likeness[k] > maxIou) isOut[k] = 1;
    }
    chosen.push({ ...candidates[best], stability: stability(ious, candidates[best].tree) });
  }
  return chosen;
}

/** The IoU of a candidate with every node of every tree, [trees][nodeCount]. */
function nodeIous(trees: readonly PartitionTree[], { tree, node }: Candidate): Float64Array[] {
  const { leafCount, stats } = trees[tree];
  const inside = leavesInside(trees[tree], node);
  return trees.map((other) => {
    // The leaves of a node stand side by side, so what it has in common is a difference of two running sums.
    const running = new Float64Array(leafCount + 1);
    for (let k = 0; k < leafCount; k++) {
      const leaf = other.leafOrder[k];
      running[k + 1] = running[k] + inside[leaf] * stats.area[leaf];
    }
    const ious = new Float64Array(other.nodeCount);
    for (let u = 0; u < other.nodeCount; u++) {
      const shared = running[other.leafEnd[u]] - running[other.leafStart[u]];
      ious[u] = shared / (other.stats.area[u] + stats.area[node] - shared);
    }
    return ious;
  });
}

function stability(ious: readonly Float64Array[], own: number): number {
  if (ious.length === 1) return 1;
  let sum = 0;
  ious.forEach((values, tree) => {
    if (tree === own) return;
    let best = 0;
    for (let node = 0; node < values.length; node++) best = Math.max(best, values[node]);
    sum += best;
  });
  return sum / (ious.length - 1);
}
