import type { Size } from "../core/geometry.ts";
import type { Outline } from "./outline.ts";

/**
 * Called once a row a shape touches: `coverage[j]`, for start ≤ j < end, is the share of pixel (row, j)
 * inside the shape. The array is used again for the next row.
 */
export type RowVisitor = (row: number, start: number, end: number, coverage: Float64Array) => void;

/** Lines sampled a row; along a line the covered share of a pixel is exact. */
const LINES = 4;

/**
 * Walks a shape's pixels row by row with their coverage: even-odd rule, the part inside the picture only.
 */
export function rasterize(outline: Outline, { height, width }: Size, visit: RowVisitor): void {
  const edges = collectEdges(outline, height);
  const active: Edge[] = [];
  const crossings = new Float64Array(edges.length);
  const steps = new Float64Array(width + 2);
  const coverage = new Float64Array(width);
  let entering = 0;
  let start = width;
  let end = 0;
  const firstLine = edges.length === 0 ? 0 : edges[0].first;
  for (let line = firstLine; entering < edges.length || active.length > 0; line++) {
    while (entering < edges.length && edges[entering].first <= line) active.push(edges[entering++]);
    let count = 0;
    for (let k = active.length - 1; k >= 0; k--) {
      if (active[k].end > line) crossings[count++] = active[k].x + active[k].slope * (line - active[k].first);
      else active.splice(k, 1);
    }
    sortFirst(crossings, count);
    for (let k = 0; k + 1 < count; k += 2) {
      const from = Math.min(Math.max(crossings[k], 0), width);
      const to = Math.min(Math.max(crossings[k + 1], 0), width);
      if (to <= from) continue;
      addStep(steps, from, 1 / LINES);
      addStep(steps, to, -1 / LINES);
      start = Math.min(start, Math.floor(from));
      end = Math.max(end, Math.ceil(to));
    }
    const isLastOfRow = line % LINES === LINES - 1;
    if ((isLastOfRow || (entering === edges.length && active.length === 0)) && end > start) {
      integrate(steps, start, end, coverage);
      visit(Math.floor(line / LINES), start, end, coverage);
      start = width;
      end = 0;
    }
  }
}

/** A side of a contour, in sample lines: it crosses lines first ≤ line < end, at x on the first. */
interface Edge {
  readonly first: number;
  readonly end: number;
  readonly x: number;
  readonly slope: number;
}

function collectEdges(outline: Outline, height: number): Edge[] {
  const edges: Edge[] = [];
  for (const points of outline) {
    const length = points.length;
    for (let k = 0; k < length; k += 2) {
      const next = k + 2 < length ? k + 2 : 0;
      // Sample line n lies at y = (n + 0.5) / LINES.
      const ya = points[k + 1] * LINES - 0.5;
      const yb = points[next + 1] * LINES - 0.5;
      const first = Math.max(0, Math.ceil(Math.min(ya, yb)));
      const end = Math.min(height * LINES, Math.ceil(Math.max(ya, yb)));
      if (end <= first) continue;
      const slope = (points[next] - points[k]) / (yb - ya);
      edges.push({ first, end, x: points[k] + slope * (first - ya), slope });
    }
  }
  return edges.sort((p, q) => p.first - q.first);
}

/** Insertion sort of the first `count` numbers: they are few and nearly in order. */
function sortFirst(values: Float64Array, count: number): void {
  for (let k = 1; k < count; k++) {
    const value = values[k];
    let at = k;
    for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
    values[at] = value;
  }
}

/** Records that coverage rises by `height` at x; the pixel that holds x gets the share to its right. */
function addStep(steps: Float64Array, x: number, height: number): void {
  const j = Math.floor(x);
  steps[j] += (j + 1 - x) * height;
  steps[j + 1] += (x - j) * height;
}

/** Running sums of the recorded steps, which are cleared for the next row. */
function integrate(steps: Float64Array, start: number, end: number, coverage: Float64Array): void {
  let sum = 0;
  for (let j = start; j < end; j++) {
    sum += steps[j];
    coverage[j] = Math.min(Math.max(sum, 0), 1);
    steps[j] = 0;
  }
  steps[end] = 0;
  steps[end + 1] = 0;
}
