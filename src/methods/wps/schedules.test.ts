import { describe, expect, it } from "vitest";
import { originalRate, partRate } from "./schedules.ts";

describe("originalRate", () => {
  it.each([
    // From the specification, worked out by hand.
    [0, 0],
    [249, 0.996],
    [250, 1],
    [19310, 0.5],
    [38370, 0],
    [76490, 1],
  ])("is at step %i times %f", (step, factor) => {
    expect(originalRate(1e-4)(step)).toBeCloseTo(1e-4 * factor, 13);
  });
});

describe("partRate", () => {
  it("rises from the first step, and falls to the end", () => {
    const rate = partRate(1e-4, 10_000);
    expect(rate(0)).toBeCloseTo(1e-4 / 250, 13);
    expect(rate(250)).toBe(1e-4);
    expect(rate(5125)).toBeCloseTo(5e-5, 10);
    expect(rate(9_999)).toBeGreaterThan(0);
    expect(rate(10_000)).toBeCloseTo(0, 13);
  });

  it("takes runs too short for either", () => {
    expect(partRate(1, 1)(0)).toBe(1);
    expect([0, 1, 2].map(partRate(1, 3))).toEqual([1, expect.closeTo(0.75, 12), expect.closeTo(0.25, 12)]);
    expect([0, 1, 2].map(partRate(1, 20))).toEqual([0.5, 0.75, 1]);
  });
});
