import { describe, expect, it } from "vitest";
import type { Point } from "../../../core/geometry.ts";
import { longestSideSize } from "../../../core/resize.ts";
import { decodeRle } from "../../../core/rle.ts";
import type { Sam } from "../../../models/sam/sam.ts";
import { draw } from "../../../testing/picture.ts";
import { fmaSamOptions, type ProposeWithSamOptions } from "./options.ts";
import { proposeWithSam } from "./propose.ts";

/** Logits of 8 × 8 for a picture of that size, and what is thought of them. */
type Answer = (
  point: Point,
) => readonly { readonly predictedIou: number; readonly inside: (p: Point) => boolean }[];

/** A model that draws what it is told; logits are ±5. */
function fakeSam(answer: Answer): Sam & { readonly drawn: number[] } {
  const drawn: number[] = [];
  const fail = (): never => {
    throw new Error("not used");
  };
  return {
    drawn,
    embed: async ({ height, width }) => ({
      features: { dtype: "float32", shape: [0], data: new Float32Array(0) },
      original: { height, width },
      input: longestSideSize({ height, width }, 8),
    }),
    async *decodeEach({ original, input }, prompts, { keep = () => true } = {}) {
      for (const [prompt, { points = [] }] of prompts.entries()) {
        const masks = answer(points[0]);
        const indices = [...masks.keys()].filter((k) => keep(Math.fround(masks[k].predictedIou), k));
        drawn.push(...indices);
        const data = new Float32Array(64 * indices.length);
        for (const [k, index] of indices.entries())
          for (let p = 0; p < 64; p++)
            data[64 * k + p] = masks[index].inside({ x: p % 8, y: p >> 3 }) ? 5 : -5;
        const logits = { dtype: "float32", shape: [indices.length, 8, 8], data } as const;
        const predictedIou = Float32Array.from(indices, (k) => masks[k].predictedIou);
        yield { prompt, indices, logits, predictedIou, original, input };
      }
    },
    decode: fail,
    decodeAll: fail,
    promptTokens: fail,
    dispose: async () => {},
  };
}

const image = { height: 8, width: 8, data: new Uint8Array(192) };
const left = (p: Point): boolean => p.x < 4;
const right = (p: Point): boolean => p.x >= 4;
const top = (p: Point): boolean => p.y < 2;
const nothing = (): boolean => false;

function drawings(proposals: Awaited<ReturnType<typeof proposeWithSam>>): string[] {
  return proposals.map(({ rle }) => draw(decodeRle(rle)).slice(0, 8));
}

