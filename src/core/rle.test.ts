import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyLabelMap, anyMask } from "../testing/arbitrary.ts";
import { draw, drawLabels, labels, mask } from "../testing/picture.ts";
import { MAX_PIXELS } from "./limits.ts";
import { decodeRle, encodeRle, labelMapToRles, paintRle, rleArea, rleBox, validateRle } from "./rle.ts";

/** The RLE with these counts. */
function rle(height: number, width: number, ...counts: number[]) {
  return { height, width, counts: Uint32Array.from(counts) };
}

describe("encodeRle", () => {
  it.each([
    [".", [1]],
    ["#", [0, 1]],
    ["... ...", [6]],
    ["### ###", [0, 6]],
    [".#. ###", [1, 3, 1, 1]], // columns: .# ## .#
    ["#.. ...", [0, 1, 5]],
    ["... ..#", [5, 1]],
    ["##.#", [0, 2, 1, 1]],
    [". # # .", [1, 2, 1]],
  ])("counts %s by columns, zeros first", (drawing, counts) => {
    expect([...encodeRle(mask(drawing)).counts]).toEqual(counts);
  });

  it("takes any value but 0 as set", () => {
    const data = Uint8Array.of(0, 255, 7, 0);
    expect([...encodeRle({ height: 4, width: 1, data }).counts]).toEqual([1, 2, 1]);
  });

  it("holds a picture in which every pixel is a run", () => {
    const data = Uint8Array.from({ length: 3 * 2001 }, (_, p) => p % 2);
    const { counts } = encodeRle({ height: 3, width: 2001, data });
    expect(counts.length).toBe(3 * 2001);
    expect(counts.every((count) => count === 1)).toBe(true);
  });
});

describe("decodeRle", () => {
  it("gives back every mask", () => {
    fc.assert(
      fc.property(anyMask(), (any) => {
        expect(decodeRle(encodeRle(any))).toEqual(any);
      }),
    );
  });

  it("takes empty runs for nothing", () => {
    expect(draw(decodeRle(rle(2, 3, 0, 0, 1, 1, 0, 2, 0, 0, 2)))).toBe(".#. ##.");
  });
});

describe("paintRle", () => {
  it("writes the set pixels and leaves the others", () => {
    const map = labels("11x 000");
    paintRle(map.data, encodeRle(mask("#.# .##")), 5);
    expect(drawLabels(map)).toBe("515 055");
  });
});

describe("rleArea and rleBox", () => {
  it("are the count and the tight box of the set pixels", () => {
    fc.assert(
      fc.property(anyMask(), (any) => {
        const pixels = [...any.data.keys()].filter((p) => any.data[p] === 1);
        const rows = pixels.map((p) => Math.floor(p / any.width));
        const columns = pixels.map((p) => p % any.width);
        const box = {
          x0: Math.min(...columns),
          y0: Math.min(...rows),
          x1: Math.max(...columns) + 1,
          y1: Math.max(...rows) + 1,
        };
        expect(rleArea(encodeRle(any))).toBe(pixels.length);
        expect(rleBox(encodeRle(any))).toEqual(pixels.length === 0 ? null : box);
      }),
    );
  });

  it("see nothing in empty runs", () => {
    expect(rleArea(rle(2, 3, 1, 0, 5))).toBe(0);
    expect(rleBox(rle(2, 3, 1, 0, 5))).toBe(null);
    expect(rleBox(rle(2, 3, 0, 0, 3, 1, 2, 0))).toEqual({ x0: 1, y0: 1, x1: 2, y1: 2 });
  });
});

describe("labelMapToRles", () => {
  it("gives every id its pixels, background and ignore too, ascending", () => {
    const rles = labelMapToRles(labels("x10 x12"));
    expect([...rles].map(([id, one]) => [id, draw(decodeRle(one))])).toEqual([
      [0, "..# ..."],
      [1, ".#. .#."],
      [2, "... ..#"],
      [255, "#.. #.."],
    ]);
  });

  it("equals encoding each id by itself", () => {
    fc.assert(
      fc.property(anyLabelMap(), (any) => {
        const rles = labelMapToRles(any);
        expect([...rles.keys()]).toEqual([...new Set(any.data)].sort((a, b) => a - b));
        for (const [id, one] of rles)
          expect(one).toEqual(encodeRle({ ...any, data: any.data.map((value) => (value === id ? 1 : 0)) }));
      }),
    );
  });
});

describe("validateRle", () => {
  it("takes counts that fill the picture, from a list or an array", () => {
    expect(validateRle({ height: 2, width: 3, counts: [1, 3, 1, 1] })).toEqual(rle(2, 3, 1, 3, 1, 1));
    expect(validateRle(rle(2, 3, 0, 6))).toEqual(rle(2, 3, 0, 6));
  });

  it.each<[string, { height: number; width: number; counts: unknown[] }]>([
    ["a.json: counts: expected a sum of 6 (2×3), got 7", { height: 2, width: 3, counts: [1, 6] }],
    ["a.json: counts: expected a sum of 6 (2×3), got 0", { height: 2, width: 3, counts: [] }],
    ["a.json: counts[1]: expected an integer >= 0, got -1", { height: 2, width: 3, counts: [7, -1] }],
    ["a.json: counts[0]: expected an integer >= 0, got 1.5", { height: 2, width: 3, counts: [1.5, 4.5] }],
    ["a.json: counts[0]: expected an integer >= 0, got NaN", { height: 2, width: 3, counts: [Number.NaN] }],
    ["a.json: counts[0]: expected an integer >= 0, got 6", { height: 2, width: 3, counts: ["6"] }],
  ])("refuses: %s", (message, value) => {
    expect(() => validateRle(value, "a.json")).toThrow(
      expect.objectContaining({ code: "BAD_FORMAT", message }),
    );
  });

  it.each([
    [0, 3],
    [2, -3],
    [2.5, 2],
    [60_000, 60_000],
    [1, MAX_PIXELS + 1],
    [Number.NaN, 1],
  ])("refuses the size %d×%d", (height, width) => {
    expect(() => validateRle({ height, width, counts: [height * width] })).toThrow(
      `rle: expected a height and width of at least 1 and at most 100000000 pixels, got ${height}×${width}`,
    );
  });
});
