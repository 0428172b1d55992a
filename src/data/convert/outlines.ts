import { traceContours } from "../../core/contour.ts";
import type { Box, Point, Size } from "../../core/geometry.ts";
import { decodeRle } from "../../core/rle.ts";
import type { Annotation } from "./picture.ts";

/**
 * The outlines of an annotation: those it was drawn with when they stay inside the picture, otherwise the rings of its mask
 * along pixel edges, holes among them.
 */
export function outlinesInside(
  { rle, polygons }: Annotation,
  { height, width }: Size,
): readonly (readonly number[])[] {
  const isInside = (points: readonly number[]): boolean =>
    points.every((value, k) => value >= 0 && value <= (k % 2 === 0 ? width : height));
  if (polygons?.length === 1 && polygons.every(isInside)) return polygons;
  return traceContours(decodeRle(rle)).map(({ points }) => points);
}

/**
 * Rings as one outline: each is joined to the first by a seam that is walked there and back, so that it encloses nothing. Drawn
 * even-odd, as `polygonToRle` does, the outline gives the rings' mask.
 */
export function joinRings(rings: readonly (readonly number[])[]): readonly number[] {
  if (rings.length === 1) return rings[0];
  const [x, y] = rings[0];
  const points: number[] = [];
  for (const ring of rings) {
    if (points.length > 0) points.push(x, y);
    for (const value of ring) points.push(value);
    if (points.length > ring.length) points.push(ring[0], ring[1]);
  }
  return points;
}

/** The corners of a box, turned clockwise by an angle in degrees about a point. */
export function boxCorners({ x0, y0, x1, y1 }: Box, angle = 0, about: Point = { x: x0, y: y0 }): number[] {
  const corners = [x0, y0, x1, y0, x1, y1, x0, y1];
  if (angle === 0) return corners;
  const [sin, cos] = [Math.sin((angle * Math.PI) / 180), Math.cos((angle * Math.PI) / 180)];
  return corners.map((value, k) => {
    const dx = (k % 2 === 0 ? value : corners[k - 1]) - about.x;
    const dy = (k % 2 === 0 ? corners[k + 1] : value) - about.y;
    return k % 2 === 0 ? about.x + dx * cos - dy * sin : about.y + dx * sin + dy * cos;
  });
}
