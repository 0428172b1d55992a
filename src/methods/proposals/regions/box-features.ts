import { type Box, boxArea, boxIou, type Size } from "../../../core/geometry.ts";
import type { PartitionTree } from "./partition-tree.ts";
import { COLOR_BINS, type RegionGraph } from "./region-graph.ts";
import { sumOverLeaves } from "./tree-selection.ts";

/**
 * What tells a fine region of the object from one of its surroundings: how much of it the box holds and how near the middle, whether
 * its colors are those of the middle or those around the box, whether it is part of a region that fills much of the
 * box without leaving it, and whether it is part of the regions that fit the box best.
 */
export const BOX_FEATURE_NAMES = [
  "constant",
  "share inside",
  "off center squared",
  "color likeness",
  "largest region inside",
  "best-fitting regions",
  "log box area",
] as const;

/** The fine regions that have pixels in a box. */
export interface BoxRegions {
  readonly leaves: readonly number[];
  /** Pixels of each in the box, at the size that was worked on. */
  readonly pixels: Float64Array;
  /** [leaves, BOX_FEATURE_NAMES.length] */
  readonly features: Float64Array;
}

/** @param box  inside the picture, in its pixels */
export function boxFeatures(trees: readonly PartitionTree[], box: Box): BoxRegions {
  const { graph } = trees[0];
  const scaled = scaledBox(box, graph.runs, graph.superpixels);
  const { inside, distance } = pixelsInside(graph, scaled);
  const leaves = [...inside.keys()].filter((leaf) => inside[leaf] > 0);
  const colors = colorLikeness(graph, leaves, { inside, distance, around: pixelsAround(graph, scaled) });
  const { largest, fitting } = treeEvidence(trees, scaled, inside);
  const { height, width } = graph.superpixels;
  const logArea = Math.log(boxArea(scaled) / (height * width));
  const rows = leaves.map((leaf) => [
    1,
    inside[leaf] / graph.stats.area[leaf],
    distance[leaf],
    colors[leaf],
    Math.sqrt(Math.min(1, largest[leaf])),
    Math.sqrt(fitting[leaf]),
    logArea,
  ]);
  return {
    leaves,
    pixels: Float64Array.from(leaves, (leaf) => inside[leaf]),
    features: Float64Array.from(rows.flat()),
  };
}

/** For each leaf its pixels in the box, and their mean squared distance from the middle, where a corner has 2. */
function pixelsInside(
  { superpixels: { labels, width, count } }: RegionGraph,
  { x0, y0, x1, y1 }: Box,
): { inside: Float64Array; distance: Float64Array } {
  const inside = new Float64Array(count);
  const distance = new Float64Array(count);
  for (let i = Math.round(y0); i < Math.round(y1); i++) {
    const v = (2 * (i + 0.5 - y0)) / (y1 - y0) - 1;
    for (let j = Math.round(x0), p = i * width + j; j < Math.round(x1); j++, p++) {
      const u = (2 * (j + 0.5 - x0)) / (x1 - x0) - 1;
      inside[labels[p]]++;
      distance[labels[p]] += u * u + v * v;
    }
  }
  for (let leaf = 0; leaf < count; leaf++) if (inside[leaf] > 0) distance[leaf] /= inside[leaf];
  return { inside, distance };
}

/** For each leaf its pixels beside the box, up to a quarter of the box's sides and 3 pixels away. */
function pixelsAround(
  { superpixels: { labels, height, width, count } }: RegionGraph,
  { x0, y0, x1, y1 }: Box,
): Float64Array {
  const around = new Float64Array(count);
  const marginX = (x1 - x0) / 4 + 3;
  const marginY = (y1 - y0) / 4 + 3;
  const [left, right] = [Math.round(x0), Math.round(x1)];
  const [start, end] = [Math.max(0, Math.round(x0 - marginX)), Math.min(width, Math.round(x1 + marginX))];
  for (let i = Math.max(0, Math.round(y0 - marginY)); i < Math.min(height, Math.round(y1 + marginY)); i++) {
    const isBeside = i < Math.round(y0) || i >= Math.round(y1);
    for (let j = start; j < end; j++) if (isBeside || j < left || j >= right) around[labels[i * width + j]]++;
  }
  return around;
}

