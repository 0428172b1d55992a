import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labels } from "../testing/picture.ts";
import type { LabelMap } from "./label-map.ts";
import { addConfusion, type Confusion, confusion, emptyConfusion, scores } from "./metrics.ts";

/** The matrix as rows, so that a test reads like the table on paper. */
function table({ classCount, counts }: Confusion): number[][] {
  return Array.from({ length: classCount }, (_, t) => [
    ...counts.subarray(t * (classCount + 1), (t + 1) * (classCount + 1)),
  ]);
}

/** One counter a pixel: what `confusion` has to equal. */
function countPlainly(pred: LabelMap, truth: LabelMap, classCount: number): number[][] {
  const rows = Array.from({ length: classCount }, () => new Array<number>(classCount + 1).fill(0));
  truth.data.forEach((t, p) => {
    if (t !== 255) rows[t][Math.min(pred.data[p], classCount)]++;
  });
  return rows;
}

describe("confusion", () => {
  it("counts true classes down and predicted classes across", () => {
    const truth = labels("001 1x2");
    const pred = labels("011 122");
    expect(table(confusion(pred, truth, 3))).toEqual([
      [1, 1, 0, 0],
      [0, 2, 0, 0],
      [0, 0, 1, 0],
    ]);
  });

  it("puts ignore and unknown ids of the prediction in the last column, at nobody's cost", () => {
    const result = confusion(labels("x71 000"), labels("111 000"), 2);
    expect(table(result)).toEqual([
      [3, 0, 0],
      [0, 1, 2],
    ]);
    expect(scores(result).classes[0]).toMatchObject({ iou: 1, precision: 1 });
    expect(scores(result).classes[1]).toMatchObject({ iou: 1 / 3, precision: 1, recall: 1 / 3 });
  });

  it("takes one pixel, no pixel and a truth that is all ignore", () => {
    expect(table(confusion(labels("1"), labels("1"), 2))).toEqual([
      [0, 0, 0],
      [0, 1, 0],
    ]);
    const nothing = { height: 0, width: 0, data: new Uint8Array(0) };
    expect(confusion(nothing, nothing, 2)).toEqual(emptyConfusion(2));
    expect(confusion(labels("012 210"), labels("xxx xxx"), 3)).toEqual(emptyConfusion(3));
  });

  it("equals a counter a pixel, wherever the bytes lie in their buffer", () => {
    const picture = fc
      .record({ height: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 1, max: 9 }) })
      .chain(({ height, width }) =>
        fc.record({
          height: fc.constant(height),
          width: fc.constant(width),
          shift: fc.integer({ min: 0, max: 3 }),
          pred: fc.uint8Array({ minLength: height * width, maxLength: height * width }),
          truth: fc.array(fc.constantFrom(0, 1, 2, 3, 255), {
            minLength: height * width,
            maxLength: height * width,
          }),
        }),
      );
    fc.assert(
      fc.property(picture, fc.integer({ min: 4, max: 255 }), (drawn, classCount) => {
        const { height, width, shift } = drawn;
        const askew = new Uint8Array(height * width + shift).subarray(shift);
        askew.set(drawn.pred);
        const pred = { height, width, data: askew };
        const truth = { height, width, data: Uint8Array.from(drawn.truth) };
        expect(table(confusion(pred, truth, classCount))).toEqual(countPlainly(pred, truth, classCount));
      }),
    );
  });

  it("refuses maps of different sizes, even with the same number of pixels", () => {
    expect(() => confusion(labels("01 01 01"), labels("010 101"), 2)).toThrow(
      "confusion: expected a prediction of 2×3 like the truth, got 3×2",
    );
  });

  it("names the stray id of a truth outside the class list", () => {
    expect(() => confusion(labels("000 000"), labels("000 007"), 3)).toThrow(
      "confusion: truth: expected class ids 0..2 or 255 (ignore), got 7 (number)",
    );
  });

  it.each([0, 256, 2.5, Number.NaN])("refuses %s classes", (classCount) => {
    expect(() => emptyConfusion(classCount)).toThrow("confusion: classCount: expected an integer in 1..255");
  });
});

describe("addConfusion", () => {
  it("adds picture to picture", () => {
    const total = emptyConfusion(2);
    addConfusion(total, confusion(labels("01 11"), labels("01 01"), 2));
    addConfusion(total, confusion(labels("011"), labels("011"), 2));
    expect(table(total)).toEqual([
      [2, 1, 0],
      [0, 4, 0],
    ]);
  });

  it("refuses matrices of different class counts", () => {
    expect(() => addConfusion(emptyConfusion(2), emptyConfusion(3))).toThrow("expected 2 classes, got 3");
  });
});

describe("scores", () => {
  it("gives the worked figures of specs/sepl.md section 6.1", () => {
    const truth = labels("111000 1122x0 002233");
    const pred = labels("110040 111220 002203");
    const { miou, foregroundMiou, pixelAccuracy, classes } = scores(confusion(pred, truth, 5));
    expect(classes.map(({ iou }) => iou)).toEqual([0.625, 4 / 6, 0.75, 0.5, 0]);
    expect(miou).toBeCloseTo(0.5083, 4);
    expect(foregroundMiou).toBeCloseTo((4 / 6 + 0.75 + 0.5) / 4, 12);
    expect(pixelAccuracy).toBe(13 / 17);
    // Class 4 is predicted and never true: a precision of 0, and no recall to speak of.
    expect(classes[4]).toEqual({ id: 4, name: "4", iou: 0, precision: 0, recall: null, pixels: 0 });
  });

  it("scores a 2 × 3 picture as a person would", () => {
    const result = scores(confusion(labels("011 001"), labels("011 111"), 2), ["sky", "ground"]);
    expect(result).toEqual({
      miou: (1 / 3 + 3 / 5) / 2,
      foregroundMiou: 3 / 5,
      pixelAccuracy: 4 / 6,
      classes: [
        { id: 0, name: "sky", iou: 1 / 3, precision: 1 / 3, recall: 1, pixels: 1 },
        { id: 1, name: "ground", iou: 3 / 5, precision: 1, recall: 3 / 5, pixels: 5 },
      ],
    });
  });

  it("leaves classes that occur nowhere out of the mean", () => {
    const { miou, classes } = scores(confusion(labels("03"), labels("03"), 5));
    expect(classes.map(({ iou }) => iou)).toEqual([1, null, null, 1, null]);
    expect(miou).toBe(1);
  });

  it("has nothing to say about no pixels", () => {
    expect(scores(emptyConfusion(1))).toEqual({
      miou: null,
      foregroundMiou: null,
      pixelAccuracy: null,
      classes: [{ id: 0, name: "0", iou: null, precision: null, recall: null, pixels: 0 }],
    });
  });

  it("refuses a class list of another length", () => {
    expect(() => scores(emptyConfusion(3), ["background"])).toThrow("scores: classNames: expected 3 names");
  });
});
