import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawLabels, labels } from "../testing/picture.ts";
import {
  addBoundaryCounts,
  type BoundaryCounts,
  boundaryScores,
  countBoundaries,
  emptyBoundaryCounts,
} from "./boundary-metric.ts";
import { closeIgnored, diskSteps, findBoundaries } from "./boundary-pixels.ts";
import type { LabelMap } from "./label-map.ts";

/** A tolerance of so many pixels. */
function within(pixels: number, { height, width }: LabelMap): { tolerance: number } {
  return { tolerance: pixels / Math.hypot(height, width) };
}

function ofClass(counts: BoundaryCounts, id: number): number[] {
  return [counts.predictedMatched[id], counts.predicted[id], counts.truthMatched[id], counts.truth[id]];
}

describe("findBoundaries", () => {
  it("takes both sides of an edge and no pixel for touching the frame", () => {
    const map = labels("00000 01110 01110 01110");
    const { data } = findBoundaries(map, map, 2, 0);
    expect(drawLabels({ ...map, data })).toBe("x000x 01110 01x10 01x10");
  });

  it("knows no boundary in, or against, what is ignored", () => {
    const map = labels("00x11 00x11");
    expect(findBoundaries(map, map, 2, 0).data.every((id) => id === 255)).toBe(true);
    const { data } = findBoundaries(labels("00011 00011"), map, 2, 0);
    expect(data.every((id) => id === 255)).toBe(true);
  });

  it("counts an unknown id as another id and as no class", () => {
    const map = labels("0709");
    const { data } = findBoundaries(map, labels("0000"), 2, 0);
    expect(drawLabels({ ...map, data })).toBe("0x0x");
  });
});

describe("closeIgnored", () => {
  it("meets in the middle of a band", () => {
    expect(drawLabels(closeIgnored(labels("0xxxx1 2xxxx2"), 5))).toBe("000111 222222");
    expect(drawLabels(closeIgnored(labels("0xxx1"), 5))).toBe("00011");
  });

  it("goes so deep and no deeper", () => {
    expect(drawLabels(closeIgnored(labels("0xxxxxx1"), 2))).toBe("000xx111");
    expect(drawLabels(closeIgnored(labels("xx xx"), 5))).toBe("xx xx");
  });
});

describe("diskSteps", () => {
  it("lists the pixels within a radius, nearest first", () => {
    expect([...diskSteps(0, 10)]).toEqual([0]);
    expect([...diskSteps(1, 10)].sort((a, b) => a - b)).toEqual([-10, -1, 0, 1, 10]);
    expect(diskSteps(1.5, 10)).toHaveLength(9);
    expect(diskSteps(4.7, 700)).toHaveLength(69);
    expect(diskSteps(4.7, 700)[0]).toBe(0);
  });
});

