import { describe, expect, it } from "vitest";
import { tinyNetworks } from "../../models/segmenter/testing/tiny-segmenter.ts";
import { blendOf, drawDrops } from "./drops.ts";

const { segformer, light } = tinyNetworks;

describe("drawDrops", () => {
  it("never leaves out the first block, and later ones ever more often, up to a tenth", () => {
    const batch = 4000;
    const { branches } = drawDrops(segformer, batch, "seed");
    expect(branches.shape).toEqual([8, batch]);
    const data = branches.data as Float32Array;
    const missing = Array.from(
      { length: 8 },
      (_, k) => data.subarray(k * batch, (k + 1) * batch).filter((factor) => factor === 0).length / batch,
    );
    expect(missing.slice(0, 2)).toEqual([0, 0]);
    for (const [k, share] of missing.entries())
      expect(Math.abs(share - (0.1 * (k >> 1)) / 3)).toBeLessThan(0.02);
    const mean = data.subarray(7 * batch).reduce((sum, factor) => sum + factor, 0) / batch;
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
  });

  it("leaves out a tenth of the channels, and depends on the seed alone", () => {
    const { channels } = drawDrops(light, 2000, "seed");
    expect(channels.shape).toEqual([2000, 5, 1, 1]);
    const data = channels.data as Float32Array;
    expect(new Set(data)).toEqual(new Set([0, Math.fround(1 / 0.9)]));
    expect(Math.abs(data.filter((factor) => factor === 0).length / data.length - 0.1)).toBeLessThan(0.02);
    expect(drawDrops(light, 2000, "seed").channels).toEqual(channels);
    expect(drawDrops(light, 2000, "other").channels).not.toEqual(channels);
  });
});

describe("blendOf", () => {
  it("is large at first, and what the decay leaves in the long run", () => {
    expect(blendOf(0, 0.999)).toBeCloseTo(0.9, 12);
    expect(blendOf(90, 0.999)).toBeCloseTo(0.09, 12);
    expect(blendOf(1e6, 0.999)).toBeCloseTo(0.001, 12);
  });
});
