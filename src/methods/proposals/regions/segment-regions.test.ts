import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Box } from "../../../core/geometry.ts";
import type { RgbImage } from "../../../core/image.ts";
import { random } from "../../../core/random.ts";
import { decodeRle, rleArea, rleBox } from "../../../core/rle.ts";
import { draw } from "../../../testing/picture.ts";
import { segmentRegions } from "./segment-regions.ts";

const SIDE = 16;

/** Gray levels by a drawing of digits, each a block of 16 × 16 pixels. */
function blocks(drawing: string): RgbImage {
  const rows = drawing.split(" ");
  const height = rows.length * SIDE;
  const width = rows[0].length * SIDE;
  const data = new Uint8Array(3 * height * width);
  for (let i = 0, p = 0; i < height; i++)
    for (let j = 0; j < width; j++, p += 3)
      data.fill(25 * Number(rows[Math.floor(i / SIDE)][Math.floor(j / SIDE)]), p, p + 3);
  return { height, width, data };
}

function noise(height: number, width: number, seed: string): RgbImage {
  const r = random(seed);
  return { height, width, data: Uint8Array.from({ length: 3 * height * width }, () => r.integer(256)) };
}

/** The mask of a box by blocks, which are nearly full or nearly empty: edges are a pixel wide. */
function answer(image: RgbImage, box: Box): string {
  const [{ rle }] = segmentRegions(image, [{ kind: "box", box }]);
  const { data } = decodeRle(rle);
  const height = image.height / SIDE;
  const width = image.width / SIDE;
  const small = new Uint16Array(height * width);
  for (let p = 0; p < data.length; p++) {
    const block =
      Math.floor(Math.floor(p / image.width) / SIDE) * width + Math.floor((p % image.width) / SIDE);
    small[block] += data[p];
  }
  const shares = Array.from(small, (count) => count / (SIDE * SIDE));
  expect(shares.filter((share) => share > 0.15 && share < 0.8)).toEqual([]);
  return draw({ height, width, data: Uint8Array.from(shares, (share) => (share > 0.5 ? 1 : 0)) });
}

describe("segmentRegions, boxes", () => {
  const steps = blocks("00000 05580 05580 00000");

  it("answers with the part or the whole, as the box asks", () => {
    expect(answer(steps, { x0: 16, y0: 16, x1: 48, y1: 48 })).toBe("..... .##.. .##.. .....");
    expect(answer(steps, { x0: 48, y0: 16, x1: 64, y1: 48 })).toBe("..... ...#. ...#. .....");
    expect(answer(steps, { x0: 16, y0: 16, x1: 64, y1: 48 })).toBe("..... .###. .###. .....");
  });

  it("finds an object that does not fill its box", () => {
    const cross = blocks("0000000 0009000 0009000 0999990 0009000 0009000 0000000");
    expect(answer(cross, { x0: 16, y0: 16, x1: 96, y1: 96 })).toBe(
      "....... ...#... ...#... .#####. ...#... ...#... .......",
    );
  });

  it("cuts a box at the picture's edge", () => {
    expect(answer(steps, { x0: -50, y0: -50, x1: 90, y1: 90 })).toBe("##### ##### ##### #####");
  });

  it("answers a box too thin for a pixel with the pixels it touches", () => {
    const thin: Box = { x0: 3.1, y0: 5.2, x1: 3.3, y1: 6.1 };
    const [{ rle, box, predictedIou }] = segmentRegions(steps, [{ kind: "box", box: thin }]);
    expect({ area: rleArea(rle), box }).toEqual({ area: 2, box: { x0: 3, y0: 5, x1: 4, y1: 7 } });
    expect(predictedIou).toBeGreaterThanOrEqual(0);
  });

  it("answers the one pixel of a picture", () => {
    const [{ area }] = segmentRegions(noise(1, 1, "one"), [
      { kind: "box", box: { x0: 0, y0: 0, x1: 1, y1: 1 } },
    ]);
    expect(area).toBe(1);
  });

  it("always answers with pixels in the box, and with a share as its score", () => {
    const image = noise(23, 31, "any box");
    const side = fc.double({ min: 0.01, max: 40, noNaN: true });
    const corner = fc.double({ min: -5, max: 20, noNaN: true });
    fc.assert(
      fc.property(corner, corner, side, side, (x, y, width, height) => {
        const box = { x0: x, y0: y, x1: x + width, y1: y + height };
        fc.pre(box.x1 > 0.01 && box.y1 > 0.01);
        const [mask] = segmentRegions(image, [{ kind: "box", box }]);
        expect(mask.area).toBeGreaterThan(0);
        expect(mask.area).toBe(rleArea(mask.rle));
        expect(mask.box).toEqual(rleBox(mask.rle));
        const { x0, y0, x1, y1 } = mask.box as Box;
        expect(x0).toBeGreaterThanOrEqual(Math.floor(box.x0));
        expect(y0).toBeGreaterThanOrEqual(Math.floor(box.y0));
        expect(x1).toBeLessThanOrEqual(Math.ceil(box.x1));
        expect(y1).toBeLessThanOrEqual(Math.ceil(box.y1));
        expect(mask.predictedIou).toBeGreaterThanOrEqual(0);
        expect(mask.predictedIou).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });
});

describe("segmentRegions", () => {
  const image = blocks("00000 05580 05580 00000");
  const part = { kind: "box", box: { x0: 16, y0: 16, x1: 48, y1: 48 } } as const;
  const point = { kind: "points", points: [{ x: 24, y: 24, positive: true }] } as const;

  it("answers mixed prompts in their order, each as alone", () => {
    const both = segmentRegions(image, [part, point, part]);
    expect(both).toEqual([part, point, part].flatMap((prompt) => segmentRegions(image, [prompt])));
    expect(both.map(({ stability }) => stability)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  it("has nothing to say without prompts", () => {
    expect(segmentRegions(image, [])).toEqual([]);
  });

  it.each([
    [{ kind: "box", box: { x0: 100, y0: 0, x1: 120, y1: 9 } } as const],
    [{ kind: "points", points: [] } as const],
    [{ kind: "points", points: [{ x: 1, y: 1, positive: false }] } as const],
    [{ kind: "points", points: [{ x: 99, y: 1, positive: true }] } as const],
  ])("refuses a prompt with nothing in the picture: %j", (prompt) => {
    expect(() => segmentRegions(image, [part, prompt])).toThrow(
      "segmentRegions: prompts[1]: expected a box or a positive point in the picture",
    );
  });
});
