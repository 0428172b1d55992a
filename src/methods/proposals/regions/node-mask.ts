import type { Rle } from "../../../core/rle.ts";
import { runsToRle } from "./label-runs.ts";
import type { PartitionTree } from "./partition-tree.ts";

/** 1 for each leaf that is in the node, [leafCount]. */
export function leavesInside(
  { leafCount, leafOrder, leafStart, leafEnd }: PartitionTree,
  node: number,
): Uint8Array {
  const inside = new Uint8Array(leafCount);
  for (let k = leafStart[node]; k < leafEnd[node]; k++) inside[leafOrder[k]] = 1;
  return inside;
}

/** The mask of a node, at the picture's own size. */
export function nodeRle(tree: PartitionTree, node: number): Rle {
  return runsToRle(tree.graph.runs, leavesInside(tree, node));
}