describe("countBoundaries", () => {
  it("leaves the truth alone, a Node Buffer too, whose slice() shares memory", () => {
    const { data, ...size } = labels("1x2");
    const truth = { ...size, data: Buffer.from(data) };
    countBoundaries(labels("112"), truth, 3);
    expect(drawLabels(truth)).toBe("1x2");
  });

  const truth = labels("00000 01110 01110 00000");

  it("matches everything in a perfect prediction", () => {
    const counts = countBoundaries(truth, truth, 2);
    expect(ofClass(counts, 1)).toEqual([6, 6, 6, 6]);
    expect(ofClass(counts, 0)).toEqual([10, 10, 10, 10]);
    expect(boundaryScores(counts, ["sky", "bird"])).toEqual({
      meanF: 1,
      foregroundMeanF: 1,
      classes: [
        { id: 0, name: "sky", f: 1, precision: 1, recall: 1 },
        { id: 1, name: "bird", f: 1, precision: 1, recall: 1 },
      ],
    });
  });

  it("forgives a shift within the tolerance and not beyond", () => {
    const shifted = labels("00000 00111 00111 00000");
    expect(ofClass(countBoundaries(shifted, truth, 2, within(0, truth)), 1)).toEqual([4, 6, 4, 6]);
    expect(ofClass(countBoundaries(shifted, truth, 2, within(1, truth)), 1)).toEqual([6, 6, 6, 6]);
  });

  it("scores a missed and a made-up class 0 and leaves out one that is in neither map", () => {
    const missed = boundaryScores(countBoundaries(labels("001 001"), labels("022 022"), 4));
    expect(missed.classes.map(({ f }) => f)).toEqual([0, 0, 0, null]);
    expect(missed.classes[1]).toMatchObject({ precision: 0, recall: null });
    expect(missed.classes[2]).toMatchObject({ precision: null, recall: 0 });
    expect(missed.foregroundMeanF).toBe(0);
  });

  it("has nothing to say about pictures without boundaries", () => {
    const flat = labels("11 11");
    expect(boundaryScores(countBoundaries(flat, flat, 2))).toMatchObject({
      meanF: null,
      foregroundMeanF: null,
    });
    expect(countBoundaries(labels("1"), labels("x"), 2)).toEqual(emptyBoundaryCounts(2));
  });

  it("puts the true boundary into the middle of a void band", () => {
    const banded = labels("0000xx1111 0000xx1111");
    const counts = countBoundaries(labels("0000011111 0000011111"), banded, 2, within(0, banded));
    expect(ofClass(counts, 1)).toEqual([2, 2, 2, 2]);
  });

  it("charges no prediction inside void, near its rim or deep inside", () => {
    const blob = labels("0000000 00xxx00 00xxx00 0000000");
    const pred = labels("0000000 0001000 0001000 0000000");
    expect(ofClass(countBoundaries(pred, blob, 2), 1)).toEqual([0, 0, 0, 0]);
    const empty = labels("xxxxxxx xxxxxxx xxxxxxx xxxxxxx");
    expect(countBoundaries(pred, empty, 2)).toEqual(emptyBoundaryCounts(2));
  });

  it("equals all pairs of boundary pixels compared one by one", () => {
    const side = fc.integer({ min: 1, max: 7 });
    const pair = fc.tuple(side, side).chain(([height, width]) => {
      const ids = fc.uint8Array({ min: 0, max: 2, minLength: height * width, maxLength: height * width });
      return fc.record({ height: fc.constant(height), width: fc.constant(width), a: ids, b: ids });
    });
    fc.assert(
      fc.property(pair, fc.double({ min: 0, max: 4, noNaN: true }), ({ height, width, a, b }, pixels) => {
        const [pred, reference] = [a, b].map((data) => ({ height, width, data }));
        const counts = countBoundaries(pred, reference, 3, {
          tolerance: Math.min(1, pixels / Math.hypot(height, width)),
        });
        for (let id = 0; id < 3; id++) {
          const radius = Math.min(1, pixels / Math.hypot(height, width)) * Math.hypot(height, width);
          const [p, t] = [boundaryOf(pred, id), boundaryOf(reference, id)];
          const near = (from: number[][], to: number[][]) =>
            from.filter(([i, j]) => to.some(([k, l]) => Math.hypot(i - k, j - l) <= radius)).length;
          expect(ofClass(counts, id)).toEqual([near(p, t), p.length, near(t, p), t.length]);
        }
      }),
    );
  });

  it("refuses other sizes, unknown true ids and a tolerance that is no fraction", () => {
    expect(() => countBoundaries(labels("01"), labels("0 1"), 2)).toThrow("countBoundaries: expected");
    expect(() => countBoundaries(labels("01"), labels("05"), 2)).toThrow("0..1 or 255 (ignore), got 5");
    expect(() => countBoundaries(labels("01"), labels("01"), 2, { tolerance: 5 })).toThrow("in 0..1, got 5");
    expect(() => countBoundaries(labels("01"), labels("01"), 0)).toThrow("classCount");
  });
});

describe("addBoundaryCounts", () => {
  it("adds picture to picture", () => {
    const total = emptyBoundaryCounts(2);
    addBoundaryCounts(total, countBoundaries(labels("01"), labels("01"), 2));
    addBoundaryCounts(total, countBoundaries(labels("00"), labels("01"), 2));
    expect(ofClass(total, 1)).toEqual([1, 1, 1, 2]);
    expect(boundaryScores(total).classes[1].f).toBe((2 * 1 * 0.5) / 1.5);
  });

  it("refuses counts of other classes", () => {
    expect(() => addBoundaryCounts(emptyBoundaryCounts(2), emptyBoundaryCounts(3))).toThrow(
      "2 classes, got 3",
    );
  });
});

/** Rows and columns of the boundary pixels of a class, from the definition. */
function boundaryOf({ height, width, data }: LabelMap, id: number): number[][] {
  const at = (i: number, j: number) =>
    i < 0 || j < 0 || i >= height || j >= width ? id : data[i * width + j];
  return [...data.keys()]
    .map((p) => [Math.floor(p / width), p % width])
    .filter(
      ([i, j]) =>
        at(i, j) === id && [at(i - 1, j), at(i + 1, j), at(i, j - 1), at(i, j + 1)].some((q) => q !== id),
    );
}
