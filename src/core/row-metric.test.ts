import { describe, expect, it } from "vitest";
import { mask } from "../testing/picture.ts";
import type { Mask } from "./mask.ts";
import { type OriginalPicture, scoreOriginal, scoreRows } from "./row-metric.ts";

/** d² < r² around a pixel, in a square of 1,024. */
function disc(x: number, y: number, radius: number): Mask {
  const side = 1024;
  const isInside = (p: number): boolean =>
    (Math.floor(p / side) - y) ** 2 + ((p % side) - x) ** 2 < radius ** 2;
  return {
    height: side,
    width: side,
    data: Uint8Array.from({ length: side ** 2 }, (_, p) => Number(isInside(p))),
  };
}

describe("scoreRows", () => {
  it("gives the specification's figures for two discs that share 0.45, and for two that share nothing", () => {
    const shifted = scoreRows(disc(512, 512, 100), disc(572, 512, 100));
    expect(shifted.iou).toBeCloseTo(0.887991, 6);
    expect(shifted.accuracy).toBeCloseTo(0.977486, 6);
    const apart = scoreRows(disc(300, 300, 100), disc(700, 700, 50));
    expect(apart.iou).toBeCloseTo(0.708984, 6);
    expect(apart.accuracy).toBeCloseTo(0.962595, 6);
  });

  it("scores row by row, 1 where there is nothing", () => {
    expect(scoreRows(mask("##. ... #.."), mask(".#. ... .#."))).toEqual({
      iou: (1 / 2 + 1 + 0) / 3,
      accuracy: 6 / 9,
      f1: (2 / 3 + 1 + 0) / 3,
    });
    expect(scoreRows(mask("."), mask("."))).toEqual({ iou: 1, accuracy: 1, f1: 1 });
    expect(scoreRows(mask("#"), mask("#"))).toEqual({ iou: 1, accuracy: 1, f1: 1 });
    expect(() => scoreRows(mask("##"), mask("#"))).toThrow("1×2");
  });
});

/** Queries as class and probabilities, "null" for one that found nothing; the truth by class. */
function picture(
  queries: readonly (readonly [number, ...number[]] | null)[],
  truth: Record<number, string>,
): OriginalPicture {
  return {
    queries: queries.map((query) => {
      if (query === null) return null;
      const [classId, ...values] = query;
      return {
        classId,
        probabilities: { height: 1, width: values.length, data: Float32Array.from(values) },
      };
    }),
    truth: Object.entries(truth).map(([id, text]) => ({ classId: Number(id), mask: mask(text) })),
  };
}

describe("scoreOriginal", () => {
  it("adds up a class's probabilities, misses score 0, and what is not there costs nothing", () => {
    const { iou, entries } = scoreOriginal([
      picture(
        [
          [1, 0.3, 0.3],
          [1, 0.3, 0.1],
          [3, 1, 1],
        ],
        { 1: "#.", 2: ".#" },
      ),
    ]);
    expect(entries).toEqual([
      { iou: 1, accuracy: 1, f1: 1 },
      { iou: 0, accuracy: 0, f1: 0 },
    ]);
    expect(iou).toBe(0.5);
  });

  it("moves up what was found after a picture in which nothing was, within a batch", () => {
    const pictures = [
      picture([null], { 1: "#." }),
      picture([[1, 1, 0]], { 1: "#." }),
      picture([[1, 0, 1]], { 1: ".#" }),
    ];
    // Alone, the first counts for nothing. In three, it scores 0, the second is compared with the third's mask, the third dropped.
    expect(scoreOriginal(pictures, 1).entries.map(({ iou }) => iou)).toEqual([1, 1]);
    expect(scoreOriginal(pictures, 3).entries.map(({ iou }) => iou)).toEqual([0, 0]);
    expect(scoreOriginal([], 2)).toEqual({ iou: null, accuracy: null, f1: null, entries: [] });
    expect(() => scoreOriginal(pictures, 0)).toThrow("scoreOriginal: batch");
  });
});
