import type { Box, Point, Size } from "../core/geometry.ts";
import type { Rle } from "../core/rle.ts";
import { hash } from "./noise.ts";

/** The pixels of one id. */
export interface Region {
  readonly mask: Rle;
  readonly area: number;
  readonly box: Box;
  /** Center of a pixel well inside. */
  readonly point: Point;
}

/**
 * The pixels of each id 1 to `count` of a map [H, W]; result[k] belongs to id k + 1, null when it has no pixel.
 * All ids take one pass each over the map, however many there are.
 */
export function regionsOf(ids: Uint16Array, size: Size, count: number): (Region | null)[] {
  const { height, width } = size;
  const runs = collectRuns(ids, size, count);
  const points = deepPixels(ids, size, count);
  return runs.map((starts, k) => {
    if (starts.length === 0) return null;
    const p = points[k];
    return {
      mask: { height, width, counts: countsOf(starts, height * width) },
      ...extentOf(starts, height),
      point: { x: (p % width) + 0.5, y: Math.floor(p / width) + 0.5 },
    };
  });
}

/** Per id: first and one-past-last position of each run, in column-major order. */
function collectRuns(ids: Uint16Array, { height, width }: Size, count: number): number[][] {
  const runs: number[][] = Array.from({ length: count }, () => []);
  let id = 0;
  let position = 0;
  for (let j = 0; j < width; j++) {
    for (let i = 0, p = j; i < height; i++, p += width, position++) {
      if (ids[p] === id) continue;
      if (id > 0) runs[id - 1].push(position);
      id = ids[p];
      if (id > 0) runs[id - 1].push(position);
    }
  }
  if (id > 0) runs[id - 1].push(position);
  return runs;
}

/** Run lengths, zeros first, of runs given as start, end, start, end, … */
function countsOf(runs: readonly number[], pixelCount: number): Uint32Array {
  const last = runs[runs.length - 1];
  const counts = new Uint32Array(runs.length + (last < pixelCount ? 1 : 0));
  let before = 0;
  for (let k = 0; k < runs.length; k++) {
    counts[k] = runs[k] - before;
    before = runs[k];
  }
  if (last < pixelCount) counts[runs.length] = pixelCount - last;
  return counts;
}

function extentOf(runs: readonly number[], height: number): { area: number; box: Box } {
  let area = 0;
  let y0 = height;
  let y1 = 0;
  for (let k = 0; k < runs.length; k += 2) {
    const last = runs[k + 1] - 1;
    area += runs[k + 1] - runs[k];
    if (Math.floor(runs[k] / height) !== Math.floor(last / height)) {
      // A run that goes on in the next column touches the bottom of one and the top of the other.
      y0 = 0;
      y1 = height;
    } else {
      y0 = Math.min(y0, runs[k] % height);
      y1 = Math.max(y1, (last % height) + 1);
    }
  }
  const x0 = Math.floor(runs[0] / height);
  const x1 = Math.floor((runs[runs.length - 1] - 1) / height) + 1;
  return { area, box: { x0, y0, x1, y1 } };
}

/** Per id, a pixel far from the id's border by city-block distance, a little scattered as a hand's clicks are. */
function deepPixels(ids: Uint16Array, { height, width }: Size, count: number): Uint32Array {
  const depth = new Uint16Array(height * width);
  for (let i = 0, p = 0; i < height; i++) {
    for (let j = 0; j < width; j++, p++) {
      const left = j > 0 && ids[p - 1] === ids[p] ? depth[p - 1] : 0;
      const above = i > 0 && ids[p - width] === ids[p] ? depth[p - width] : 0;
      depth[p] = Math.min(left, above, 0xfffe) + 1;
    }
  }
  const best = new Float64Array(count + 1);
  const points = new Uint32Array(count);
  for (let i = height - 1, p = depth.length - 1; i >= 0; i--) {
    for (let j = width - 1; j >= 0; j--, p--) {
      const id = ids[p];
      const right = j + 1 < width && ids[p + 1] === id ? depth[p + 1] : 0;
      const below = i + 1 < height && ids[p + width] === id ? depth[p + width] : 0;
      depth[p] = Math.min(depth[p], right + 1, below + 1);
      const score = depth[p] * (192 + (hash(j, i, id) & 63));
      if (id > 0 && score > best[id]) {
        best[id] = score;
        points[id - 1] = p;
      }
    }
  }
  return points;
}
