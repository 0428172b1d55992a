import type { Size } from "../../../core/geometry.ts";
import type { Rle } from "../../../core/rle.ts";
import { buildRle } from "../../../core/rle-builder.ts";

/**
 * A mask without small holes and islands, or the very mask it was given when it has none. First every 8-connected part of fewer than
 * `minArea` unset pixels is filled, then every such part of set pixels goes; if all are small, the largest stays.
 *
 * As in the original a hole may lie at the border of the picture, and of equally large islands the first in OpenCV's order stays. Works
 * on runs, no picture is made.
 *
 * @see segment-anything, `utils/amg.py`, `remove_small_regions`
 */
export function removeSmallRegions(rle: Rle, minArea: number): Rle {
  return removeIslands(fillHoles(rle, minArea), minArea);
}

export function fillHoles(rle: Rle, minArea: number): Rle {
  const background = partsOf(rle, 0);
  const isKept = background.areas.map((area) => area >= minArea);
  return isKept.every(Boolean) ? rle : complement(maskOf(rle, background, isKept));
}

export function removeIslands(rle: Rle, minArea: number): Rle {
  const islands = partsOf(rle, 1);
  const isKept = islands.areas.map((area) => area >= minArea);
  if (isKept.every(Boolean)) return rle;
  if (!isKept.includes(true)) isKept[largestOf(islands)] = true;
  return maskOf(rle, islands, isKept);
}

/** The runs inside columns of one value, and the 8-connected parts they make. */
interface Parts {
  /** Column-major positions. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The part of each run. */
  readonly parts: Int32Array;
  /** Pixels of each part. */
  readonly areas: readonly number[];
  /** Of each part the first 2×2 block of the picture, row-major: parts never share one, and OpenCV numbers them by it. */
  readonly blocks: readonly number[];
}

function partsOf(rle: Rle, value: 0 | 1): Parts {
  const { starts, ends } = columnRuns(rle, value);
  const { height, width } = rle;
  const roots = joinColumns(starts, ends, height);
  const parts = new Int32Array(starts.length);
  const areas: number[] = [];
  const blocks: number[] = [];
  for (let k = 0; k < starts.length; k++) {
    const root = rootOf(roots, k);
    const part = root === k ? areas.length : parts[root];
    if (root === k) {
      areas.push(0);
      blocks.push(Number.POSITIVE_INFINITY);
    }
    const column = Math.floor(starts[k] / height);
    const row = starts[k] - column * height;
    parts[k] = part;
    areas[part] += ends[k] - starts[k];
    blocks[part] = Math.min(blocks[part], (row >> 1) * width + (column >> 1));
  }
  return { starts, ends, parts, areas, blocks };
}

/** The runs of a value, cut where a column ends. */
function columnRuns(
  { height, width, counts }: Rle,
  value: 0 | 1,
): { readonly starts: Int32Array; readonly ends: Int32Array } {
  const most = (counts.length >> 1) + 1 + width;
  const starts = new Int32Array(most);
  const ends = new Int32Array(most);
  let n = 0;
  for (let k = 0, q = 0; k < counts.length; q += counts[k++]) {
    if (k % 2 !== value) continue;
    const end = q + counts[k];
    for (let start = q; start < end; n++) {
      starts[n] = start;
      ends[n] = Math.min(end, (Math.floor(start / height) + 1) * height);
      start = ends[n];
    }
  }
  return { starts: starts.subarray(0, n), ends: ends.subarray(0, n) };
}

/** For each run one of the same part before it, or itself: runs of neighboring columns are of one part when they touch, also by corners. */
function joinColumns(starts: Int32Array, ends: Int32Array, height: number): Int32Array {
  const roots = Int32Array.from(starts, (_, k) => k);
  let left = 0;
  for (let k = 0; k < starts.length; k++) {
    // Those of the column before, a column further: a run at a column's end does not touch the next one's start.
    const column = Math.floor(starts[k] / height);
    const from = Math.max(starts[k] - 1, column * height) - height;
    const to = Math.min(ends[k] + 1, (column + 1) * height) - height;
    while (left < k && ends[left] <= from) left++;
    for (let a = left; a < k && starts[a] < to; a++) {
      const [rootA, rootK] = [rootOf(roots, a), rootOf(roots, k)];
      roots[Math.max(rootA, rootK)] = Math.min(rootA, rootK);
    }
  }
  return roots;
}

function rootOf(roots: Int32Array, k: number): number {
  let root = k;
  while (roots[root] !== root) {
    roots[root] = roots[roots[root]];
    root = roots[root];
  }
  return root;
}

function largestOf({ areas, blocks }: Parts): number {
  let best = 0;
  for (let part = 1; part < areas.length; part++) {
    const isFirst = areas[part] === areas[best] && blocks[part] < blocks[best];
    if (areas[part] > areas[best] || isFirst) best = part;
  }
  return best;
}

/** The runs of some parts as a mask. */
function maskOf(size: Size, { starts, ends, parts }: Parts, isKept: readonly boolean[]): Rle {
  const builder = buildRle(size);
  for (let k = 0; k < starts.length; k++) if (isKept[parts[k]]) builder.add(starts[k], ends[k]);
  return builder.finish();
}

function complement({ height, width, counts }: Rle): Rle {
  if (counts[0] === 0) return { height, width, counts: counts.slice(1) };
  const shifted = new Uint32Array(counts.length + 1);
  shifted.set(counts, 1);
  return { height, width, counts: shifted };
}
