import { describe, expect, it } from "vitest";
import { interpolate } from "../../core/interpolate.ts";
import { random } from "../../core/random.ts";
import { longestSideSize } from "../../core/resize.ts";
import { relativeError } from "../../testing/golden.ts";
import { draw } from "../../testing/picture.ts";
import { predictedMask, stabilityOf, upscaleLogits } from "./postprocess.ts";
import type { MaskPrediction } from "./sam.ts";

function prediction(original: readonly [number, number], side: number, low: number): MaskPrediction {
  const [height, width] = original;
  const { normal } = random(`${original}`);
  const data = Float32Array.from({ length: 2 * low * low }, () => 5 * normal());
  return {
    logits: { dtype: "float32", shape: [2, low, low], data },
    predictedIou: new Float32Array(2),
    original: { height, width },
    input: longestSideSize({ height, width }, side),
  };
}

describe("upscaleLogits", () => {
  for (const [height, width] of [
    [1, 1],
    [2, 3],
    [97, 141],
    [300, 31],
    [64, 64],
  ] as const)
    it(`does in one pass what two do, for a picture of ${height}×${width}`, () => {
      const given = prediction([height, width], 64, 16);
      const { input, original, logits } = given;
      const square = interpolate(logits, { height: 64, width: 64 }, "bilinear");
      for (const index of [0, 1]) {
        const cut = new Float32Array(input.height * input.width);
        for (let i = 0; i < input.height; i++) {
          const start = (index * 64 + i) * 64;
          cut.set(square.data.subarray(start, start + input.width), i * input.width);
        }
        const shape = [input.height, input.width];
        const twice = interpolate({ dtype: "float32", shape, data: cut }, original, "bilinear");
        const once = upscaleLogits(given, index);
        expect([once.height, once.width]).toEqual([height, width]);
        expect(relativeError(once.data, twice.data)).toBeLessThan(1e-6);
      }
    });

  it.each(["bilinear", "bicubic"] as const)("does one step for models that have one: %s", (upscaling) => {
    const given = { ...prediction([9, 14], 64, 16), upscaling };
    const wanted = interpolate(given.logits, given.original, upscaling).data.subarray(9 * 14);
    expect(relativeError(upscaleLogits(given, 1).data, wanted)).toBeLessThan(1e-6);
  });

  it("refuses a mask that is not there", () => {
    expect(() => upscaleLogits(prediction([2, 3], 64, 16), 2)).toThrow("an integer from 0 to 1, got 2");
  });
});

describe("predictedMask", () => {
  it("is what lies above 0", () => {
    const logits = { dtype: "float32", shape: [1, 2, 2], data: Float32Array.of(1, -1, 0, 2) } as const;
    const size = { height: 2, width: 2 };
    const mask = predictedMask({ logits, predictedIou: Float32Array.of(1), original: size, input: size }, 0);
    expect(draw(mask)).toBe("#. .#");
  });
});

describe("stabilityOf", () => {
  it("is the share of the looser mask that the stricter one keeps", () => {
    expect(stabilityOf({ data: Float32Array.of(2, 1, 0, -1, -2) })).toBe(Math.fround(1 / 3));
    expect(stabilityOf({ data: Float32Array.of(2, 1, 0, -1, -2) }, 0.5)).toBe(Math.fround(2 / 3));
  });

  it("is NaN when nothing is set", () => {
    expect(stabilityOf({ data: Float32Array.of(-5) })).toBeNaN();
  });
});
