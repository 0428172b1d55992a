import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMask } from "../testing/arbitrary.ts";
import { draw, mask } from "../testing/picture.ts";
import { dilate, erode, fillHoles, removeSmallRegions } from "./morphology.ts";

describe("dilate", () => {
  it("grows by a square or a cross", () => {
    const dot = mask("..... ..... ..#.. ..... .....");
    expect(draw(dilate(dot))).toBe("..... .###. .###. .###. .....");
    expect(draw(dilate(dot, { shape: "cross" }))).toBe("..... ..#.. .###. ..#.. .....");
    expect(draw(dilate(dot, { radius: 2, shape: "cross" }))).toBe("..#.. ..#.. ##### ..#.. ..#..");
    expect(draw(dilate(dot, { radius: 9 }))).toBe("##### ##### ##### ##### #####");
  });

  it("leaves a mask alone at radius 0, and an empty one at any", () => {
    expect(draw(dilate(mask("#.. ..#"), { radius: 0 }))).toBe("#.. ..#");
    expect(draw(dilate(mask("... ..."), { radius: 5 }))).toBe("... ...");
    expect(draw(dilate(mask("... ..."), { radius: 2 ** 31 - 1 }))).toBe("... ...");
    expect(draw(dilate(mask("... ..."), { radius: 2 ** 53 }))).toBe("... ...");
  });

  it("agrees with looking under the shape", () => {
    const anyShape = fc.constantFrom("square" as const, "cross" as const);
    fc.assert(
      fc.property(anyMask(), fc.integer({ min: 0, max: 4 }), anyShape, (any, radius, shape) => {
        const { height, width, data } = any;
        const expected = data.map((_, p) => {
          const [i, j] = [Math.floor(p / width), p % width];
          return +data.some((value, q) => {
            const [rows, columns] = [Math.abs(Math.floor(q / width) - i), Math.abs((q % width) - j)];
            const isUnder = shape === "square" || rows === 0 || columns === 0;
            return value === 1 && Math.max(rows, columns) <= radius && isUnder;
          });
        });
        expect(dilate(any, { radius, shape })).toEqual({ height, width, data: expected });
      }),
    );
  });

  it("refuses a radius that is no whole number", () => {
    expect(() => dilate(mask("#"), { radius: 1.5 })).toThrow(
      "dilate: radius: expected an integer >= 0, got 1.5",
    );
    expect(() => erode(mask("#"), { radius: -1 })).toThrow("erode: radius: expected an integer >= 0, got -1");
  });
});

describe("erode", () => {
  it("shrinks, but not from the edge of the picture", () => {
    expect(draw(erode(mask("###.. ###.. ###.. .....")))).toBe("##... ##... ..... .....");
    expect(draw(erode(mask("### ### ###"), { radius: 3 }))).toBe("### ### ###");
    expect(draw(erode(mask("..... .###. .###. .###. ....."), { shape: "cross" }))).toBe(
      "..... ..... ..#.. ..... .....",
    );
  });

  it("is dilation of what is not set", () => {
    fc.assert(
      fc.property(anyMask(), fc.integer({ min: 0, max: 3 }), (any, radius) => {
        const not = { ...any, data: any.data.map((value) => 1 - value) };
        const grown = dilate(not, { radius });
        expect(erode(any, { radius }).data).toEqual(grown.data.map((value) => 1 - value));
      }),
    );
  });
});

describe("fillHoles", () => {
  it("leaves its input alone, a Node Buffer too, whose slice() shares memory", () => {
    const { data, ...size } = mask("### #.# ###");
    const given = { ...size, data: Buffer.from(data) };
    expect(draw(fillHoles(given))).toBe("### ### ###");
    expect(draw(given)).toBe("### #.# ###");
  });

  it.each([
    ["### #.# ###", "### ### ###"],
    ["#.# #.# ###", "#.# #.# ###"], // open at the edge of the picture
    [".#. #.# .#.", ".#. ### .#."], // closed at corners: holes are 4-connected
    ["##### #.#.# #####", "##### ##### #####"],
    ["...", "..."],
    ["###", "###"],
  ])("fills %s", (drawing, filled) => {
    expect(draw(fillHoles(mask(drawing)))).toBe(filled);
  });

  it("leaves larger holes when told", () => {
    expect(draw(fillHoles(mask("###### #.#..# ######"), { maxArea: 1 }))).toBe("###### ###..# ######");
  });
});

describe("removeSmallRegions", () => {
  const holes = (drawing: string, minArea: number) =>
    removeSmallRegions(mask(drawing), { minArea, mode: "holes" });
  const islands = (drawing: string, minArea: number) =>
    removeSmallRegions(mask(drawing), { minArea, mode: "islands" });

  it("fills holes below the area", () => {
    const { mask: filled, isChanged } = holes("###### #.#..# ######", 2);
    expect(draw(filled)).toBe("###### ###..# ######");
    expect(isChanged).toBe(true);
    expect(holes("###### #.#..# ######", 1).isChanged).toBe(false);
  });

  it("counts the surroundings as a hole, and joins holes over corners", () => {
    expect(draw(holes("##. ###", 2).mask)).toBe("### ###");
    expect(holes("#### #.## ##.# ####", 2).isChanged).toBe(false);
    expect(draw(holes("...", 4).mask)).toBe("###");
  });

  it("removes islands below the area", () => {
    const { mask: cleaned, isChanged } = islands("##..# ##... ....#", 2);
    expect(draw(cleaned)).toBe("##... ##... .....");
    expect(isChanged).toBe(true);
    expect(islands("##..# ##..#", 2).isChanged).toBe(false);
  });

  it("keeps the largest island when all are small, the first of equals by 2×2 block", () => {
    expect(draw(islands("#.## ....", 9).mask)).toBe("..## ....");
    expect(draw(islands("....# #....", 9).mask)).toBe("..... #....");
    expect(islands("#", 9)).toEqual({ mask: mask("#"), isChanged: true });
  });

  it("leaves an empty mask without islands, a full one without holes", () => {
    expect(islands("... ...", 9)).toEqual({ mask: mask("... ..."), isChanged: false });
    expect(holes("### ###", 9)).toEqual({ mask: mask("### ###"), isChanged: false });
  });
});
