import fc from "fast-check";
import { decode, encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { filteredPixels, makePng, type PngRecipe, pngChunk, pngHeader, pngStart } from "../testing/png.ts";
import { decodePng } from "./png-decode.ts";

/** Color type, its channels, and a depth it allows: all fifteen of PNG. */
const formats = [
  { colorType: 0, channels: 1, bitDepths: [1, 2, 4, 8, 16] },
  { colorType: 2, channels: 3, bitDepths: [8, 16] },
  { colorType: 3, channels: 1, bitDepths: [1, 2, 4, 8] },
  { colorType: 4, channels: 2, bitDepths: [8, 16] },
  { colorType: 6, channels: 4, bitDepths: [8, 16] },
].flatMap(({ bitDepths, ...format }) => bitDepths.map((bitDepth) => ({ ...format, bitDepth })));

/** Any small picture; half of the samples are 0, so that rows have runs. */
const recipes = fc
  .record({
    format: fc.constantFrom(...formats),
    height: fc.integer({ min: 1, max: 12 }),
    width: fc.integer({ min: 1, max: 12 }),
    filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }),
    isInterlaced: fc.boolean(),
    parts: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ format, height, width, ...rest }) => {
    const length = height * width * format.channels;
    const sample = fc.oneof(fc.constant(0), fc.nat(2 ** format.bitDepth - 1));
    return fc.record({
      ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, fc.constant(value)])),
      colorType: fc.constant(format.colorType),
      bitDepth: fc.constant(format.bitDepth),
      height: fc.constant(height),
      width: fc.constant(width),
      samples: fc.array(sample, { minLength: length, maxLength: length }),
    }) as fc.Arbitrary<PngRecipe>;
  });

describe("decodePng", () => {
  it("gives back the samples of any color type, depth, filter and interlacing", () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const { height, width, data } = decodePng(makePng(recipe), "a.png");
        expect({ height, width, samples: [...data] }).toEqual({
          height: recipe.height,
          width: recipe.width,
          samples: recipe.samples,
        });
      }),
      { numRuns: 500 },
    );
  });

  it("agrees with fast-png wherever that gives whole bytes", () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        fc.pre((recipe.bitDepth ?? 8) >= 8);
        const bytes = makePng(recipe);
        expect([...decodePng(bytes, "a.png").data]).toEqual([...decode(bytes).data]);
      }),
    );
  });

  it("reads what fast-png writes, interlaced or not", () => {
    const data = Uint8Array.from({ length: 5 * 7 * 3 }, (_, k) => (k * 37) & 255);
    for (const interlace of ["null", "Adam7"] as const) {
      const bytes = encode({ height: 5, width: 7, channels: 3, data }, { interlace });
      const { kind, isInterlaced, ...image } = decodePng(bytes, "a.png");
      expect({ kind, isInterlaced }).toEqual({ kind: "rgb", isInterlaced: interlace === "Adam7" });
      expect([...image.data]).toEqual([...data]);
    }
  });

  it("keeps the palette, and indices beyond it", () => {
    // Pillow writes a palette of 21 colors beside pixels of 255 (ignore) when it is given 21 colors.
    const bytes = makePng({
      height: 1,
      width: 3,
      colorType: 3,
      samples: [0, 1, 255],
      palette: Uint8Array.of(0, 0, 0, 128, 0, 0),
    });
    const { data, palette } = decodePng(bytes, "a.png");
    expect([...data]).toEqual([0, 1, 255]);
    expect([...(palette ?? [])]).toEqual([0, 0, 0, 128, 0, 0]);
  });

  it("passes over chunks it has no use for and bytes after the end", () => {
    const pixels = { height: 1, width: 2, samples: [3, 4] };
    const [start, rest] = [makePng(pixels).subarray(0, 33), makePng(pixels).subarray(33)];
    const text = pngChunk("tEXt", Buffer.from("Comment\0hello"));
    const bytes = Buffer.concat([start, text, rest, Buffer.from("trailing")]);
    expect([...decodePng(bytes, "a.png").data]).toEqual([3, 4]);
  });

  it("reads bytes that lie askew in their buffer", () => {
    const bytes = makePng({ height: 2, width: 3, samples: [1, 1, 0, 1, 1, 0], filters: [1, 2] });
    const askew = new Uint8Array(bytes.length + 3).subarray(3);
    askew.set(bytes);
    expect([...decodePng(askew, "a.png").data]).toEqual([1, 1, 0, 1, 1, 0]);
  });
});

describe("makePng", () => {
  it("writes the same filtered rows as the specification's examples", () => {
    const square = { height: 2, width: 2, samples: [10, 12, 20, 26] };
    expect([...filteredPixels({ ...square, filters: [0, 1] })]).toEqual([0, 10, 12, 1, 20, 6]);
    expect([...filteredPixels({ ...square, filters: [0, 2] })]).toEqual([0, 10, 12, 2, 10, 14]);
    expect([...filteredPixels({ ...square, filters: [0, 3] })]).toEqual([0, 10, 12, 3, 15, 10]);
    expect([...filteredPixels({ ...square, filters: [0, 4] })]).toEqual([0, 10, 12, 4, 10, 6]);
    expect(pngStart.length + pngHeader(square).length).toBe(33);
  });
});
