import type { Box } from "../core/geometry.ts";
import type { Affine } from "./affine.ts";
import { cosine, sine } from "./scalar.ts";

/**
 * A flat shape: closed contours, each x, y, x, y, …; a point is inside when an odd number of contours
 * goes round it, so a contour within another is a hole.
 */
export type Outline = readonly Float64Array[];

/** Straight sides between the points given as x, y, x, y, … */
export function polygon(...points: readonly number[]): Outline {
  return [Float64Array.from(points)];
}

export function rectangle(x0: number, y0: number, x1: number, y1: number): Outline {
  return polygon(x0, y0, x1, y0, x1, y1, x0, y1);
}

export function ellipse(cx: number, cy: number, rx: number, ry: number = rx): Outline {
  const count = 36;
  const points = new Float64Array(count * 2);
  for (let k = 0; k < count; k++) {
    points[k * 2] = cx + rx * cosine(k / count);
    points[k * 2 + 1] = cy + ry * sine(k / count);
  }
  return [points];
}

/** A rectangle whose corners are quarter circles. */
export function roundedBox(x0: number, y0: number, x1: number, y1: number, radius: number): Outline {
  const steps = 5;
  const points: number[] = [];
  const corner = (cx: number, cy: number, from: number): void => {
    for (let k = 0; k <= steps; k++) {
      const angle = from + (0.25 * k) / steps;
      points.push(cx + radius * cosine(angle), cy + radius * sine(angle));
    }
  };
  corner(x1 - radius, y1 - radius, 0);
  corner(x0 + radius, y1 - radius, 0.25);
  corner(x0 + radius, y0 + radius, 0.5);
  corner(x1 - radius, y0 + radius, 0.75);
  return [Float64Array.from(points)];
}

/** A closed smooth curve through the points given as x, y, x, y, … (uniform Catmull–Rom). */
export function smooth(...points: readonly number[]): Outline {
  const count = points.length / 2;
  const steps = 6;
  const curve = new Float64Array(count * steps * 2);
  for (let k = 0, at = 0; k < count; k++) {
    const before = ((k + count - 1) % count) * 2;
    const from = k * 2;
    const to = ((k + 1) % count) * 2;
    const after = ((k + 2) % count) * 2;
    for (let s = 0; s < steps; s++) {
      const t = s / steps;
      curve[at++] = spline(points[before], points[from], points[to], points[after], t);
      curve[at++] = spline(points[before + 1], points[from + 1], points[to + 1], points[after + 1], t);
    }
  }
  return [curve];
}

function spline(p: number, q: number, s: number, w: number, t: number): number {
  return 0.5 * (2 * q + t * (s - p + t * (2 * p - 5 * q + 4 * s - w + t * (3 * (q - s) + w - p))));
}

/** A limb: a line through the points given as x, y, half width, …, smooth, with round ends. */
export function limb(...points: readonly number[]): Outline {
  const count = points.length / 3;
  const steps = count === 2 ? 1 : 5;
  const at = (k: number, axis: number): number => points[Math.min(Math.max(k, 0), count - 1) * 3 + axis];
  const line: number[] = [];
  for (let k = 0; k < count - 1; k++) {
    for (let s = 0; s < steps; s++) {
      for (let axis = 0; axis < 3; axis++)
        line.push(spline(at(k - 1, axis), at(k, axis), at(k + 1, axis), at(k + 2, axis), s / steps));
    }
  }
  line.push(at(count - 1, 0), at(count - 1, 1), at(count - 1, 2));
  return [thicken(line)];
}

/** The outline of a line of x, y, half width: along one side, round the end, back along the other, round the start. */
function thicken(line: readonly number[]): Float64Array {
  const last = line.length / 3 - 1;
  const there: number[] = [];
  const back: number[] = [];
  const ends: number[][] = [];
  for (let k = 0; k <= last; k++) {
    const from = Math.max(k - 1, 0) * 3;
    const to = Math.min(k + 1, last) * 3;
    const dx = line[to] - line[from];
    const dy = line[to + 1] - line[from + 1];
    const scale = line[k * 3 + 2] / (Math.sqrt(dx * dx + dy * dy) || 1);
    const ux = dx * scale;
    const uy = dy * scale;
    const x = line[k * 3];
    const y = line[k * 3 + 1];
    there.push(x + uy, y - ux);
    back.unshift(x - uy, y + ux);
    if (k === 0) ends.push(roundEnd(x, y, -ux, -uy));
    if (k === last) ends.push(roundEnd(x, y, ux, uy));
  }
  return Float64Array.from([...there, ...ends[1], ...back, ...ends[0]]);
}

/** Three points of the half circle about (x, y) whose middle is at (x + ux, y + uy). */
function roundEnd(x: number, y: number, ux: number, uy: number): number[] {
  const px = (ux + uy) * Math.SQRT1_2;
  const py = (uy - ux) * Math.SQRT1_2;
  return [x + px, y + py, x + ux, y + uy, x - py, y + px];
}

/** The shape with its contours moved by an affine map. */
export function transformOutline(outline: Outline, { a, b, c, d, e, f }: Affine): Outline {
  return outline.map((points) => {
    const moved = new Float64Array(points.length);
    for (let k = 0; k < points.length; k += 2) {
      const x = points[k];
      const y = points[k + 1];
      moved[k] = a * x + c * y + e;
      moved[k + 1] = b * x + d * y + f;
    }
    return moved;
  });
}

/** The smallest box around shapes; empty shapes give an inverted box of infinities. */
export function boundsOf(outlines: readonly Outline[]): Box {
  let x0 = Number.POSITIVE_INFINITY;
  let y0 = Number.POSITIVE_INFINITY;
  let x1 = Number.NEGATIVE_INFINITY;
  let y1 = Number.NEGATIVE_INFINITY;
  for (const outline of outlines) {
    for (const points of outline) {
      for (let k = 0; k < points.length; k += 2) {
        x0 = Math.min(x0, points[k]);
        x1 = Math.max(x1, points[k]);
        y0 = Math.min(y0, points[k + 1]);
        y1 = Math.max(y1, points[k + 1]);
      }
    }
  }
  return { x0, y0, x1, y1 };
}
