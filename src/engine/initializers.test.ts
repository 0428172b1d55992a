import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { random } from "../core/random.ts";
import {
  drawFanInUniform,
  drawKaimingNormal,
  drawKaimingUniform,
  drawNormal,
  drawTruncatedNormal,
  drawUniform,
  drawXavierNormal,
  drawXavierUniform,
  fansOf,
  gains,
  leakyReluGain,
} from "./initializers.ts";

function momentsOf({ data }: NdArray<"float32">): { mean: number; std: number; low: number; high: number } {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const std = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
  return {
    mean,
    std,
    low: data.reduce((a, b) => Math.min(a, b)),
    high: data.reduce((a, b) => Math.max(a, b)),
  };
}

// 60,000 draws: five standard errors of the mean are 0.02 std; of the std itself at most 0.015 std.
const shape = [200, 300];
const kernel = [40, 60, 5, 5];

describe("initializers", () => {
  it.each<[name: string, array: NdArray<"float32">, std: number]>([
    ["xavierUniform", drawXavierUniform(shape, random(1)), Math.sqrt(2 / 500)],
    ["xavierUniform, tanh", drawXavierUniform(shape, random(2), gains.tanh), (5 / 3) * Math.sqrt(2 / 500)],
    ["xavierUniform of a kernel", drawXavierUniform(kernel, random(3)), Math.sqrt(2 / 2500)],
    ["kaimingUniform", drawKaimingUniform(shape, random(4)), Math.sqrt(2 / 300)],
    [
      "kaimingUniform, fan out",
      drawKaimingUniform(kernel, random(5), { fan: "fanOut" }),
      Math.sqrt(2 / 1000),
    ],
    [
      "kaimingUniform, slope √5",
      drawKaimingUniform(shape, random(6), { gain: leakyReluGain(Math.sqrt(5)) }),
      Math.sqrt(1 / 900),
    ],
    ["fanInUniform", drawFanInUniform(shape, random(7), 300), Math.sqrt(1 / 900)],
  ])("%s is uniform to its bound", (_, array, std) => {
    const { mean, std: got, low, high } = momentsOf(array);
    const bound = Math.sqrt(3) * std;
    expect(Math.abs(mean)).toBeLessThan(0.02 * std);
    expect(Math.abs(got / std - 1)).toBeLessThan(0.015);
    expect(high).toBeLessThanOrEqual(bound * (1 + 1e-7));
    expect(low).toBeGreaterThanOrEqual(-bound * (1 + 1e-7));
    expect(high).toBeGreaterThan(0.999 * bound);
    expect(low).toBeLessThan(-0.999 * bound);
  });

  it.each<[name: string, array: NdArray<"float32">, mean: number, std: number]>([
    ["normal", drawNormal(shape, random(1)), 0, 1],
    ["normal, shifted", drawNormal(shape, random(2), { mean: 3, std: 0.5 }), 3, 0.5],
    ["xavierNormal", drawXavierNormal(kernel, random(3)), 0, Math.sqrt(2 / 2500)],
    ["kaimingNormal", drawKaimingNormal(shape, random(4)), 0, Math.sqrt(2 / 300)],
    [
      "kaimingNormal, fan out",
      drawKaimingNormal(kernel, random(5), { fan: "fanOut", gain: 1 }),
      0,
      0.001 ** 0.5,
    ],
    // Truncated at 100 standard deviations: a plain normal.
    ["truncatedNormal, std 0.02", drawTruncatedNormal(shape, random(6), { std: 0.02 }), 0, 0.02],
  ])("%s has a normal's share within one, two and three std", (_, array, mean, std) => {
    const got = momentsOf(array);
    expect(Math.abs(got.mean - mean)).toBeLessThan(0.02 * std);
    expect(Math.abs(got.std / std - 1)).toBeLessThan(0.015);
    for (const [deviations, share] of [
      [1, 0.6827],
      [2, 0.9545],
      [3, 0.9973],
    ]) {
      const inside = array.data.filter((value) => Math.abs(value - mean) < deviations * std).length;
      expect(Math.abs(inside / array.data.length - share)).toBeLessThan(0.01);
    }
  });

  it("truncates: values stay inside, the rest keeps its shape", () => {
    const two = momentsOf(drawTruncatedNormal(shape, random(1)));
    expect(two.high).toBeLessThanOrEqual(2);
    expect(two.low).toBeGreaterThanOrEqual(-2);
    // std of a standard normal cut at ±2: √(1 − 2·2·φ(2)/(2Φ(2) − 1)) = 0.8796
    expect(Math.abs(two.std / 0.8796 - 1)).toBeLessThan(0.015);
    // Cut to its upper half: mean √(2/π) = 0.7979.
    const half = momentsOf(drawTruncatedNormal(shape, random(2), { low: 0, high: 100 }));
    expect(half.low).toBeGreaterThanOrEqual(0);
    expect(Math.abs(half.mean / 0.7979 - 1)).toBeLessThan(0.015);
  });

  it("knows the fans of linear and convolution weights", () => {
    expect(fansOf([2, 3])).toEqual({ fanIn: 3, fanOut: 2 });
    expect(fansOf([8, 4, 3, 5])).toEqual({ fanIn: 60, fanOut: 120 });
    expect(() => fansOf([5])).toThrow("fansOf: shape: expected at least 2 dimensions");
  });

  it("repeats itself for a seed and fills no element of an empty shape", () => {
    expect(drawNormal([2, 3], random(9))).toEqual(drawNormal([2, 3], random(9)));
    expect(drawXavierUniform([0, 3], random(9)).data.length).toBe(0);
    expect(drawNormal([], random(9)).data.length).toBe(1);
  });

  it("refuses bounds that hold nothing", () => {
    expect(() => drawUniform([1], random(0), { low: 1, high: 0 })).toThrow(
      "drawUniform: low: expected a number <= 0",
    );
    expect(() => drawTruncatedNormal([1], random(0), { low: 2, high: 2 })).toThrow("expected a number < 2");
    expect(() => drawTruncatedNormal([1], random(0), { low: 9, high: 10 })).toThrow(
      "within 2 std of [9, 10]",
    );
    expect(() => drawFanInUniform([1], random(0), 0)).toThrow("an integer >= 1");
  });
});
