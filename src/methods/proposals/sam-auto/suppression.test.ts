import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SamBox } from "../../../core/geometry.ts";
import { suppressOverlaps } from "./suppression.ts";

describe("suppressOverlaps", () => {
  it("keeps nothing of nothing", () => {
    expect(suppressOverlaps([], [], 0.5)).toEqual([]);
  });

  it("keeps the best of boxes that overlap, by descending score", () => {
    const boxes: SamBox[] = [
      [0, 0, 10, 10],
      [20, 0, 30, 10],
      [0, 0, 10, 9],
    ];
    expect(suppressOverlaps(boxes, [0.5, 0.9, 0.7], 0.7)).toEqual([1, 2]);
    expect(suppressOverlaps(boxes, [0.5, 0.9, 0.7], 0.95)).toEqual([1, 2, 0]);
  });

  it("keeps the first of equal scores", () => {
    const box: SamBox = [0, 0, 4, 4];
    expect(suppressOverlaps([box, box, box], [1, 2, 2], 0.5)).toEqual([1]);
  });

  it("keeps boxes without area, whose IoU is no number", () => {
    const line: SamBox = [0, 0, 0, 5];
    expect(suppressOverlaps([line, line, [0, 0, 9, 9]], [3, 2, 1], 0)).toEqual([0, 1, 2]);
  });

  it("compares a float32 IoU with the threshold", () => {
    const boxes: SamBox[] = [
      [0, 0, 10, 1],
      [0, 0, 6, 1],
    ];
    expect(Math.fround(0.6)).toBeGreaterThan(0.6);
    expect(suppressOverlaps(boxes, [1, 0], 0.6)).toEqual([0]);
    expect(suppressOverlaps(boxes, [1, 0], Math.fround(0.6))).toEqual([0, 1]);
  });

  it("leaves no two boxes that overlap, and a reason for every other (property)", () => {
    const side = fc.integer({ min: 0, max: 12 });
    const box = fc.tuple(side, side, side, side).map(([x, y, w, h]): SamBox => [x, y, x + w + 1, y + h + 1]);
    const scored = fc.array(fc.tuple(box, fc.integer({ min: 0, max: 5 })), { maxLength: 30 });
    fc.assert(
      fc.property(scored, fc.constantFrom(0.2, 0.5, 0.7), (items, maxIou) => {
        const boxes = items.map(([each]) => each);
        const scores = items.map(([, score]) => score);
        const kept = suppressOverlaps(boxes, scores, maxIou);
        for (const k of boxes.keys()) {
          const rivals = kept.filter((other) => other !== k && iou(boxes[k], boxes[other]) > maxIou);
          const better = rivals.filter((other) => scores[other] >= scores[k]);
          if (kept.includes(k)) expect(rivals).toEqual([]);
          else expect(better.length).toBeGreaterThan(0);
        }
        expect(kept.map((k) => scores[k])).toEqual(kept.map((k) => scores[k]).sort((a, b) => b - a));
      }),
    );
  });
});

function iou(a: SamBox, b: SamBox): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = (box: SamBox): number => (box[2] - box[0]) * (box[3] - box[1]);
  return Math.fround((width * height) / (area(a) + area(b) - width * height));
}
