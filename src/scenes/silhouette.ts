import type { Box, Size } from "../core/geometry.ts";
import { encodeRle, type Rle } from "../core/rle.ts";
import { boundsOf, type Outline } from "./outline.ts";
import { rasterize } from "./raster.ts";

/** Coverage of a set of shapes within a window of the picture, row-major. */
export interface Silhouette {
  /** Whole pixels, within the picture. */
  readonly window: Box;
  readonly coverage: Float32Array;
}

/** The shapes' common coverage, or null when all of it lies outside the picture. Seams between shapes that touch close. */
export function silhouetteOf(outlines: readonly Outline[], size: Size, margin = 0): Silhouette | null {
  const window = windowOf(outlines, size, margin);
  if (window === null) return null;
  const { x0, y0, x1, y1 } = window;
  const width = x1 - x0;
  const coverage = new Float32Array(width * (y1 - y0));
  for (const outline of outlines) {
    rasterize(outline, size, (row, start, end, covered) => {
      const base = (row - y0) * width - x0;
      for (let j = start; j < end; j++) coverage[base + j] = Math.min(1, coverage[base + j] + covered[j]);
    });
  }
  return { window, coverage };
}

function windowOf(outlines: readonly Outline[], { height, width }: Size, margin: number): Box | null {
  const { x0, y0, x1, y1 } = boundsOf(outlines);
  const window = {
    x0: Math.max(0, Math.floor(x0) - margin),
    y0: Math.max(0, Math.floor(y0) - margin),
    x1: Math.min(width, Math.ceil(x1) + margin),
    y1: Math.min(height, Math.ceil(y1) + margin),
  };
  return window.x1 > window.x0 && window.y1 > window.y0 ? window : null;
}

/** Softens a silhouette in place: two passes of a running mean of 2 · radius + 1 pixels each way, close to a Gaussian. */
export function blurSilhouette({ window, coverage }: Silhouette, radius: number): void {
  if (radius < 1) return;
  const width = window.x1 - window.x0;
  const height = window.y1 - window.y0;
  const line = new Float32Array(Math.max(width, height));
  for (let pass = 0; pass < 2; pass++) {
    for (let i = 0; i < height; i++) runningMean(coverage, i * width, 1, width, radius, line);
    for (let j = 0; j < width; j++) runningMean(coverage, j, width, height, radius, line);
  }
}

function runningMean(
  data: Float32Array,
  start: number,
  stride: number,
  count: number,
  radius: number,
  line: Float32Array,
): void {
  let sum = 0;
  for (let k = 0; k < Math.min(radius, count); k++) sum += data[start + k * stride];
  const share = 1 / (2 * radius + 1);
  for (let k = 0; k < count; k++) {
    if (k + radius < count) sum += data[start + (k + radius) * stride];
    if (k - radius > 0) sum -= data[start + (k - radius - 1) * stride];
    line[k] = sum * share;
  }
  for (let k = 0; k < count; k++) data[start + k * stride] = line[k];
}

/** The picture's pixels that a silhouette covers at least half. */
export function silhouetteRle({ window, coverage }: Silhouette, { height, width }: Size): Rle {
  const { x0, y0, x1, y1 } = window;
  const data = new Uint8Array(height * width);
  for (let i = y0, p = 0; i < y1; i++)
    for (let j = x0; j < x1; j++, p++) if (coverage[p] >= 0.5) data[i * width + j] = 1;
  return encodeRle({ height, width, data });
}
