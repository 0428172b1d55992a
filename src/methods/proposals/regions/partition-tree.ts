import { type Criterion, dissimilarity } from "./criterion.ts";
import { edgeQueue } from "./edge-queue.ts";
import { COLOR_BINS, emptyStats, type RegionGraph, type RegionStats, TEXTURE_BINS } from "./region-graph.ts";

/**
 * A binary partition tree: nodes 0..leafCount−1 are the finest regions, each later node is the union of two earlier
 * ones that touch, the last is the whole picture.
 */
export interface PartitionTree {
  readonly graph: RegionGraph;
  readonly leafCount: number;
  /** 2·leafCount − 1. */
  readonly nodeCount: number;
  /** −1 for the root. */
  readonly parent: Int32Array;
  /** [nodeCount, 2]; −1 for leaves. */
  readonly children: Int32Array;
  /** How much the two children differ, or a pair below them if that is more, so never less than a child's own: 0 for leaves. */
  readonly heights: Float64Array;
  readonly stats: RegionStats;
  /** Sum of the color gradient over the perimeter. */
  readonly strengths: Float64Array;
  /** The leaves in an order in which the leaves of every node stand side by side … */
  readonly leafOrder: Int32Array;
  /** … from here … */
  readonly leafStart: Int32Array;
  /** … to before here. */
  readonly leafEnd: Int32Array;
}

/**
 * Merges the two regions that differ least, again and again, until one is left.
 *
 * Of pairs that differ equally, the one that came to touch first is merged first.
 */
export function mergeRegions(graph: RegionGraph, criterion: Criterion): PartitionTree {
  const { superpixels } = graph;
  const leafCount = superpixels.count;
  const nodeCount = 2 * leafCount - 1;
  const pixels = superpixels.height * superpixels.width;
  const stats = grownStats(graph.stats, nodeCount);
  const strengths = new Float64Array(nodeCount);
  const parent = new Int32Array(nodeCount).fill(-1);
  const children = new Int32Array(2 * nodeCount).fill(-1);
  const heights = new Float64Array(nodeCount);

  const a = Array.from(graph.edges.a);
  const b = Array.from(graph.edges.b);
  const length = Array.from(graph.edges.lengths);
  const strength = Array.from(graph.edges.strengths);
  const difference: number[] = [];
  const neighbors = Array.from({ length: nodeCount }, () => new Map<number, number>()); // node → edge
  const queue = edgeQueue();
  const connect = (e: number): void => {
    neighbors[a[e]].set(b[e], e);
    neighbors[b[e]].set(a[e], e);
    const contour = { length: length[e], strength: strength[e] };
    difference[e] = dissimilarity(criterion, stats, a[e], b[e], contour, pixels);
    queue.push(e, difference[e]);
  };
  for (let e = 0; e < a.length; e++) {
    strengths[a[e]] += strength[e];
    strengths[b[e]] += strength[e];
    connect(e);
  }

  for (let node = leafCount; node < nodeCount; node++) {
    let e = queue.pop();
    while (parent[a[e]] >= 0 || parent[b[e]] >= 0) e = queue.pop();
    const pair = [a[e], b[e]];
    heights[node] = Math.max(difference[e], heights[a[e]], heights[b[e]]);
    addStats(stats, node, a[e], b[e], length[e]);
    strengths[node] = strengths[a[e]] + strengths[b[e]] - 2 * strength[e];
    children.set(pair, 2 * node);
    parent[a[e]] = node;
    parent[b[e]] = node;
    const joined = new Map<number, number>();
    for (const child of pair) {
      for (const [other, old] of neighbors[child]) {
        if (parent[other] >= 0) continue;
        let merged = joined.get(other);
        if (merged === undefined) {
          merged = a.length;
          joined.set(other, merged);
          a.push(other);
          b.push(node);
          length.push(0);
          strength.push(0);
        }
        length[merged] += length[old];
        strength[merged] += strength[old];
      }
      neighbors[child].clear();
    }
    for (const merged of joined.values()) connect(merged);
  }
  const links = { leafCount, nodeCount, parent, children };
  return { graph, ...links, heights, stats, strengths, ...orderLeaves(links) };
}

function grownStats(leaves: RegionStats, count: number): RegionStats {
  const stats = emptyStats(count);
  for (const key of Object.keys(stats) as (keyof RegionStats)[]) stats[key].set(leaves[key]);
  return stats;
}

/** Writes the statistics of the union of two regions that share `length` sides. */
function addStats(stats: RegionStats, node: number, a: number, b: number, length: number): void {
  const { area, color, colors, textures, boxes, perimeter, border } = stats;
  area[node] = area[a] + area[b];
  perimeter[node] = perimeter[a] + perimeter[b] - 2 * length;
  border[node] = border[a] + border[b];
  for (let k = 0; k < 3; k++) color[3 * node + k] = color[3 * a + k] + color[3 * b + k];
  for (let k = 0; k < COLOR_BINS; k++)
    colors[COLOR_BINS * node + k] = colors[COLOR_BINS * a + k] + colors[COLOR_BINS * b + k];
  for (let k = 0; k < TEXTURE_BINS; k++)
    textures[TEXTURE_BINS * node + k] = textures[TEXTURE_BINS * a + k] + textures[TEXTURE_BINS * b + k];
  for (let k = 0; k < 2; k++) {
    boxes[4 * node + k] = Math.min(boxes[4 * a + k], boxes[4 * b + k]);
    boxes[4 * node + 2 + k] = Math.max(boxes[4 * a + 2 + k], boxes[4 * b + 2 + k]);
  }
}

/** Depth first, left child before right. */
function orderLeaves({
  leafCount,
  nodeCount,
  children,
}: Pick<PartitionTree, "leafCount" | "nodeCount" | "children">): Pick<
  PartitionTree,
  "leafOrder" | "leafStart" | "leafEnd"
> {
  const leafOrder = new Int32Array(leafCount);
  const leafStart = new Int32Array(nodeCount);
  const leafEnd = new Int32Array(nodeCount);
  // From the root down: each node's leaves follow its start, the left child's first.
  const leaves = new Int32Array(nodeCount).fill(1);
  for (let node = leafCount; node < nodeCount; node++)
    leaves[node] = leaves[children[2 * node]] + leaves[children[2 * node + 1]];
  for (let node = nodeCount - 1; node >= 0; node--) {
    leafEnd[node] = leafStart[node] + leaves[node];
    if (node < leafCount) {
      leafOrder[leafStart[node]] = node;
      continue;
    }
    leafStart[children[2 * node]] = leafStart[node];
    leafStart[children[2 * node + 1]] = leafStart[node] + leaves[children[2 * node]];
  }
  return { leafOrder, leafStart, leafEnd };
}