describe("proposeWithSam", () => {
  /** Halves by the side of the point: the left one is better, and found by two points. */
  const halves = fakeSam(({ x }) => [
    { predictedIou: x < 4 ? 0.95 : 0.9, inside: x < 4 ? left : right },
    { predictedIou: 0.5, inside: top },
    { predictedIou: 0.99, inside: nothing },
  ]);

  it("finds each thing once, the best first, with its point and level", async () => {
    const found = await proposeWithSam(halves, image, { pointsPerSide: 2 });
    expect(drawings(found)).toEqual(["####....", "....####"]);
    expect(found[0]).toMatchObject({
      area: 32,
      box: { x0: 0, y0: 0, x1: 4, y1: 8 },
      predictedIou: Math.fround(0.95),
      stability: 1,
      point: { x: 2, y: 2 },
      level: 0,
    });
    expect(found[0]).not.toHaveProperty("cropBox");
  });

  it("has only masks drawn that may stay", async () => {
    halves.drawn.length = 0;
    await proposeWithSam(halves, image, { pointsPerSide: 1 });
    expect(halves.drawn).toEqual([0, 2]);
  });

  it("lets everything pass with thresholds of 0", async () => {
    const found = await proposeWithSam(halves, image, {
      pointsPerSide: 1,
      minPredictedIou: 0,
      minStability: 0,
    });
    expect(found.map(({ area, level }) => [area, level])).toEqual([
      [0, 2],
      [32, 0],
      [16, 1],
    ]);
    expect(found[0]).toMatchObject({ box: null, stability: Number.NaN });
  });

  it("asks at points of its own", async () => {
    const pointGrids = [[{ x: 0.9, y: 0.5 }]];
    expect(drawings(await proposeWithSam(halves, image, { pointGrids }))).toEqual(["....####"]);
    expect(await proposeWithSam(halves, image, { pointGrids: [[]] })).toEqual([]);
  });

  it("looks into crops, and says which", async () => {
    const whole = fakeSam(() => [{ predictedIou: 0.9, inside: () => true }]);
    const found = await proposeWithSam(whole, image, {
      pointsPerSide: 1,
      cropLayers: 1,
      cropOverlapRatio: 0,
    });
    // The picture is so small that all edges are near.
    expect(found.map(({ cropBox }) => cropBox)).toEqual([
      { x0: 0, y0: 0, x1: 4, y1: 4 },
      { x0: 0, y0: 4, x1: 4, y1: 8 },
      { x0: 4, y0: 0, x1: 8, y1: 4 },
      { x0: 4, y0: 4, x1: 8, y1: 8 },
      undefined,
    ]);
    expect(found[3]).toMatchObject({ point: { x: 6, y: 6 }, box: { x0: 4, y0: 4, x1: 8, y1: 8 } });
  });

  it("cleans up, and prefers masks that were clean", async () => {
    const dirty = fakeSam(({ x }) => [
      {
        predictedIou: x < 4 ? 0.95 : 0.9,
        inside: (p) => (left(p) && (p.y !== 3 || p.x !== 1)) || (x < 4 && p.x === 7 && p.y === 7),
      },
    ]);
    const options: ProposeWithSamOptions = {
      pointsPerSide: 2,
      minRegionArea: 3,
      minStability: 0,
      maxBoxIou: 0.9,
    };
    const [first, ...rest] = await proposeWithSam(dirty, image, options);
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ area: 32, predictedIou: Math.fround(0.95), box: { x1: 4 } });
  });

  it("prefers wholes, and keeps parts that none covers", async () => {
    const parts = fakeSam(({ x }) => [
      { predictedIou: 0.95, inside: top },
      { predictedIou: 0.9, inside: right },
      { predictedIou: x < 4 ? 0.8 : 0.1, inside: left },
    ]);
    const options = { ...fmaSamOptions, pointsPerSide: 2, cropLayers: 0, minRegionArea: 0 };
    const found = await proposeWithSam(parts, image, options);
    expect(found.map(({ level }) => level)).toEqual([2, 1]);
    expect(drawings(found)).toEqual(["####....", "....####"]);
  });

  it("leaves out points inside masks that are good already, when asked to", async () => {
    const progress: number[] = [];
    const asked: Point[] = [];
    const quarters = fakeSam((point) => {
      asked.push(point);
      const inside = (p: Point): boolean => p.x < 4 === point.x < 4 && p.y < 4 === point.y < 4;
      return [{ predictedIou: 0.96, inside }];
    });
    const options: ProposeWithSamOptions = {
      pointsPerSide: 8,
      onProgress: ({ done }) => progress.push(done),
    };
    const all = await proposeWithSam(quarters, image, options);
    expect(asked.splice(0).length).toBe(64);
    const some = await proposeWithSam(quarters, image, { ...options, adaptive: { maxAreaFraction: 0.25 } });
    // The first pass has a point in every quarter.
    expect(asked.splice(0).length).toBe(4);
    expect(progress.at(-1)).toBe(64);
    expect(drawings(some)).toEqual(drawings(all));
    await proposeWithSam(quarters, image, { ...options, adaptive: {} });
    await proposeWithSam(quarters, image, {
      ...options,
      adaptive: { minPredictedIou: 0.97, maxAreaFraction: 1 },
    });
    expect(asked.length).toBe(128);
  });

  it("tells how far it is, and stops when asked", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const proposing = proposeWithSam(halves, image, {
      pointsPerSide: 2,
      signal: stop.signal,
      onProgress({ done, total }) {
        expect(total).toBe(4);
        seen.push(done);
        if (done === 2) stop.abort();
      },
    });
    await expect(proposing).rejects.toMatchObject({ code: "ABORTED" });
    expect(seen).toEqual([1, 2]);
  });

  it.each<[string, ProposeWithSamOptions]>([
    ["pointsPerSide", { pointsPerSide: 0 }],
    ["pointsPerSide", { pointsPerSide: 2, pointGrids: [[]] }],
    ["pointGrids", { pointGrids: [[]], cropLayers: 1 }],
    ["cropLayers", { cropLayers: 0.5 }],
    ["cropPointsDownscale", { cropPointsDownscale: 0 }],
    ["cropOverlapRatio", { cropOverlapRatio: 2 }],
    ["minStability", { minStability: Number.NaN }],
    ["stabilityOffset", { stabilityOffset: -1 }],
  ])("refuses %s out of its range", async (name, options) => {
    await expect(proposeWithSam(halves, image, options)).rejects.toThrow(name);
  });
});
