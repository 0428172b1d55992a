import type { Size } from "../../../core/geometry.ts";
import type { LabPlanes } from "./color.ts";

/** A partition of a picture: [H·W] region ids 0..count−1, numbered by their first pixel in reading order. */
export interface Superpixels extends Size {
  readonly labels: Int32Array;
  readonly count: number;
}

export interface FelzenszwalbOptions {
  /** k, in Lab units × pixels: larger values make larger regions. */
  readonly scale: number;
  /** Smaller regions are joined to the neighbor of the most similar color, pixels. */
  readonly minArea: number;
}

/**
 * Regions of similar color: pixels are joined along ever heavier edges of the 8-neighbor grid, as long as an edge is no heavier
 * than the heaviest edge inside each of the two regions plus k over its area.
 *
 * Edges of equal weight, in steps of 0.01 Lab units, are taken in reading order.
 *
 * @param planes  smoothed Lab of that size
 * @see Felzenszwalb and Huttenlocher 2004, "Efficient Graph-Based Image Segmentation", sections 3 and 4
 */
export function felzenszwalb(
  planes: LabPlanes,
  size: Size,
  { scale, minArea }: FelzenszwalbOptions,
): Superpixels {
  const weights = gridWeights(planes, size);
  const order = sortedByWeight(weights);
  const offsets = neighborOffsets(size);
  const pixels = size.height * size.width;
  const parent = new Int32Array(pixels);
  for (let p = 0; p < pixels; p++) parent[p] = p;
  const area = new Int32Array(pixels).fill(1);
  const limit = new Float32Array(pixels).fill(scale);
  let leftCount = 0; // edges that joined nothing, moved to the front of `order`
  for (let k = 0; k < order.length; k++) {
    const e = order[k];
    const a = findRoot(parent, e >> 2);
    const b = findRoot(parent, (e >> 2) + offsets[e & 3]);
    if (a === b) continue;
    const weight = weights[e];
    if (weight > limit[a] || weight > limit[b]) {
      order[leftCount++] = e;
      continue;
    }
    parent[b] = a;
    area[a] += area[b];
    limit[a] = weight + scale / area[a];
  }
  for (let k = 0; k < leftCount; k++) {
    const a = findRoot(parent, order[k] >> 2);
    const b = findRoot(parent, (order[k] >> 2) + offsets[order[k] & 3]);
    if (a === b || Math.min(area[a], area[b]) >= minArea) continue;
    parent[b] = a;
    area[a] += area[b];
  }
  return numbered(parent, size);
}

/** The root of p's tree; every other node on the way is hung one step higher. */
function findRoot(parent: Int32Array, p: number): number {
  while (parent[p] !== p) {
    parent[p] = parent[parent[p]];
    p = parent[p];
  }
  return p;
}

function numbered(parent: Int32Array, { height, width }: Size): Superpixels {
  const labels = new Int32Array(parent.length);
  const idOfRoot = new Int32Array(parent.length).fill(-1);
  let count = 0;
  for (let p = 0; p < parent.length; p++) {
    const root = findRoot(parent, p);
    if (idOfRoot[root] < 0) idOfRoot[root] = count++;
    labels[p] = idOfRoot[root];
  }
  return { height, width, labels, count };
}

/** From a pixel to its right, lower left, lower and lower right neighbor: edge 4·p + d leads from p to p + offsets[d]. */
function neighborOffsets({ width }: Size): readonly number[] {
  return [1, width - 1, width, width + 1];
}

/** The distance in Lab over every edge of the grid, [4·H·W]; −1 for edges that leave the picture. */
function gridWeights({ L, a, b }: LabPlanes, { height, width }: Size): Float32Array {
  const weights = new Float32Array(4 * height * width);
  const offsets = neighborOffsets({ height, width });
  for (let i = 0, p = 0; i < height; i++) {
    const isLast = i + 1 === height;
    for (let j = 0; j < width; j++, p++) {
      for (let d = 0; d < 4; d++) {
        const leaves = (d > 0 && isLast) || (d === 1 ? j === 0 : d !== 2 && j + 1 === width);
        if (leaves) {
          weights[4 * p + d] = -1;
          continue;
        }
        const q = p + offsets[d];
        const dL = L[p] - L[q];
        const da = a[p] - a[q];
        const db = b[p] - b[q];
        weights[4 * p + d] = Math.sqrt(dL * dL + da * da + db * db);
      }
    }
  }
  return weights;
}

/** The edges in ascending order of weight, in steps of 0.01: a counting sort, so that equals keep their order. */
function sortedByWeight(weights: Float32Array): Int32Array {
  const next = new Int32Array(2 ** 16); // distances in Lab stay below 400, so steps below 40,000
  let count = 0;
  for (let e = 0; e < weights.length; e++) {
    if (weights[e] < 0) continue;
    next[((100 * weights[e]) | 0) + 1]++;
    count++;
  }
  for (let step = 1; step < next.length; step++) next[step] += next[step - 1];
  const order = new Int32Array(count);
  for (let e = 0; e < weights.length; e++) if (weights[e] >= 0) order[next[(100 * weights[e]) | 0]++] = e;
  return order;
}
