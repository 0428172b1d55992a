import { borderDepths } from "../core/border-depth.ts";
import type { Box, Point, Size } from "../core/geometry.ts";
import { idsToRles, type Rle, rleArea, rleBox } from "../core/rle.ts";
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
 */
export function regionsOf(ids: Int32Array, size: Size, count: number): (Region | null)[] {
  const points = deepPixels(ids, size, count);
  return idsToRles(ids, size, count + 1)
    .slice(1)
    .map((mask, k) => {
      const box = mask === null ? null : rleBox(mask);
      if (mask === null || box === null) return null;
      const column = points[k] % size.width;
      const point = { x: column + 0.5, y: (points[k] - column) / size.width + 0.5 };
      return { mask, area: rleArea(mask), box, point };
    });
}

/** Per id, a pixel far from the id's border by city-block distance, a little scattered as a hand's clicks are. */
function deepPixels(ids: Int32Array, { height, width }: Size, count: number): Uint32Array {
  const depth = borderDepths(ids, { height, width });
  const best = new Float64Array(count + 1);
  const points = new Uint32Array(count);
  for (let i = height - 1, p = depth.length - 1; i >= 0; i--) {
    for (let j = width - 1; j >= 0; j--, p--) {
      const id = ids[p];
      const score = depth[p] * (192 + (hash(j, i, id) & 63));
      if (id > 0 && score > best[id]) {
        best[id] = score;
        points[id - 1] = p;
      }
    }
  }
  return points;
}
