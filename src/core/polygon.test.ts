import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMask, anySize } from "../testing/arbitrary.ts";
import { draw, mask } from "../testing/picture.ts";
import { connectedComponents } from "./components.ts";
import type { Size } from "./geometry.ts";
import { boxToRle, maskToPolygons, polygonsToRle, polygonToRle } from "./polygon.ts";
import { decodeRle, encodeRle, type Rle } from "./rle.ts";
import { encodeRleString } from "./rle-string.ts";

const drawn = (rle: Rle): string => draw(decodeRle(rle));

/** The definition: walk every point of the outline in fifths of a pixel, keep one for each column center it passes. */
function polygonByWalking(points: readonly number[], { height, width }: Size): Rle {
  const fine = points.map((value) => Math.trunc(5 * value + 0.5));
  const walked: { u: number; v: number }[] = [];
  for (let n = 0; n < fine.length; n += 2) {
    const from = { u: fine[n], v: fine[n + 1] };
    const to = { u: fine[(n + 2) % fine.length], v: fine[(n + 3) % fine.length] };
    const [du, dv] = [Math.abs(to.u - from.u), Math.abs(to.v - from.v)];
    const isFlat = du >= dv;
    const isBackward = isFlat ? from.u > to.u : from.v > to.v;
    const [a, b] = isBackward ? [to, from] : [from, to];
    const line = Array.from({ length: Math.max(du, dv) + 1 }, (_, t) =>
      isFlat
        ? { u: a.u + t, v: Math.trunc(a.v + ((b.v - a.v) / du) * t + 0.5) }
        : { u: Math.trunc(a.u + ((b.u - a.u) / dv) * t + 0.5), v: a.v + t },
    );
    walked.push(...(isBackward ? line.reverse() : line));
  }
  const data = new Uint8Array(height * width); // column-major
  for (let n = 1; n < walked.length; n++) {
    const [u, before] = [walked[n].u, walked[n - 1].u];
    const x = (Math.min(u, before) + 0.5) / 5 - 0.5;
    if (u === before || !Number.isInteger(x) || x < 0 || x >= width) continue;
    const y = (Math.min(walked[n].v, walked[n - 1].v) + 0.5) / 5 - 0.5;
    const first = x * height + Math.ceil(Math.min(Math.max(y, 0), height));
    for (let q = first; q < data.length; q++) data[q] ^= 1;
  }
  const columns = encodeRle({ height: data.length, width: 1, data });
  return { height, width, counts: columns.counts };
}

describe("polygonToRle", () => {
  it.each([
    ["whole pixels", [1, 1, 4, 1, 4, 3, 1, 3], "..... .###. .###. ....."],
    ["beyond the picture", [-9, -9, 99, -9, 99, 2, -9, 2], "##### ##### ..... ....."],
    ["a triangle", [0, 0, 5, 0, 0, 4], "####. ###.. ##... #...."],
    [
      "even-odd where it overlaps itself",
      [0, 0, 5, 0, 5, 4, 0, 4, 0, 0, 2, 0, 2, 4, 0, 4],
      "..### ..### ..### ..###",
    ],
    ["no width", [2, 0, 2, 4, 2, 2], "..... ..... ..... ....."],
    ["one point", [2, 2, 2, 2, 2, 2], "..... ..... ..... ....."],
    ["outside", [9, 9, 12, 9, 12, 12], "..... ..... ..... ....."],
    [
      "a column center inside, a row center not",
      [1.4, 1.6, 1.6, 1.6, 1.6, 1.9, 1.4, 1.9],
      "..... ..... ..... .....",
    ],
  ])("draws %s", (_, points, drawing) => {
    expect(drawn(polygonToRle(points, { height: 4, width: 5 }))).toBe(drawing);
  });

  it("draws pycocotools' figures", () => {
    const size = { height: 50, width: 70 };
    expect(encodeRleString(polygonToRle([10, 10, 30, 10, 30, 30, 10, 30], size))).toBe(
      "n?d0n00000000000000000000000000000000000000Vn1",
    );
    expect(encodeRleString(polygonToRle([0, 0, 70, 0, 70, 50, 0, 50], size))).toBe("0\\]3");
  });

  it("draws what walking along every edge draws", () => {
    const anyCorners = fc.array(fc.tuple(anyCoordinate, anyCoordinate), { minLength: 3, maxLength: 8 });
    fc.assert(
      fc.property(anyCorners, anySize(12), (corners, size) => {
        expect(polygonToRle(corners.flat(), size)).toEqual(polygonByWalking(corners.flat(), size));
      }),
      { numRuns: 500 },
    );
  });

  it("does not care where the outline starts or which way it goes", () => {
    const anyCorners = fc.array(fc.tuple(anyCoordinate, anyCoordinate), { minLength: 3, maxLength: 8 });
    fc.assert(
      fc.property(anyCorners, anySize(12), (corners, size) => {
        const rle = polygonToRle(corners.flat(), size);
        expect(polygonToRle(corners.toReversed().flat(), size)).toEqual(rle);
        expect(polygonToRle([...corners.slice(1), corners[0]].flat(), size)).toEqual(rle);
      }),
    );
  });

  it.each([
    [[1, 2, 3, 4], "a.json: expected x, y of three or more corners, got 4 numbers"],
    [[1, 2, 3, 4, 5, 6, 7], "a.json: expected x, y of three or more corners, got 7 numbers"],
    [[0, 0, 1, Number.NaN, 1, 1], "a.json[3]: expected a number within ±100000000, got NaN"],
    [[0, 0, 1, 1e300, 1, 1], "a.json[3]: expected a number within ±100000000, got 1e+300"],
    [[0, 0, "1", 1, 1, 1], "a.json[2]: expected a number within ±100000000, got 1"],
  ])("refuses %j", (points, message) => {
    expect(() => polygonToRle(points as number[], { height: 2, width: 3 }, "a.json")).toThrow(
      expect.objectContaining({ code: "BAD_FORMAT", message }),
    );
  });

  it("is quick and small however long the edges are", () => {
    const far = 1e8;
    const points = Array.from({ length: 2000 }, (_, n) => [n % 2 === 0 ? -far : far, n]).flat();
    expect(polygonToRle(points, { height: 2000, width: 10 }).height).toBe(2000);
    expect(() => polygonToRle(points, { height: 1, width: far })).toThrow(
      /edges over at most 100000000 pixel columns/,
    );
  });
});