interface Surroundings {
  readonly inside: Float64Array;
  readonly distance: Float64Array;
  readonly around: Float64Array;
}

/** How much more likely the colors of a leaf are in the middle of the box than around it: the mean log ratio, in [−3, 3]. */
function colorLikeness(
  { stats: { area, colors }, superpixels: { count } }: RegionGraph,
  leaves: readonly number[],
  { inside, distance, around }: Surroundings,
): Float64Array {
  const likeness = new Float64Array(count);
  const middle = colorShares(leaves, (leaf) => inside[leaf] * Math.exp(-1.5 * distance[leaf]));
  const beside = colorShares([...around.keys()], (leaf) => around[leaf]);
  if (beside === null || middle === null) return likeness; // a box that fills the picture has nothing around it
  const ratios = middle.map((share, bin) => Math.log((share + 0.002) / (beside[bin] + 0.002)));
  for (const leaf of leaves) {
    let sum = 0;
    for (let bin = 0; bin < COLOR_BINS; bin++) sum += colors[COLOR_BINS * leaf + bin] * ratios[bin];
    // Each pixel is in three bins: of L, of a, and of b.
    likeness[leaf] = Math.min(3, Math.max(-3, sum / (3 * area[leaf])));
  }
  return likeness;

  function colorShares(ids: readonly number[], weightOf: (leaf: number) => number): Float64Array | null {
    const shares = new Float64Array(COLOR_BINS);
    let total = 0;
    for (const leaf of ids) {
      const weight = weightOf(leaf) / area[leaf];
      if (weight === 0) continue;
      for (let bin = 0; bin < COLOR_BINS; bin++) shares[bin] += weight * colors[COLOR_BINS * leaf + bin];
      total += 3 * weight * area[leaf];
    }
    return total === 0 ? null : shares.map((share) => share / total);
  }
}

/**
 * What the trees say of each leaf. `largest`: the largest region around it of which the box holds nine tenths, as a share of the
 * box, averaged over the trees. `fitting`: of all regions of all trees, weighted steeply by how well they fit the
 * box, the share that holds the leaf.
 */
function treeEvidence(
  trees: readonly PartitionTree[],
  box: Box,
  inside: Float64Array,
): { largest: Float64Array; fitting: Float64Array } {
  const largest = new Float64Array(inside.length);
  const fitting = new Float64Array(inside.length);
  let total = 0;
  for (const tree of trees) {
    const { nodeCount, leafCount, parent } = tree;
    const { area, boxes } = tree.stats;
    const shared = sumOverLeaves(tree, inside);
    const size = new Float64Array(nodeCount);
    const weight = new Float64Array(nodeCount);
    for (let node = nodeCount - 1; node >= 0; node--) {
      if (shared[node] === 0) continue;
      const share = shared[node] / area[node];
      const [x0, y0, x1, y1] = boxes.subarray(4 * node, 4 * node + 4);
      const fit = boxIou({ x0, y0, x1, y1 }, box) * share;
      const own = fit > 0.05 ? Math.expm1(12 * fit) : 0;
      total += own;
      const above = parent[node];
      size[node] = Math.max(share > 0.9 ? area[node] / boxArea(box) : 0, above < 0 ? 0 : size[above]);
      weight[node] = own + (above < 0 ? 0 : weight[above]);
    }
    for (let leaf = 0; leaf < leafCount; leaf++) {
      largest[leaf] += size[leaf] / trees.length;
      fitting[leaf] += weight[leaf];
    }
  }
  if (total > 0) for (let leaf = 0; leaf < fitting.length; leaf++) fitting[leaf] /= total;
  return { largest, fitting };
}

function scaledBox({ x0, y0, x1, y1 }: Box, from: Size, to: Size): Box {
  const x = to.width / from.width;
  const y = to.height / from.height;
  return { x0: x0 * x, y0: y0 * y, x1: x1 * x, y1: y1 * y };
}
