import type { Box } from "../core/geometry.ts";
import type { Affine } from "./affine.ts";
import { cosine, sine } from "./scalar.ts";

/**
 * A flat shape: closed contours, each x, y, x, y, …; a point is inside when an odd number of contours
 * goes round it, so a contour within another is a hole.
 */
export type Outline = readonly Float64Array[];

/** A corner or a point on a curve. */
export type Vertex = readonly [x: number, y: number];

/** A point of a limb and half the limb's width there. */
export type Joint = readonly [x: number, y: number, halfWidth: number];

/** Straight sides between the points. */
export function polygon(...points: readonly Vertex[]): Outline {
  return [Float64Array.from(points.flat())];
}

export function rectangle(x0: number, y0: number, x1: number, y1: number): Outline {
  return polygon([x0, y0], [x1, y0], [x1, y1], [x0, y1]);
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
  const corner = (cx: number, cy: number, from: number): Vertex[] =>
    Array.from({ length: steps + 1 }, (_, k) => {
      const angle = from + (0.25 * k) / steps;
      return [cx + radius * cosine(angle), cy + radius * sine(angle)];
    });
  return polygon(
    ...corner(x1 - radius, y1 - radius, 0),
    ...corner(x0 + radius, y1 - radius, 0.25),
    ...corner(x0 + radius, y0 + radius, 0.5),
    ...corner(x1 - radius, y0 + radius, 0.75),
  );
}

/** A closed smooth curve through the points (uniform Catmull–Rom). */
export function smooth(...points: readonly Vertex[]): Outline {
  const count = points.length;
  const steps = 6;
  const curve = new Float64Array(count * steps * 2);
  for (let k = 0, at = 0; k < count; k++) {
    const before = points[(k + count - 1) % count];
    const from = points[k];
    const to = points[(k + 1) % count];
    const after = points[(k + 2) % count];
    for (let s = 0; s < steps; s++) {
      curve[at++] = spline(before[0], from[0], to[0], after[0], s / steps);
      curve[at++] = spline(before[1], from[1], to[1], after[1], s / steps);
    }
  }
  return [curve];
}

function spline(p: number, q: number, s: number, w: number, t: number): number {
  return 0.5 * (2 * q + t * (s - p + t * (2 * p - 5 * q + 4 * s - w + t * (3 * (q - s) + w - p))));
}

/** A limb: a smooth line through the joints, as wide as they say, with round ends. */
export function limb(...joints: readonly Joint[]): Outline {
  const last = joints.length - 1;
  const steps = last === 1 ? 1 : 5;
  const line: Joint[] = [];
  for (let k = 0; k < last; k++) {
    const [before, from, to, after] = [
      joints[Math.max(k - 1, 0)],
      joints[k],
      joints[k + 1],
      joints[Math.min(k + 2, last)],
    ];
    const along = (axis: 0 | 1 | 2, t: number): number =>
      spline(before[axis], from[axis], to[axis], after[axis], t);
    for (let s = 0; s < steps; s++)
      line.push([along(0, s / steps), along(1, s / steps), along(2, s / steps)]);
  }
  return polygon(...thicken([...line, joints[last]]));
}

/** The outline of a line: along one side, round the end, back along the other, round the start. */
function thicken(line: readonly Joint[]): Vertex[] {
  const last = line.length - 1;
  const there: Vertex[] = [];
  const back: Vertex[] = [];
  const ends: Vertex[][] = [];
  line.forEach(([x, y, halfWidth], k) => {
    const from = line[Math.max(k - 1, 0)];
    const to = line[Math.min(k + 1, last)];
    const dx = to[0] - from[0];
    const dy = to[1] - from[1];
    const scale = halfWidth / (Math.sqrt(dx * dx + dy * dy) || 1);
    const ux = dx * scale;
    const uy = dy * scale;
    there.push([x + uy, y - ux]);
    back.unshift([x - uy, y + ux]);
    if (k === 0) ends.push(roundEnd(x, y, -ux, -uy));
    if (k === last) ends.push(roundEnd(x, y, ux, uy));
  });
  return [...there, ...ends[1], ...back, ...ends[0]];
}

/** Three points of the half circle about (x, y) whose middle is at (x + ux, y + uy). */
function roundEnd(x: number, y: number, ux: number, uy: number): Vertex[] {
  const px = (ux + uy) * Math.SQRT1_2;
  const py = (uy - ux) * Math.SQRT1_2;
  return [
    [x + px, y + py],
    [x + ux, y + uy],
    [x - py, y + px],
  ];
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