describe("polygonsToRle", () => {
  it("is the union", () => {
    const size = { height: 2, width: 5 };
    expect(
      drawn(
        polygonsToRle(
          [
            [0, 0, 2, 0, 2, 2, 0, 2],
            [1, 0, 4, 0, 4, 1, 1, 1],
          ],
          size,
        ),
      ),
    ).toBe("####. ##...");
    expect(drawn(polygonsToRle([], size))).toBe("..... .....");
  });

  it("names the polygon that is wrong", () => {
    const polygons = [
      [0, 0, 2, 0, 2, 2],
      [1, 0],
    ];
    expect(() => polygonsToRle(polygons, { height: 2, width: 5 }, "a.json: segmentation")).toThrow(
      "a.json: segmentation[1]: expected x, y of three or more corners, got 2 numbers",
    );
  });
});

describe("boxToRle", () => {
  it("sets the pixels pycocotools sets", () => {
    const size = { height: 50, width: 70 };
    expect(encodeRleString(boxToRle({ x0: 2, y0: 3, x1: 12, y1: 15 }, size))).toBe(
      "W3<V100000000000000000aj2",
    );
    expect(encodeRleString(boxToRle({ x0: 5.5, y0: 6.5, x1: 15.7, y1: 9.8 }, size))).toBe(
      "c93_100000000000000000Ud2",
    );
    expect(encodeRleString(boxToRle({ x0: -3, y0: -4, x1: 7, y1: 8 }, size))).toBe("08Z100000000000^R3");
  });
});

describe("maskToPolygons", () => {
  it.each([
    ["... ...", []],
    [".#. ...", [[1, 0, 2, 0, 2, 1, 1, 1]]],
    ["#. .#", [[0, 0, 1, 0, 1, 1, 2, 1, 2, 2, 1, 2, 1, 1, 0, 1]]],
    ["#.# ###", [[0, 0, 1, 0, 1, 1, 2, 1, 2, 0, 3, 0, 3, 2, 0, 2]]],
    [
      "#.#",
      [
        [0, 0, 1, 0, 1, 1, 0, 1],
        [2, 0, 3, 0, 3, 1, 2, 1],
      ],
    ],
  ])("follows pixel edges: %s", (drawing, polygons) => {
    expect(maskToPolygons(mask(drawing))).toEqual(polygons);
  });

  it("joins a hole to its ring by a seam", () => {
    const ring = [0, 0, 3, 0, 3, 3, 0, 3];
    const hole = [1, 2, 2, 2, 2, 1, 1, 1];
    expect(maskToPolygons(mask("### #.# ###"))).toEqual([[...ring, 0, 0, ...hole, 1, 2]]);
  });

  it("is drawn back exactly, one polygon a component, with the component's area", () => {
    fc.assert(
      fc.property(anyMask(12), (any) => {
        const polygons = maskToPolygons(any);
        expect(polygonsToRle(polygons, any)).toEqual(encodeRle(any));
        const { components } = connectedComponents(any);
        expect(polygons.map(shoelaceArea)).toEqual(components.map(({ area }) => area));
      }),
      { numRuns: 300 },
    );
  });
});

const anyCoordinate = fc.oneof(
  fc.integer({ min: -4, max: 16 }),
  fc.integer({ min: -40, max: 160 }).map((tenths) => tenths / 10),
  fc.double({ min: -30, max: 40, noNaN: true }),
);

function shoelaceArea(points: readonly number[]): number {
  let doubleArea = 0;
  for (let n = 0; n < points.length; n += 2) {
    const m = (n + 2) % points.length;
    doubleArea += points[n] * points[m + 1] - points[m] * points[n + 1];
  }
  return doubleArea / 2;
}
