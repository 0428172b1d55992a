import type { Canvas } from "./canvas.ts";
import type { Subject } from "./object-painter.ts";
import { rasterize } from "./raster.ts";
import type { Silhouette } from "./silhouette.ts";

/** Notes a subject's pixels in the canvas's truth. A pixel is its own from half coverage on. */
export function claimPixels(canvas: Canvas, subject: Subject, owner: number, firstPart: number): void {
  const { parts, silhouette } = subject;
  const { x0, y0, x1, y1 } = silhouette.window;
  const width = x1 - x0;
  const best = new Float32Array(width * (y1 - y0));
  const winner = new Uint16Array(best.length);
  parts.forEach(({ layers }, index) => {
    for (const { outline } of layers) {
      rasterize(outline, canvas, (row, start, end, coverage) => {
        if (row < y0 || row >= y1) return;
        const base = (row - y0) * width - x0;
        for (let j = Math.max(start, x0); j < Math.min(end, x1); j++) {
          // The front part wins from half coverage on; at a seam, the one that covers more.
          if (coverage[j] < 0.5 && coverage[j] <= best[base + j]) continue;
          best[base + j] = coverage[j];
          winner[base + j] = index;
        }
      });
    }
  });
  for (let i = y0, p = 0; i < y1; i++) {
    for (let at = i * canvas.width + x0; at < i * canvas.width + x1; at++, p++) {
      if (silhouette.coverage[p] < 0.5) continue;
      canvas.owner[at] = owner;
      canvas.part[at] = firstPart + winner[p];
    }
  }
}

/** Pixels of a silhouette that are more inside than outside. */
export function solidPixels({ coverage }: Silhouette): number {
  let count = 0;
  for (let p = 0; p < coverage.length; p++) if (coverage[p] >= 0.5) count++;
  return count;
}

/** How many pixels of each object painted so far a silhouette would hide; index = owner. */
export function hiddenPixels(canvas: Canvas, silhouette: Silhouette, ownerCount: number): Uint32Array {
  const { x0, y0, x1, y1 } = silhouette.window;
  const hidden = new Uint32Array(ownerCount + 1);
  for (let i = y0, p = 0; i < y1; i++)
    for (let at = i * canvas.width + x0; at < i * canvas.width + x1; at++, p++)
      if (silhouette.coverage[p] >= 0.5) hidden[canvas.owner[at]]++;
  return hidden;
}
