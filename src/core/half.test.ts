import { describe, expect, it } from "vitest";
import { float32ToHalf, halfToFloat32 } from "./half.ts";

const toHalf = (value: number): number => float32ToHalf(Float32Array.of(value))[0];

describe("half", () => {
  it("reads the values of the standard", () => {
    const bits = Uint16Array.of(
      0x0000,
      0x8000,
      0x3c00,
      0xc000,
      0x7bff,
      0x0400,
      0x0001,
      0x3555,
      0x7c00,
      0xfc00,
      0x7e00,
    );
    const third = 1365 / 4096;
    expect([...halfToFloat32(bits)]).toEqual([
      0,
      -0,
      1,
      -2,
      65504,
      2 ** -14,
      2 ** -24,
      third,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it("gives all 65,536 patterns back", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const back = float32ToHalf(halfToFloat32(all));
    const isNan = (half: number): boolean => (half & 0x7fff) > 0x7c00;
    for (let i = 0; i < 65536; i++) {
      if (isNan(i)) expect(isNan(back[i])).toBe(true);
      else if (back[i] !== i) expect(back[i]).toBe(i);
    }
  });

  it("rounds to nearest, ties to even", () => {
    expect(toHalf(1 + 2 ** -11)).toBe(0x3c00);
    expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(toHalf(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01);
    expect(toHalf(65519)).toBe(0x7bff);
    expect(toHalf(65520)).toBe(0x7c00);
    expect(toHalf(2 ** -25)).toBe(0x0000);
    expect(toHalf(1.5 * 2 ** -24)).toBe(0x0002);
    expect(toHalf(-(2 ** -25) * 1.001)).toBe(0x8001);
    expect(toHalf(2 ** -140)).toBe(0x0000);
    // The largest subnormal rounds up into the smallest normal.
    expect(toHalf(2 ** -14 - 2 ** -26)).toBe(0x0400);
  });

  it("reads nothing from nothing", () => {
    expect(halfToFloat32(new Uint16Array(0))).toHaveLength(0);
    expect(float32ToHalf(new Float32Array(0))).toHaveLength(0);
  });
});
