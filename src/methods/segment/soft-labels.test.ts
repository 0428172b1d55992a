import { describe, expect, it } from "vitest";
import type { Cam } from "../../core/class-maps.ts";
import { labels } from "../../testing/picture.ts";
import { cropConfidence, cropShares, softScores } from "./soft-labels.ts";

/** A CAM of class 2 that rises from left to right. */
const cam: Cam = { kind: "cam", classes: [2], height: 1, width: 3, data: Float32Array.of(0, 2, 4) };
const scores = softScores(cam, 1);
const picture = { height: 2, width: 6 };
const whole = { y0: 0, x0: 0, height: 2, width: 6, scaled: { height: 4, width: 12 }, isMirrored: false };
const rounded = (values: ArrayLike<number>): number[] =>
  Array.from(values, (value) => Number(value.toFixed(3)));

describe("softScores", () => {
  it("has the background first, as what the classes leave", () => {
    expect(scores).toMatchObject({ classes: [0, 2], height: 1, width: 3 });
    expect(rounded(scores.data)).toEqual([1, 0.5, 0, 0, 0.5, 1]);
    expect(rounded(softScores(cam, 2).data)).toEqual([1, 0.25, 0, 0, 0.5, 1]);
  });
});

describe("cropShares", () => {
  const options = { side: 12, stride: 4, classCount: 4 };
  const share = (id: number, values: Float32Array): number[] => rounded(values.subarray(id * 9, id * 9 + 3));

  it("gives each cell the shares at its center, and nothing beyond the picture", () => {
    const shares = cropShares(scores, picture, whole, options);
    expect(share(0, shares)).toEqual([1, 0.5, 0]);
    expect(share(1, shares)).toEqual([0, 0, 0]);
    expect(share(2, shares)).toEqual([0, 0.5, 1]);
    // One row of cells holds the picture.
    expect(shares.subarray(3, 9).every((value) => value === 0)).toBe(true);
  });

  it("follows a crop and a mirror", () => {
    const mirrored = cropShares(scores, picture, { ...whole, isMirrored: true }, options);
    expect(share(2, mirrored)).toEqual([1, 0.5, 0]);
    const right = { ...whole, x0: 3, width: 3 };
    // Cells at 3.5, 4.5 and 5.5 px of 6: between the map's centers at 1, 3 and 5.
    expect(share(2, cropShares(scores, picture, right, options))).toEqual([0.625, 0.875, 1]);
  });

  it("sums to 1 where classes have different powers", () => {
    const shares = cropShares(softScores(cam, 3), picture, whole, options);
    for (let k = 0; k < 3; k++) expect(shares[k] + shares[18 + k]).toBeCloseTo(1, 6);
  });
});

describe("cropConfidence", () => {
  it("is the score of each pixel's own class", () => {
    const plan = { ...whole, scaled: { height: 1, width: 3 } };
    const map = labels("022 xx1 000");
    const { data } = cropConfidence(scores, picture, plan, map);
    expect([...data]).toEqual([255, 128, 255, 0, 0, 0, 0, 0, 0]);
    const none = cropConfidence(scores, picture, plan, labels("1x3 000 000"));
    expect([...none.data.subarray(0, 3)]).toEqual([0, 0, 0]);
  });
});
