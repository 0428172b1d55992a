import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyLabelMap, anyMask } from "../testing/arbitrary.ts";
import { draw, labels, mask } from "../testing/picture.ts";
import { componentsToRles, connectedComponents, labelMapComponents } from "./components.ts";
import type { Size } from "./geometry.ts";
import { decodeRle, encodeRle, rleArea, rleBox } from "./rle.ts";
import { unionRles } from "./rle-algebra.ts";

/** Labels in the order of the first pixel, by spreading from each pixel that has none yet. */
function componentsByFlood(
  data: Uint8Array,
  { height, width }: Size,
  connectivity: 4 | 8,
  least: number,
): number[] {
  const result = new Array<number>(data.length).fill(0);
  let count = 0;
  for (let seed = 0; seed < data.length; seed++) {
    if (data[seed] < least || result[seed] !== 0) continue;
    count++;
    const open = [seed];
    result[seed] = count;
    for (let p = open.pop(); p !== undefined; p = open.pop()) {
      for (let q = 0; q < data.length; q++) {
        const rows = Math.abs(Math.floor(p / width) - Math.floor(q / width));
        const columns = Math.abs((p % width) - (q % width));
        const touches = connectivity === 4 ? rows + columns <= 1 : Math.max(rows, columns) <= 1;
        if (touches && data[q] === data[seed] && result[q] === 0) {
          result[q] = count;
          open.push(q);
        }
      }
    }
  }
  expect(height * width).toBe(data.length);
  return result;
}

/** The same partition, numbered by first pixel. */
function byFirstPixel(values: ArrayLike<number>): number[] {
  const numbers = new Map<number, number>([[0, 0]]);
  return Array.from(values, (value) => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value) as number;
  });
}

describe("connectedComponents", () => {
  it("tells corners from edges", () => {
    const diagonal = mask("#.. .#. ..#");
    expect([...connectedComponents(diagonal, { connectivity: 8 }).labels]).toEqual([
      1, 0, 0, 0, 1, 0, 0, 0, 1,
    ]);
    expect([...connectedComponents(diagonal, { connectivity: 4 }).labels]).toEqual([
      1, 0, 0, 0, 2, 0, 0, 0, 3,
    ]);
  });

  it("measures area, box and centroid", () => {
    expect(connectedComponents(mask("##..# #...#")).components).toEqual([
      { area: 3, box: { x0: 0, y0: 0, x1: 2, y1: 2 }, centroid: { x: 1 / 3, y: 1 / 3 } },
      { area: 2, box: { x0: 4, y0: 0, x1: 5, y1: 2 }, centroid: { x: 4, y: 0.5 } },
    ]);
  });

  it("joins the arms of a U and of a comb from below", () => {
    expect(connectedComponents(mask("#.#.# #.#.# #####")).components.length).toBe(1);
    expect(connectedComponents(mask("#...# #.#.# #.### ###..")).components.length).toBe(1);
  });

  it("numbers as OpenCV: first pixel for 4, first 2×2 block for 8", () => {
    const two = mask("....# #....");
    expect([...connectedComponents(two, { connectivity: 4 }).labels]).toEqual([0, 0, 0, 0, 1, 2, 0, 0, 0, 0]);
    expect([...connectedComponents(two, { connectivity: 8 }).labels]).toEqual([0, 0, 0, 0, 2, 1, 0, 0, 0, 0]);
  });

  it("finds none in an empty mask and one in a full one", () => {
    expect(connectedComponents(mask("... ..."))).toEqual({
      height: 2,
      width: 3,
      labels: new Int32Array(6),
      components: [],
    });
    expect(connectedComponents(mask("### ###")).components).toEqual([
      { area: 6, box: { x0: 0, y0: 0, x1: 3, y1: 2 }, centroid: { x: 1, y: 0.5 } },
    ]);
    expect(connectedComponents(mask("#")).components.length).toBe(1);
  });

  it.each([4, 8] as const)("agrees with spreading from pixel to pixel (%d)", (connectivity) => {
    fc.assert(
      fc.property(anyMask(), (any) => {
        const { labels: found } = connectedComponents(any, { connectivity });
        expect(byFirstPixel(found)).toEqual(componentsByFlood(any.data, any, connectivity, 1));
      }),
    );
  });
});

describe("labelMapComponents", () => {
  it("splits every class, background and ignore too", () => {
    const { components, labels: found } = labelMapComponents(labels("0x1 110"));
    expect(components.map(({ classId, area }) => [classId, area])).toEqual([
      [0, 1],
      [255, 1],
      [1, 3],
      [0, 1],
    ]);
    expect([...found]).toEqual([1, 2, 3, 3, 3, 4]);
  });

  it.each([4, 8] as const)("agrees with spreading from pixel to pixel (%d)", (connectivity) => {
    fc.assert(
      fc.property(anyLabelMap(), (any) => {
        const { labels: found, components } = labelMapComponents(any, { connectivity });
        expect([...found]).toEqual(componentsByFlood(any.data, any, connectivity, 0));
        for (let p = 0; p < found.length; p++) expect(components[found[p] - 1].classId).toBe(any.data[p]);
      }),
    );
  });
});

describe("componentsToRles", () => {
  it("gives one mask a component, in their order", () => {
    const rles = componentsToRles(connectedComponents(mask("....# #....")));
    expect(rles.map((rle) => draw(decodeRle(rle)))).toEqual(["..... #....", "....# ....."]);
    expect(componentsToRles(connectedComponents(mask("...")))).toEqual([]);
  });

  it("agrees with areas and boxes, and together they are the mask", () => {
    fc.assert(
      fc.property(anyMask(), (any) => {
        const found = connectedComponents(any);
        const rles = componentsToRles(found);
        expect(rles.map(rleArea)).toEqual(found.components.map(({ area }) => area));
        expect(rles.map(rleBox)).toEqual(found.components.map(({ box }) => box));
        if (rles.length > 0) expect(unionRles(rles)).toEqual(encodeRle(any));
      }),
    );
  });
});
