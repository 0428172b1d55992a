import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../core/image.ts";
import type { LabelMap } from "../../core/label-map.ts";
import { random } from "../../core/random.ts";
import { drawLabels, labels } from "../../testing/picture.ts";
import {
  type CropPlan,
  cropLabels,
  cropLevels,
  cropPixels,
  packSquare,
  planCrop,
  wholeScale,
} from "./training-crop.ts";

const size = (height: number, width: number) => ({ height, width });
const plain = { y0: 0, x0: 0, isMirrored: false };

/** A picture whose red is its row and green its column. */
function places(height: number, width: number): RgbImage {
  const data = new Uint8Array(height * width * 3);
  for (let i = 0, at = 0; i < height; i++) for (let j = 0; j < width; j++, at += 3) data.set([i, j, 9], at);
  return { height, width, data };
}

describe("wholeScale", () => {
  it("brings the shorter side to the square's, unless the longer one would have more than four", () => {
    expect(wholeScale(size(100, 200), 50)).toBe(0.5);
    expect(wholeScale(size(1, 5000), 50)).toBe(0.04);
  });
});

describe("planCrop", () => {
  const sides = fc.integer({ min: 1, max: 300 });

  it("stays inside the picture and the square, for pictures of any size", () => {
    fc.assert(
      fc.property(sides, sides, sides, fc.integer(), (height, width, side, seed) => {
        const { y0, x0, scaled, ...plan } = planCrop({ height, width }, null, random(seed), { side });
        expect([y0, x0, height - y0 - plan.height, width - x0 - plan.width].every((v) => v >= 0)).toBe(true);
        expect(plan.height >= 1 && plan.width >= 1).toBe(true);
        expect(scaled.height >= 1 && scaled.height <= side).toBe(true);
        expect(scaled.width >= 1 && scaled.width <= side).toBe(true);
      }),
    );
  });

  it("sees all of a picture that is scaled to less than the square", () => {
    const options = { side: 64, scale: { low: 0.5, high: 0.5 } };
    const { isMirrored: _, ...plan } = planCrop(size(40, 20), null, random(1), options);
    // 20 px become 32, and 40 px 64.
    expect(plan).toEqual({ y0: 0, x0: 0, height: 40, width: 20, scaled: size(64, 32) });
  });

  it("draws a square again that is nearly all of one class", () => {
    const [height, width, side] = [20, 80, 20];
    const data = new Uint8Array(height * width);
    for (let i = 0; i < height; i++) data.fill(1, i * width, i * width + side / 2);
    const map: LabelMap = { height, width, data };
    const options = { side, scale: { low: 1, high: 1 } };
    const share = (own: LabelMap | null): number => {
      const starts = Array.from({ length: 300 }, (_, seed) => planCrop(map, own, random(seed), options).x0);
      // A quarter of those squares and more are of class 1.
      return starts.filter((x0) => x0 <= side / 4).length / 300;
    };
    expect(share(null)).toBeLessThan(0.2);
    expect(share(map)).toBeGreaterThan(0.4);
  });

  it("gives a picture of one class, or with nothing known, a square all the same", () => {
    for (const drawing of ["0", "x", "11 11 11"])
      expect(planCrop(labels(drawing), labels(drawing), random(1), { side: 8 })).toBeDefined();
  });

  it("refuses labels of another size, and a side of 0", () => {
    const chance = random(1);
    expect(() => planCrop(size(2, 3), labels("00 00"), chance, { side: 8 })).toThrow(/2×3 like the picture/);
    expect(() => planCrop(size(2, 3), null, chance, { side: 0 })).toThrow(/from 1 to 8192/);
  });
});

describe("a crop", () => {
  const right: CropPlan = { ...plain, x0: 1, height: 2, width: 2, scaled: size(2, 2) };

  it("has pixels and labels of the same places", () => {
    const picture = cropPixels(places(2, 3), right);
    expect([...picture.data]).toEqual([0, 1, 9, 0, 2, 9, 1, 1, 9, 1, 2, 9]);
    expect(drawLabels(cropLabels(labels("012 x00"), right, 2))).toBe("12 00");
  });

  it("mirrors both", () => {
    const plan = { ...right, isMirrored: true };
    expect([...cropPixels(places(2, 3), plan).data]).toEqual([0, 2, 9, 0, 1, 9, 1, 2, 9, 1, 1, 9]);
    expect(drawLabels(cropLabels(labels("012 x00"), plan, 2))).toBe("21 00");
  });

  it("is not known, and of the color given, where the square has no picture", () => {
    expect(drawLabels(cropLabels(labels("012 x00"), right, 3))).toBe("12x 00x xxx");
    expect(drawLabels(cropLevels(labels("012 x00"), right, 3))).toBe("120 000 000");
    expect([...packSquare(cropPixels(places(2, 3), right), 3, [7, 8, 6])]).toEqual([
      ...[0, 0, 7, 1, 1, 7, 7, 7, 7],
      ...[1, 2, 8, 1, 2, 8, 8, 8, 8],
      ...[9, 9, 6, 9, 9, 6, 6, 6, 6],
    ]);
  });

  it("blends pixels and levels, and no labels", () => {
    const plan = { ...plain, height: 1, width: 2, scaled: size(1, 4) };
    const pair = labels("04");
    expect(new Set(cropLabels(pair, plan, 4).data.subarray(0, 4))).toEqual(new Set([0, 4]));
    expect([...cropLevels(pair, plan, 4).data.subarray(0, 4)]).toEqual([0, 1, 3, 4]);
  });
});
