import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectedComponents } from "../../../core/components.ts";
import type { Mask } from "../../../core/mask.ts";
import { decodeRle, encodeRle } from "../../../core/rle.ts";
import { draw, mask } from "../../../testing/picture.ts";
import { fillHoles, removeIslands, removeSmallRegions } from "./small-regions.ts";

function cleaned(drawing: string, minArea: number): string {
  return draw(decodeRle(removeSmallRegions(encodeRle(mask(drawing)), minArea)));
}

describe("removeSmallRegions", () => {
  it("fills holes and then removes islands", () => {
    expect(cleaned("####.. #.##.. ####.# ......", 2)).toBe("####.. ####.. ####.. ......");
  });

  it("gives back the very mask that has nothing to clean", () => {
    for (const drawing of ["...", "##. ##.", "#.#"]) {
      const rle = encodeRle(mask(drawing));
      expect(removeSmallRegions(rle, 1)).toBe(rle);
    }
  });

  it("counts corners as neighbors", () => {
    expect(cleaned("#.... .#... ..#.. .....", 3)).toBe("#.... .#... ..#.. .....");
    expect(cleaned("#.... .#... ..#.. .....", 4)).toBe("#.... .#... ..#.. .....");
    expect(cleaned("#...# .#... ..#.. .....", 2)).toBe("#.... .#... ..#.. .....");
  });

  it("fills small corners of the background, as the original does", () => {
    expect(cleaned("##. ### ###", 2)).toBe("### ### ###");
  });

  it("keeps the largest island when all are small, the first of equals", () => {
    expect(cleaned("#..## ..... #....", 9)).toBe("...## ..... .....");
    expect(cleaned("#..#. ..... .....", 9)).toBe("#.... ..... .....");
  });

  it("leaves an empty mask empty and a full one full", () => {
    expect(cleaned("...... ......", 3)).toBe("...... ......");
    expect(cleaned("### ###", 9)).toBe("### ###");
  });

  it("takes more runs than a call takes arguments", () => {
    const counts = new Uint32Array(300_000).fill(2);
    counts[0] = 0;
    counts[2] = 1; // the only hole to be filled
    const height = counts.reduce((sum, count) => sum + count);
    const { counts: cleaned } = removeSmallRegions({ height, width: 1, counts }, 2);
    expect(cleaned.length).toBe(counts.length - 2);
    expect([...cleaned.subarray(0, 2)]).toEqual([0, 5]);
    expect(cleaned.subarray(2).every((count) => count === 2)).toBe(true);
  });

  it("does on runs what components of pixels say (property)", () => {
    const picture = fc
      .tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }))
      .chain(([height, width]) =>
        fc
          .array(fc.boolean(), { minLength: height * width, maxLength: height * width })
          .map((bits): Mask => ({ height, width, data: Uint8Array.from(bits, Number) })),
      );
    fc.assert(
      fc.property(picture, fc.integer({ min: 1, max: 12 }), (given, minArea) => {
        const rle = encodeRle(given);
        const filled = byPixels(given, minArea, 0);
        expect(fillHoles(rle, minArea)).toEqual(encodeRle(filled));
        expect(removeIslands(rle, minArea)).toEqual(encodeRle(byPixels(given, minArea, 1)));
        expect(removeSmallRegions(rle, minArea)).toEqual(encodeRle(byPixels(filled, minArea, 1)));
      }),
      { numRuns: 300 },
    );
  });
});

/** As the original, with components in OpenCV's order. */
function byPixels({ height, width, data }: Mask, minArea: number, value: 0 | 1): Mask {
  const of = { height, width, data: data.map((bit) => (bit === value ? 1 : 0)) };
  const { labels, components } = connectedComponents(of);
  const areas = components.map(({ area }) => area);
  let isSmall = areas.map((area) => area < minArea);
  if (value === 1 && areas.length > 0 && isSmall.every(Boolean)) {
    const largest = areas.indexOf(Math.max(...areas));
    isSmall = areas.map((_, k) => k !== largest);
  }
  return {
    height,
    width,
    data: data.map((bit, p) => (labels[p] > 0 && isSmall[labels[p] - 1] ? 1 - bit : bit)),
  };
}
