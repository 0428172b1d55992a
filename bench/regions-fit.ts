/**
 * Fits the ranking of the offline proposals on the 24 photos for tuning and prints its coefficients:
 * `npx tsx bench/regions-fit.ts`. Least squares with a little ridge, every node of every tree one row.
 */

import { rleArea } from "../src/core/rle.ts";
import { intersectionArea } from "../src/core/rle-algebra.ts";
import { buildPartitionTrees } from "../src/methods/proposals/regions/hierarchies.ts";
import { nodeRle } from "../src/methods/proposals/regions/node-mask.ts";
import type { PartitionTree } from "../src/methods/proposals/regions/partition-tree.ts";
import { FEATURE_NAMES, nodeFeatures } from "../src/methods/proposals/regions/ranking.ts";
import { solve } from "./lib/solve.ts";
import { readVocPhotos, type VocPhoto } from "./voc-photos.ts";

const size = FEATURE_NAMES.length;

const photos = await readVocPhotos();
if (photos !== null) {
  const products = new Float64Array(size * size);
  const targets = new Float64Array(size);
  for (const photo of photos.filter(({ isForTuning }) => isForTuning))
    for (const tree of buildPartitionTrees(photo.image)) addRows(products, targets, photo, tree);
  for (let k = 1; k < size; k++) products[k * size + k] += 0.1;
  const coefficients = solve(products, targets);
  FEATURE_NAMES.forEach((name, k) => {
    console.log(coefficients[k].toFixed(3).padStart(7), name);
  });
}

function addRows(
  products: Float64Array,
  targets: Float64Array,
  { objects }: VocPhoto,
  tree: PartitionTree,
): void {
  const features = nodeFeatures(tree);
  const { area } = tree.stats;
  const pixels = area[tree.nodeCount - 1];
  const best = new Float64Array(tree.nodeCount);
  for (const object of objects) {
    const objectArea = rleArea(object);
    const shared = new Float64Array(tree.nodeCount);
    for (let node = 0; node < tree.nodeCount; node++) {
      const isLeaf = node < tree.leafCount;
      shared[node] = isLeaf
        ? intersectionArea(nodeRle(tree, node), object)
        : shared[tree.children[2 * node]] + shared[tree.children[2 * node + 1]];
      best[node] = Math.max(best[node], shared[node] / (area[node] + objectArea - shared[node]));
    }
  }
  for (let node = 0; node < tree.nodeCount; node++) {
    const fraction = area[node] / pixels;
    if (fraction < 0.004 || fraction > 0.8) continue; // as `proposeRegions` takes them
    const row = features.subarray(node * size, (node + 1) * size);
    for (let i = 0; i < size; i++) {
      targets[i] += row[i] * best[node];
      for (let j = 0; j < size; j++) products[i * size + j] += row[i] * row[j];
    }
  }
}
