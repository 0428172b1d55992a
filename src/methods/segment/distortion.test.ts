import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../core/image.ts";
import { type Random, random } from "../../core/random.ts";
import { distortColors } from "./distortion.ts";

/** A generator of the numbers given, for `between` and `next` alike, then 0.9. */
function given(...numbers: readonly number[]): Random {
  const left = [...numbers];
  return {
    ...random(0),
    next: () => left.shift() ?? 0.9,
    between: () => left.shift() ?? 0,
  };
}

const one = (...rgb: readonly number[]): RgbImage => ({ height: 1, width: 1, data: Uint8Array.from(rgb) });
const levels = (image: RgbImage, chance: Random): number[] => [...distortColors(image, chance).data];

describe("distortColors", () => {
  // The draws: brightness or not and how much, contrast first or not, contrast, saturation, hue.
  it("changes one thing at a time where chance says so", () => {
    const color = one(200, 100, 50);
    expect(levels(color, given(0.9, 0.9, 0.9, 0.9, 0.9))).toEqual([200, 100, 50]);
    expect(levels(color, given(0.1, 20, 0.9, 0.9, 0.9, 0.9))).toEqual([220, 120, 70]);
    expect(levels(color, given(0.1, -60, 0.9, 0.9, 0.9, 0.9))).toEqual([140, 40, 0]);
    expect(levels(color, given(0.9, 0.1, 0.1, 1.5, 0.9, 0.9))).toEqual([255, 150, 75]);
    expect(levels(color, given(0.9, 0.9, 0.9, 0.1, 0, 0.9))).toEqual([200, 200, 200]);
  });

  it("goes round with hue, and leaves gray gray", () => {
    // A tenth of a turn back from red is towards magenta.
    const [red, green, blue] = levels(one(255, 0, 0), given(0.9, 0.9, 0.9, 0.9, 0.1, -0.1));
    expect([red, green]).toEqual([255, 0]);
    expect(Math.abs(blue - 0.6 * 255)).toBeLessThan(4);
    expect(levels(one(80, 80, 80), given(0.9, 0.9, 0.9, 0.1, 1.5, 0.1, 0.1))).toEqual([80, 80, 80]);
  });

  it("is the same for the same seed, and does not touch the picture", () => {
    const image = one(10, 20, 30);
    const results = [1, 1, 2, 3].map((seed) => levels(image, random(seed)).join());
    expect(results[0]).toBe(results[1]);
    expect(new Set(results).size).toBeGreaterThan(1);
    expect([...image.data]).toEqual([10, 20, 30]);
  });
});
