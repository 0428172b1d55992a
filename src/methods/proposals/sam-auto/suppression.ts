import type { SamBox } from "../../../core/geometry.ts";

const { fround } = Math;

/**
 * Greedy non-maximum suppression: the indices of boxes that no kept box of a higher score overlaps with an IoU above `maxIou`, by
 * descending score, ties in the order given.
 *
 * Float32 as torchvision, so that a tie with the threshold falls the same way. Boxes are SAM's, one pixel short: those one pixel wide or
 * high have no area, their IoU with another such is NaN, and they are kept.
 *
 * Differs: above 1,000 boxes torchvision sorts what is left once more, and ties come in any order.
 *
 * @see torchvision, `csrc/ops/cpu/nms_kernel.cpp`
 */
export function suppressOverlaps(
  boxes: readonly SamBox[],
  scores: ArrayLike<number>,
  maxIou: number,
): number[] {
  const order = Array.from(boxes.keys()).sort((a, b) => scores[b] - scores[a]);
  const count = order.length;
  const sorted = Float32Array.from(order.flatMap((k) => boxes[k]));
  const areas = new Float32Array(count);
  for (let k = 0, p = 0; k < count; k++, p += 4)
    areas[k] = fround(sorted[p + 2] - sorted[p]) * fround(sorted[p + 3] - sorted[p + 1]);
  const isSuppressed = new Uint8Array(count);
  const kept: number[] = [];
  for (let a = 0; a < count; a++) {
    if (isSuppressed[a] === 1) continue;
    kept.push(order[a]);
    const [x0, y0, x1, y1] = sorted.subarray(4 * a, 4 * a + 4);
    for (let b = a + 1, p = 4 * b; b < count; b++, p += 4) {
      if (isSuppressed[b] === 1) continue;
      const width = Math.max(0, fround(Math.min(x1, sorted[p + 2]) - Math.max(x0, sorted[p])));
      const height = Math.max(0, fround(Math.min(y1, sorted[p + 3]) - Math.max(y0, sorted[p + 1])));
      const shared = fround(width * height);
      const iou = fround(shared / fround(fround(areas[a] + areas[b]) - shared));
      if (iou > maxIou) isSuppressed[b] = 1;
    }
  }
  return kept;
}
