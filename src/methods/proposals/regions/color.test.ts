import { describe, expect, it } from "vitest";
import { toLab } from "./color.ts";

const lab = (...rgb: number[]): number[] => {
  const { L, a, b } = toLab({ height: 1, width: 1, data: Uint8Array.from(rgb) });
  return [L[0], a[0], b[0]];
};

describe("toLab", () => {
  // Lab of the sRGB primaries under D65, as colorimetry tables give them.
  it.each([
    ["black", [0, 0, 0], [0, 0, 0]],
    ["white", [255, 255, 255], [100, 0, 0]],
    ["middle gray", [119, 119, 119], [50.03, 0, 0]],
    ["red", [255, 0, 0], [53.24, 80.09, 67.2]],
    ["green", [0, 255, 0], [87.73, -86.18, 83.18]],
    ["blue", [0, 0, 255], [32.3, 79.19, -107.86]],
  ])("converts %s", (_, rgb, expected) => {
    lab(...rgb).forEach((value, k) => {
      expect(Math.abs(value - expected[k])).toBeLessThan(0.15);
    });
  });

  it("keeps the order of the pixels", () => {
    const data = Uint8Array.from([0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 0]);
    const { L } = toLab({ height: 2, width: 3, data });
    expect(Array.from(L, (value) => value > 50)).toEqual([false, true, false, true, false, false]);
  });
});
