import { connectedComponents } from "../../core/components.ts";
import type { Box } from "../../core/geometry.ts";
import type { FloatMap } from "../../core/resize.ts";

/** `original` repeats the published code, which leaves the last row and column out of every box; `paper` does not. */
export type BoxCompat = "original" | "paper";

/**
 * The boxes around the connected parts (8 neighbors) of high score: those above `threshold` times the highest, both in
 * steps of 1/255, rounded down.
 *
 * Holes in a part have no boxes of their own, which the published code makes: they lie within the part's.
 *
 * @param scores  [H, W] in [0, 1]
 * @see CLIP-ES and FMA-WSSS, `scoremap2bbox`
 */
export function scoreBoxes(scores: FloatMap, threshold: number, compat: BoxCompat): Box[] {
  const { height, width } = scores;
  // float32 · 255 as there: 0.99999997 is 255.
  const steps = Uint8Array.from(scores.data, (score) => Math.fround(score * 255));
  const limit = Math.trunc(threshold * steps.reduce((a, b) => Math.max(a, b), 0));
  const high = { height, width, data: steps.map((step) => (step > limit ? 1 : 0)) };
  const boxes = connectedComponents(high).components.map(({ box }) => box);
  if (compat === "paper") return boxes;
  return boxes.map(({ x0, y0, x1, y1 }) => ({
    x0,
    y0,
    x1: Math.min(x1, width - 1),
    y1: Math.min(y1, height - 1),
  }));
}

/** [H·W] 1 in the union of the boxes, 0 elsewhere. */
export function markBoxes(scores: FloatMap, threshold: number, compat: BoxCompat): Uint8Array {
  const { height, width } = scores;
  const marks = new Uint8Array(height * width);
  for (const { x0, y0, x1, y1 } of scoreBoxes(scores, threshold, compat))
    for (let i = y0; i < y1; i++) marks.fill(1, i * width + x0, Math.max(i * width + x1, i * width + x0));
  return marks;
}
