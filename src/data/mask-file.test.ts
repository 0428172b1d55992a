import fc from "fast-check";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { draw, labels, mask } from "../testing/picture.ts";
import { makePng } from "../testing/png.ts";
import { encodeLabelMap } from "./label-file.ts";
import { decodeMaskRle, encodeMask, readMaskRle } from "./mask-file.ts";

/** One number a run, counted pixel by pixel down the columns. */
function countPlainly(samples: readonly number[], height: number, width: number): number[] {
  const counts: number[] = [];
  let value = 0;
  let run = 0;
  for (let j = 0; j < width; j++) {
    for (let i = 0; i < height; i++) {
      const isSet = samples[i * width + j] === 0 ? 0 : 1;
      if (isSet === value) run++;
      else {
        counts.push(run);
        run = 1;
        value = isSet;
      }
    }
  }
  return [...counts, run];
}

/** How a mask may be stored: the format, the value of a set pixel, and what the reader calls it. */
const storages = [
  { colorType: 0, bitDepth: 8, set: 255, encoding: "0/255" },
  { colorType: 0, bitDepth: 8, set: 1, encoding: "0/1" },
  { colorType: 0, bitDepth: 4, set: 15, encoding: "0/255" },
  { colorType: 0, bitDepth: 4, set: 1, encoding: "0/1" },
  { colorType: 0, bitDepth: 2, set: 3, encoding: "0/255" },
  { colorType: 0, bitDepth: 1, set: 1, encoding: "1-bit" },
  { colorType: 3, bitDepth: 8, set: 255, encoding: "0/255" },
  { colorType: 3, bitDepth: 8, set: 1, encoding: "palette" },
  { colorType: 3, bitDepth: 1, set: 1, encoding: "palette" },
] as const;

const filterLists = fc.oneof(
  fc.constantFrom([1], [0], [0, 1]),
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 }),
);

/** Random masks with rows of long runs, so that edges of neighboring rows coincide, nest and cross. */
const drawings = fc
  .record({ height: fc.integer({ min: 1, max: 20 }), width: fc.integer({ min: 1, max: 20 }) })
  .chain(({ height, width }) =>
    fc.record({
      height: fc.constant(height),
      width: fc.constant(width),
      rows: fc.array(fc.array(fc.nat(width), { maxLength: 6 }), { minLength: height, maxLength: height }),
    }),
  )
  .map(({ height, width, rows }) => ({
    height,
    width,
    data: rows.flatMap((edges) =>
      Array.from({ length: width }, (_, j) => edges.filter((edge) => edge <= j).length & 1),
    ),
  }));

describe("decodeMaskRle", () => {
  it("equals counting pixels, however the mask is stored", () => {
    fc.assert(
      fc.property(
        drawings,
        fc.constantFrom(...storages),
        filterLists,
        fc.boolean(),
        ({ height, width, data }, { set, encoding, ...format }, filters, isInterlaced) => {
          const samples = data.map((value) => value * set);
          const bytes = makePng({ height, width, ...format, samples, filters, isInterlaced });
          const { rle, ...file } = decodeMaskRle(bytes, "0.png");
          expect({ ...rle, counts: [...rle.counts] }).toEqual({
            height,
            width,
            counts: countPlainly(data, height, width),
          });
          expect(file.encoding).toBe(data.includes(1) ? encoding : "0/255");
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["a clear pixel", ".", [1]],
    ["a set pixel", "#", [0, 1]],
    ["an empty mask", "... ...", [6]],
    ["a full mask", "### ###", [0, 6]],
    ["a full mask in one row", "####", [0, 4]],
    ["a full mask in one column", "# # #", [0, 3]],
    ["columns that touch bottom to top", ".## ##.", [1, 4, 1]],
    ["a bottom that does not touch", ".#. ##.", [1, 3, 2]],
    ["a set last pixel", "... ..#", [5, 1]],
    ["a checkerboard", "#.# .#.", [0, 1, 2, 2, 1]],
    ["a ring", "#### #..# ####", [0, 4, 1, 2, 1, 4]],
  ])("reads %s", (_, drawing, counts) => {
    const { height, width, data } = mask(drawing);
    for (const filters of [[0], [1], [2], [3], [4]]) {
      const samples = [...data].map((value) => value * 255);
      const { rle } = decodeMaskRle(makePng({ height, width, samples, filters }), "0.png");
      expect([...rle.counts]).toEqual(counts);
    }
  });

  it.each([
    [
      "a gray value",
      [0, 0, 128, 0, 0, 0],
      "row 0, column 2: expected a mask of 0 and 255, or of 0 and 1, got 128",
    ],
    [
      "255 after 1",
      [0, 1, 1, 0, 255, 0],
      "row 1, column 1: expected 0 or 1 as in the pixels before, got 255",
    ],
    [
      "1 after 255",
      [0, 255, 1, 0, 0, 0],
      "row 0, column 2: expected 0 or 255 as in the pixels before, got 1",
    ],
    ["a class map", [0, 1, 2, 3, 4, 5], "row 0, column 2: expected 0 or 1 as in the pixels before, got 2"],
  ])("refuses %s", (_, samples, message) => {
    for (const filters of [[0], [1], [2], [3], [4]])
      expect(() => decodeMaskRle(makePng({ height: 2, width: 3, samples, filters }), "0.png")).toThrow(
        `0.png: ${message}`,
      );
  });

  it("refuses every value but 0, 1 and 255, wherever it stands in a word", () => {
    for (let value = 2; value < 255; value++) {
      const samples = Array.from({ length: 33 }, (_, j) => (j === value % 33 ? value : 0));
      expect(() => decodeMaskRle(makePng({ height: 1, width: 33, samples, filters: [1] }), "0.png")).toThrow(
        `row 0, column ${value % 33}: expected a mask of 0 and 255, or of 0 and 1, got ${value}`,
      );
    }
  });

  it("refuses 16 bits and more than one channel", () => {
    const one = { height: 1, width: 1 };
    expect(() => decodeMaskRle(makePng({ ...one, bitDepth: 16, samples: [255] }), "0.png")).toThrow(
      "0.png: expected a mask of at most 8 bits, got 16 bits",
    );
    expect(() => decodeMaskRle(makePng({ ...one, colorType: 2, samples: [255, 255, 255] }), "0.png")).toThrow(
      "0.png: expected a mask of one channel (gray or palette), got a picture of kind rgb",
    );
  });

  it("takes a label map of one class for the mask of that class", () => {
    const { rle, encoding } = decodeMaskRle(encodeLabelMap(labels("011 001")), "0.png");
    expect([[...rle.counts], encoding]).toEqual([[2, 1, 1, 2], "palette"]);
  });
});

describe("encodeMask", () => {
  it.each([".", "#", ".#. ###", "... ...", "## ## ##"])("writes %s as 0 and 255", (drawing) => {
    const bytes = encodeMask(mask(drawing));
    const { height, width, data } = decode(bytes);
    expect(draw({ height, width, data: Uint8Array.from(data, (value) => value / 255) })).toBe(drawing);
    expect(decodeMaskRle(bytes, "0.png").encoding).toBe("0/255");
  });
});

describe("readMaskRle", () => {
  it("says where nothing is", () => {
    expect(() => readMaskRle("no/such/0.png")).toThrow("no/such/0.png: expected a file, got nothing there");
  });
});
