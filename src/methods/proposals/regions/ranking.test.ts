import { describe, expect, it } from "vitest";
import { buildPartitionTree } from "./hierarchies.ts";
import { expectedIous, FEATURE_NAMES, nodeFeatures } from "./ranking.ts";

/** Black left of column 20, white from there: two regions of 20×20. */
const halves = buildPartitionTree({
  height: 20,
  width: 40,
  data: Uint8Array.from({ length: 2400 }, (_, k) => (k % 120 < 60 ? 0 : 255)),
});

const featuresOf = (node: number): Record<string, number> => {
  const row = nodeFeatures(halves).subarray(node * FEATURE_NAMES.length);
  return Object.fromEntries(FEATURE_NAMES.map((name, k) => [name, row[k]]));
};

describe("nodeFeatures", () => {
  it("describes one half of a picture", () => {
    const features = featuresOf(0);
    expect(features).toMatchObject({ constant: 1, "off center, x": 0.25, "off center, y": 0 });
    expect(features["log area"]).toBeCloseTo(Math.log10(0.5), 9);
    expect(features["log area squared"]).toBeCloseTo(Math.log10(0.5) ** 2, 9);
    expect(features["inner gradient"]).toBe(0);
    // 20 sides touch the other half, 60 the border.
    expect(features["border share"]).toBe(0.75);
    // From black to white: 100 in L, counted half when squared, over 40.
    expect(features["color contrast"]).toBeCloseTo((100 * Math.SQRT1_2) / 40, 2);
  });

  it("sees the halves' contour inside the whole, which has none of its own", () => {
    const whole = featuresOf(2);
    expect(whole["contour gradient"]).toBe(0);
    expect(whole["inner gradient"]).toBeCloseTo(featuresOf(0)["contour gradient"], 9);
    expect(whole).toMatchObject({ "log area": 0, "color contrast": 0, "border share": 1 });
  });
});

describe("expectedIous", () => {
  it("is a share for every node, also of a picture of one pixel", () => {
    const dot = buildPartitionTree({ height: 1, width: 1, data: Uint8Array.of(9, 9, 9) });
    for (const value of [...expectedIous(halves), ...expectedIous(dot)]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
  });
});
