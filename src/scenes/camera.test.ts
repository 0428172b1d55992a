import { describe, expect, it } from "vitest";
import { expose } from "./camera.ts";
import { compressBlocks } from "./compression.ts";

const still = { blur: 0, exposure: [1, 1, 1], vignette: 0, noise: 0, seed: 1, blockStep: 0 } as const;

describe("expose", () => {
  it("maps linear light to display levels by its square root", () => {
    const { data } = expose(Float32Array.of(0, 0.25, 0.5), { height: 1, width: 1 }, still);
    expect([...data]).toEqual([0, 128, 180]);
  });

  it("keeps a flat picture flat under blur, and its brightness", () => {
    const light = new Float32Array(5 * 7 * 3).fill(0.25);
    const { data } = expose(light, { height: 5, width: 7 }, { ...still, blur: 0.2 });
    expect(new Set(data)).toEqual(new Set([128]));
  });

  it("adds noise of the deviation asked for", () => {
    const size = { height: 64, width: 64 };
    const image = expose(new Float32Array(64 * 64 * 3).fill(0.25), size, { ...still, noise: 5 });
    const data = Array.from(image.data);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    expect(mean).toBeCloseTo(127.5, 0);
    expect(Math.sqrt(variance)).toBeGreaterThan(3.5);
    expect(Math.sqrt(variance)).toBeLessThan(7);
  });
});

describe("compressBlocks", () => {
  it("keeps gray pictures within the step, and pixels beyond whole blocks as they are", () => {
    const size = { height: 9, width: 10 };
    const data = Float32Array.from({ length: 9 * 10 * 3 }, (_, at) => (Math.floor(at / 3) * 7) % 256);
    const before = data.slice();
    compressBlocks(data, size, 0.01);
    for (let at = 0; at < data.length; at++) expect(Math.abs(data[at] - before[at])).toBeLessThan(0.2);
    expect(data[(8 * 10 + 9) * 3]).toBe(before[(8 * 10 + 9) * 3]);
  });

  it("flattens a block when the steps are coarse", () => {
    const data = Float32Array.from({ length: 64 * 3 }, (_, at) => 100 + (Math.floor(at / 3) % 3));
    compressBlocks(data, { height: 8, width: 8 }, 64);
    for (const value of data) expect(value).toBeCloseTo(data[0], 3);
  });
});
