import { describe, expect, it } from "vitest";
import { colorGradient, smooth } from "./gradient.ts";

describe("smooth", () => {
  it("spreads a pixel evenly and keeps the sum", () => {
    const size = { height: 9, width: 11 };
    const plane = new Float32Array(99);
    plane[4 * 11 + 5] = 1;
    const smoothed = smooth(plane, size, 1);
    expect(smoothed.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(smoothed[4 * 11 + 5]).toBeCloseTo(0.1592, 2); // 1 / 2π
    expect(smoothed[4 * 11 + 4]).toBe(smoothed[4 * 11 + 6]);
    expect(smoothed[3 * 11 + 5]).toBeCloseTo(smoothed[4 * 11 + 4], 6);
  });

  it.each([
    [1, 1],
    [1, 7],
    [7, 1],
    [2, 3],
  ])("leaves a flat picture of %i×%i flat, up to its border", (height, width) => {
    const flat = smooth(new Float32Array(height * width).fill(5), { height, width }, 2);
    for (const value of flat) expect(value).toBeCloseTo(5, 5);
  });
});

describe("colorGradient", () => {
  const flat = new Float32Array(12);

  it("is the slope of a ramp, whichever way it leans, halved at the border where one side is missing", () => {
    const across = Float32Array.from({ length: 12 }, (_, p) => 3 * (p % 4));
    expect([...colorGradient({ L: across, a: flat, b: flat }, { height: 3, width: 4 })]).toEqual([
      1.5, 3, 3, 1.5, 1.5, 3, 3, 1.5, 1.5, 3, 3, 1.5,
    ]);
    const down = Float32Array.from({ length: 12 }, (_, p) => 2 * Math.floor(p / 4));
    expect([...colorGradient({ L: flat, a: down, b: flat }, { height: 3, width: 4 })]).toEqual([
      1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1,
    ]);
  });

  it("adds up planes that change together", () => {
    const ramp = Float32Array.from({ length: 3 }, (_, p) => 4 * p);
    const steeper = Float32Array.from({ length: 3 }, (_, p) => 3 * p);
    const gradient = colorGradient({ L: ramp, a: steeper, b: new Float32Array(3) }, { height: 1, width: 3 });
    expect(gradient[1]).toBe(5);
  });
});
