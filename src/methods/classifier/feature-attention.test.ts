import { describe, expect, it } from "vitest";
import { attentionFromFeatures } from "./feature-attention.ts";

function attend(rows: readonly (readonly number[])[], sharpness?: number): number[] {
  const features = {
    dtype: "float32",
    shape: [rows.length, 1, rows[0].length],
    data: Float32Array.from(rows.flat()),
  } as const;
  const { shape, data } = attentionFromFeatures(features, sharpness === undefined ? {} : { sharpness });
  expect(shape).toEqual([rows[0].length, rows[0].length]);
  return [...data];
}

describe("attentionFromFeatures", () => {
  it("looks at what points the same way, however long it is", () => {
    // Three positions: (1, 0), (5, 0) and (0, 2).
    const attention = attend(
      [
        [1, 5, 0],
        [0, 0, 2],
      ],
      Math.log(4),
    );
    // Likenesses 1, 1, 1/4.
    [4, 4, 1, 4, 4, 1, 1.5, 1.5, 6].forEach((share, k) => {
      expect(attention[k]).toBeCloseTo(share / 9, 6);
    });
  });

  it("has rows that sum to 1, also where there are no features", () => {
    const attention = attend([
      [1, 0, -3, 0],
      [2, 0, 1, 0],
    ]);
    for (let i = 0; i < 4; i++)
      expect(attention.slice(4 * i, 4 * i + 4).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
  });

  it("is 1 for a single position", () => {
    expect(attend([[3], [4]])).toEqual([1]);
  });
});
