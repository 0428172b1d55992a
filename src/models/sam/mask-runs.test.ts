import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { longestSideSize } from "../../core/resize.ts";
import { decodeRle, encodeRle, type Rle, rleArea, rleBox } from "../../core/rle.ts";
import { draw } from "../../testing/picture.ts";
import { createMaskEncoder, type MaskRuns } from "./mask-runs.ts";
import { stabilityOf, thresholdLogits, upscaleLogits } from "./postprocess.ts";

/** Picture of a size, and logits of a size, plain: every array in full. */
function plain(
  logits: Float32Array,
  low: number,
  original: { height: number; width: number },
  offset: number,
): MaskRuns {
  const input = longestSideSize(original, 4 * low);
  const prediction = {
    logits: { dtype: "float32", shape: [1, low, low], data: logits },
    predictedIou: Float32Array.of(1),
    original,
    input,
  } as const;
  const map = upscaleLogits(prediction, 0);
  const rle = encodeRle(thresholdLogits(map));
  return { rle, area: rleArea(rle), box: rleBox(rle), stability: stabilityOf(map, offset) };
}

function onePass(
  logits: Float32Array,
  low: number,
  original: { height: number; width: number },
  offset: number,
): MaskRuns {
  const frame = { original, input: longestSideSize(original, 4 * low) };
  return createMaskEncoder(frame, { height: low, width: low }, { stabilityOffset: offset })(logits);
}

/** Numbers at, around and far from the thresholds, none so small that float32 loses it. */
const logit = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(-30, -9.5, 20, 7) },
  fc.constantFrom(-1, 0, 1, -0.5, 0.5, Math.fround(0.1)),
  fc.integer({ min: -3000, max: 3000 }).map((value) => Math.fround(value / 1000)),
);
const side = fc.integer({ min: 1, max: 40 });

function rle(...counts: number[]): Rle {
  return { height: 2, width: 3, counts: Uint32Array.from(counts) };
}

describe("createMaskEncoder", () => {
  it("finds what the plain path finds", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 2, max: 12 })
          .chain((low) =>
            fc.tuple(fc.constant(low), fc.array(logit, { minLength: low * low, maxLength: low * low })),
          ),
        side,
        side,
        fc.constantFrom(0, 0.1, 0.5, 1, 4),
        ([low, values], height, width, offset) => {
          const logits = Float32Array.from(values);
          expect(onePass(logits, low, { height, width }, offset)).toEqual(
            plain(logits, low, { height, width }, offset),
          );
        },
      ),
      { numRuns: 400 },
    );
  });

  it("says what a mask is when nothing or everything is set", () => {
    const all = (value: number): MaskRuns =>
      onePass(new Float32Array(4).fill(value), 2, { height: 2, width: 3 }, 1);
    expect(all(-5)).toEqual({ rle: rle(6), area: 0, box: null, stability: Number.NaN });
    expect(all(-0.5)).toEqual({ rle: rle(6), area: 0, box: null, stability: 0 });
    expect(all(5)).toEqual({ rle: rle(0, 6), area: 6, box: { x0: 0, y0: 0, x1: 3, y1: 2 }, stability: 1 });
  });

  it("puts the mask of a crop where the crop lies", () => {
    const frame = { original: { height: 2, width: 1 }, input: { height: 8, width: 4 } };
    const size = { height: 4, width: 3 };
    const encode = createMaskEncoder(frame, { height: 2, width: 2 }, { crop: { x0: 1, y0: 1, size } });
    const { rle, box } = encode(Float32Array.of(9, 9, 9, 9));
    expect(draw(decodeRle(rle))).toBe("... .#. .#. ...");
    expect(box).toEqual({ x0: 1, y0: 1, x1: 2, y1: 3 });
  });

  it("refuses an offset below 0", () => {
    expect(() => onePass(new Float32Array(4), 2, { height: 1, width: 1 }, -1)).toThrow("stabilityOffset");
  });
});
