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
  const { first, second, weights } = gridEdges(planes, size);
  const order = sortedByWeight(weights);
  const pixels = size.height * size.width;
  const parent = Int32Array.from({ length: pixels }, (_, p) => p);
  const area = new Int32Array(pixels).fill(1);
  const limit = new Float32Array(pixels).fill(scale);
  for (let k = 0; k < order.length; k++) {
    const e = order[k];
    const a = findRoot(parent, first[e]);
    const b = findRoot(parent, second[e]);
    const weight = weights[e];
    if (a === b || weight > limit[a] || weight > limit[b]) continue;
    parent[b] = a;
    area[a] += area[b];
    limit[a] = weight + scale / area[a];
  }
  for (let k = 0; k < order.length; k++) {
    const a = findRoot(parent, first[order[k]]);
    const b = findRoot(parent, second[order[k]]);
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

interface GridEdges {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weights: Float32Array;
}

/** The edges from each pixel to its right, lower left, lower and lower right neighbor; the weight is their distance in Lab. */
function gridEdges({ L, a, b }: LabPlanes, { height, width }: Size): GridEdges {
  const capacity = 4 * height * width;
  const first = new Int32Array(capacity);
  const second = new Int32Array(capacity);
  const weights = new Float32Array(capacity);
  let count = 0;
  const add = (p: number, q: number): void => {
    first[count] = p;
    second[count] = q;
    const dL = L[p] - L[q];
    const da = a[p] - a[q];
    const db = b[p] - b[q];
    weights[count++] = Math.sqrt(dL * dL + da * da + db * db);
  };
  for (let i = 0, p = 0; i < height; i++) {
    for (let j = 0; j < width; j++, p++) {
      const hasRight = j + 1 < width;
      if (hasRight) add(p, p + 1);
      if (i + 1 === height) continue;
      if (j > 0) add(p, p + width - 1);
      add(p, p + width);
      if (hasRight) add(p, p + width + 1);
    }
  }
  return {
    first: first.subarray(0, count),
    second: second.subarray(0, count),
    weights: weights.subarray(0, count),
  };
}

/** Positions of the weights in ascending order, in steps of 0.01: a counting sort, so that equals keep their order. */
function sortedByWeight(weights: Float32Array): Int32Array {
  const steps = Uint16Array.from(weights, (weight) => 100 * weight); // distances in Lab stay below 400
  const next = new Int32Array(2 ** 16 + 1);
  for (let e = 0; e < steps.length; e++) next[steps[e] + 1]++;
  for (let step = 0; step < 2 ** 16; step++) next[step + 1] += next[step];
  const order = new Int32Array(weights.length);
  for (let e = 0; e < steps.length; e++) order[next[steps[e]]++] = e;
  return order;
}
