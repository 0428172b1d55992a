import { connectedComponents } from "./components.ts";
import { traceContours } from "./contour.ts";
import { badFormat } from "./error.ts";
import type { Box, Size } from "./geometry.ts";
import { checkSize } from "./limits.ts";
import type { Mask } from "./mask.ts";
import type { Rle } from "./rle.ts";
import { unionRles } from "./rle-algebra.ts";

/** Corners are rounded to fifths of a pixel before edges are drawn. */
const SCALE = 5;
/** Largest coordinate either way, and most pixel columns all edges of a polygon may cross together. */
const MAX_COORDINATE = 1e8;
const MAX_CROSSINGS = 1e8;

/**
 * The mask of one polygon, pixel for pixel as pycocotools draws it (`frPoly`): even-odd, edges as
 * digital lines on a grid five times finer, cut at the center of each pixel column.
 *
 * Where pycocotools walks every fine point of an edge, this computes the one point per column that counts.
 *
 * @param points  x, y, x, y, … in continuous pixels; at least three corners; may leave the picture
 * @param where   what the message names: a file and key
 * @throws MaskwrightError BAD_FORMAT for a size over the limit, fewer corners, an odd length or a wild coordinate
 */
export function polygonToRle(points: ArrayLike<number>, size: Size, where = "polygon"): Rle {
  checkSize(where, size);
  const corners = fineCorners(points, where);
  let total = 0;
  for (let n = 0; n + 2 < corners.length; n += 2) {
    const { first, last } = columnsCrossed(corners[n], corners[n + 2], size.width);
    total += Math.max(0, last - first + 1);
  }
  if (total > MAX_CROSSINGS)
    throw badFormat(where, `edges over at most ${MAX_CROSSINGS} pixel columns`, String(total));
  const crossings = new Uint32Array(total);
  let used = 0;
  for (let n = 0; n + 2 < corners.length; n += 2)
    used = crossEdge(corners.subarray(n, n + 4), size, crossings, used);
  return fillBetween(crossings.sort(), size);
}

/** The union of polygons; an empty mask for none. @throws MaskwrightError BAD_FORMAT as `polygonToRle` */
export function polygonsToRle(polygons: readonly ArrayLike<number>[], size: Size, where = "polygons"): Rle {
  checkSize(where, size);
  if (polygons.length === 0) return fillBetween(new Uint32Array(0), size);
  return unionRles(polygons.map((points, n) => polygonToRle(points, size, `${where}[${n}]`)));
}

/** The mask of a box, which may have fractions and leave the picture, as pycocotools draws it (`frBbox`). */
export function boxToRle({ x0, y0, x1, y1 }: Box, size: Size): Rle {
  return polygonToRle([x0, y0, x0, y1, x1, y1, x1, y0], size, "box");
}

/**
 * COCO polygons of a mask: one for each 8-connected component, by ascending label, along pixel edges.
 *
 * `polygonsToRle` gives back exactly this mask. COCO has no holes, so a hole is joined to the outer
 * ring by a seam that is walked there and back: it encloses nothing, and the polygon's area is the component's.
 */
export function maskToPolygons(mask: Mask): number[][] {
  const { labels } = connectedComponents(mask, { connectivity: 8 });
  const polygons: number[][] = [];
  for (const { points, isHole } of traceContours(mask)) {
    const [x, y] = points; // also the pixel below and right of this corner, which is set
    const label = labels[y * mask.width + x];
    // The outer ring comes first: it starts at the component's first pixel.
    if (isHole) appendHole(polygons[label - 1], points);
    else polygons[label - 1] = [...points];
  }
  return polygons;
}

function appendHole(polygon: number[], hole: readonly number[]): void {
  polygon.push(polygon[0], polygon[1]);
  for (const value of hole) polygon.push(value);
  polygon.push(hole[0], hole[1]);
}

/** Corners in fifths of a pixel, rounded as C does (halves up, then toward zero); the first one again at the end. */
function fineCorners(points: ArrayLike<number>, where: string): Int32Array {
  if (points.length < 6 || points.length % 2 !== 0)
    throw badFormat(where, "x, y of three or more corners", `${points.length} numbers`);
  const corners = new Int32Array(points.length + 2);
  for (let n = 0; n < points.length; n++) {
    if (typeof points[n] !== "number" || !(Math.abs(points[n]) <= MAX_COORDINATE))
      throw badFormat(`${where}[${n}]`, `a number within ±${MAX_COORDINATE}`, String(points[n]));
    corners[n] = Math.trunc(SCALE * points[n] + 0.5);
  }
  corners.copyWithin(points.length, 0, 2);
  return corners;
}

/** The columns of the picture whose center lies between two fine x: from fifth 2 to fifth 3 of the pixel. */
function columnsCrossed(a: number, b: number, width: number): { first: number; last: number } {
  const first = Math.max(0, Math.ceil((Math.min(a, b) - 2) / SCALE));
  const last = Math.min(width - 1, Math.floor((Math.max(a, b) - 3) / SCALE));
  return { first, last };
}

/** Writes the column-major position where each column crosses this edge; returns the number written so far. */
function crossEdge(edge: Int32Array, { height, width }: Size, crossings: Uint32Array, used: number): number {
  let [xs, ys, xe, ye] = edge;
  const dx = Math.abs(xe - xs);
  const dy = Math.abs(ye - ys);
  const isFlat = dx >= dy;
  // Drawn in the direction of the longer axis, so an edge has the same points both ways.
  if (isFlat ? xs > xe : ys > ye) [xs, ys, xe, ye] = [xe, ye, xs, ys];
  const slope = isFlat ? (ye - ys) / dx : (xe - xs) / dy;
  const { first, last } = columnsCrossed(xs, xe, width);
  for (let j = first; j <= last; j++) {
    const u = SCALE * j + 2;
    const v = isFlat ? flatCrossing(u - xs, ys, slope) : ys + steepCrossing(u, xs, slope);
    const y = Math.ceil((v + 0.5) / SCALE - 0.5);
    crossings[used++] = j * height + Math.min(Math.max(y, 0), height);
  }
  return used;
}

/** The upper of the two fine points at steps t and t + 1 of a line that moves one column each step. */
function flatCrossing(t: number, ys: number, slope: number): number {
  return Math.min(Math.trunc(ys + slope * t + 0.5), Math.trunc(ys + slope * (t + 1) + 0.5));
}

/** The last step of a line, which moves one row each step, before it passes from fine column u to u + 1 or back. */
function steepCrossing(u: number, xs: number, slope: number): number {
  const isPast = (t: number): boolean => Math.trunc(xs + slope * t + 0.5) > u === slope > 0;
  // The solution over the reals is right but for rounding.
  let t = Math.ceil((u + 0.5 - xs) / slope);
  while (isPast(t)) t--;
  while (!isPast(t + 1)) t++;
  return t;
}

/** Fills between sorted positions by turns; two at one place cancel. */
function fillBetween(positions: Uint32Array, { height, width }: Size): Rle {
  const end = height * width;
  const counts = new Uint32Array(positions.length + 1);
  let k = 0;
  let start = 0;
  for (let n = 0; n < positions.length; n++) {
    if (positions[n] === positions[n + 1]) {
      n++;
      continue;
    }
    if (positions[n] === end) break;
    counts[k++] = positions[n] - start;
    start = positions[n];
  }
  counts[k++] = end - start;
  return { height, width, counts: counts.slice(0, k) };
}
