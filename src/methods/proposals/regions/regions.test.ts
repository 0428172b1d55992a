import { describe, expect, it } from "vitest";
import { MaskwrightError } from "../../../core/error.ts";
import type { RgbImage } from "../../../core/image.ts";
import { rleIou } from "../../../core/iou.ts";
import { random } from "../../../core/random.ts";
import { decodeRle } from "../../../core/rle.ts";
import { draw } from "../../../testing/picture.ts";
import { proposalsForRefinement } from "./refinement.ts";
import { buildRegionGraph } from "./region-graph.ts";
import { proposeRegions } from "./regions.ts";

const gray: Rgb = [120, 120, 120];
const red: Rgb = [200, 30, 40];
const blue: Rgb = [30, 60, 200];

type Rgb = readonly [number, number, number];

function paint(height: number, width: number, colorAt: (i: number, j: number) => Rgb): RgbImage {
  const data = new Uint8Array(3 * height * width);
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) data.set(colorAt(i, j), 3 * (i * width + j));
  return { height, width, data };
}

const isInside = (i: number, j: number, from: number, to: number): boolean =>
  i >= from && i < to && j >= from && j < to;

/** Smooth blobs of color under noise: enough structure for hundreds of regions. */
function clouds(height: number, width: number): RgbImage {
  const { between, normal } = random("clouds");
  const waves = Array.from({ length: 12 }, () => [between(-0.2, 0.2), between(-0.2, 0.2), between(0, 6)]);
  return paint(height, width, (i, j) => {
    const value = (k: number): number =>
      waves.slice(4 * k, 4 * k + 4).reduce((sum, [y, x, phase]) => sum + Math.sin(y * i + x * j + phase), 0);
    const channel = (k: number): number => Math.min(255, Math.max(0, 128 + 50 * value(k) + 8 * normal()));
    return [channel(0), channel(1), channel(2)];
  });
}

describe("proposeRegions", () => {
  it("finds a square, and the square inside it, pixel by pixel", () => {
    const image = paint(40, 60, (i, j) =>
      isInside(i, j, 12, 20) ? blue : isInside(i, j, 8, 32) ? red : gray,
    );
    const drawings = proposeRegions(image).map(({ rle }) => draw(decodeRle(rle)));
    const square = (from: number, to: number): string =>
      Array.from({ length: 40 }, (_, i) =>
        Array.from({ length: 60 }, (_, j) => (isInside(i, j, from, to) ? "#" : ".")).join(""),
      ).join(" ");
    expect(drawings).toContain(square(8, 32));
    expect(drawings).toContain(square(12, 20));
  });

  it("finds both halves of a picture of two", () => {
    const proposals = proposeRegions(paint(20, 40, (_, j) => (j < 20 ? red : blue)));
    expect(proposals.map(({ box, area }) => ({ box, area })).sort((a, b) => a.box!.x0 - b.box!.x0)).toEqual([
      { box: { x0: 0, y0: 0, x1: 20, y1: 20 }, area: 400 },
      { box: { x0: 20, y0: 0, x1: 40, y1: 20 }, area: 400 },
    ]);
    expect(proposals[0].stability).toBe(1);
  });

  it.each([
    ["one pixel", 1, 1],
    ["a row", 1, 50],
    ["a column", 50, 1],
    ["2 × 3", 2, 3],
    ["one color", 30, 40],
  ])("has nothing to propose in %s of one color", (_, height, width) => {
    expect(proposeRegions(paint(height, width, () => gray))).toEqual([]);
  });

  it("gives a row of two colors its two ends", () => {
    const proposals = proposeRegions(paint(1, 80, (_, j) => (j < 40 ? red : blue)));
    expect(proposals.map(({ area }) => area)).toEqual([40, 40]);
  });

  it("orders by quality, in [0, 1], without near duplicates or nearly whole pictures", () => {
    const image = clouds(90, 120);
    const proposals = proposeRegions(image);
    expect(proposals.length).toBeGreaterThan(30);
    for (let k = 0; k < proposals.length; k++) {
      const { rle, area, predictedIou, stability } = proposals[k];
      expect([rle.height, rle.width]).toEqual([90, 120]);
      expect(area / (90 * 120)).toBeGreaterThanOrEqual(0.004);
      expect(area / (90 * 120)).toBeLessThanOrEqual(0.8);
      expect(predictedIou).toBeGreaterThanOrEqual(0);
      expect(predictedIou).toBeLessThanOrEqual(k === 0 ? 1 : proposals[k - 1].predictedIou);
      expect(stability).toBeGreaterThan(0);
      expect(stability).toBeLessThanOrEqual(1);
      for (let other = 0; other < k; other++)
        expect(rleIou(proposals[other].rle, rle)).toBeLessThanOrEqual(0.9);
    }
  });

  it("returns the same masks every time, and no more than asked for", () => {
    const image = clouds(60, 80);
    expect(proposeRegions(image)).toEqual(proposeRegions(image));
    expect(proposeRegions(image, { count: 7 })).toHaveLength(7);
    expect(proposeRegions(image, { count: 0 })).toEqual([]);
  });

  it("shrinks thin pictures to the working size too", () => {
    const row = { height: 1, width: 2_000_000, data: new Uint8Array(6_000_000) };
    const column = { height: 1_000_000, width: 2, data: new Uint8Array(6_000_000) };
    for (const image of [row, column]) {
      const { height, width } = buildRegionGraph(image).superpixels;
      expect(height * width).toBeLessThanOrEqual(250_000);
    }
  });

  it("masks a large picture at its own size", () => {
    const image = paint(800, 1200, (i, j) => (isInside(i, j, 200, 600) ? red : gray));
    const square = proposeRegions(image).find(({ area }) => Math.abs(area - 400 * 400) < 2000);
    expect(square?.rle).toMatchObject({ height: 800, width: 1200 });
    // Worked on at 250,000 pixels, so an edge may be off by the two pixels that became one.
    for (const [side, at] of Object.entries({ x0: 200, y0: 200, x1: 600, y1: 600 }))
      expect(Math.abs(square!.box![side as "x0"] - at)).toBeLessThanOrEqual(2);
  });

  it("refuses what is no picture and options out of range", () => {
    const image = paint(2, 3, () => gray);
    const failing = [
      () => proposeRegions({ height: 2, width: 3, data: new Uint8Array(6) }),
      () => proposeRegions({ height: 0, width: 3, data: new Uint8Array(0) }),
      () => proposeRegions(image, { count: 1.5 }),
      () => proposeRegions(image, { maxIou: Number.NaN }),
      () => proposeRegions(image, { maxAreaFraction: 2 }),
    ];
    for (const fail of failing) expect(fail).toThrow(MaskwrightError);
  });
});

describe("proposalsForRefinement", () => {
  it("keeps small, stable, likely masks in their order", () => {
    const rle = { height: 10, width: 10, counts: Uint32Array.of(98, 2) };
    const proposal = {
      rle,
      area: 2,
      box: { x0: 9, y0: 8, x1: 10, y1: 10 },
      predictedIou: 0.2,
      stability: 0.9,
    };
    const unlikely = { ...proposal, predictedIou: 0.07 };
    const unstable = { ...proposal, stability: 0.8 };
    const large = { ...proposal, area: 4 };
    const atTheLimit = { ...proposal, predictedIou: 0.08, stability: 0.87, area: 3 };
    expect(proposalsForRefinement([unlikely, proposal, unstable, large, atTheLimit])).toEqual([
      proposal,
      atTheLimit,
    ]);
  });
});
