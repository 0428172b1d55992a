import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { conv2d, createGraph, input } from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { toyClipConfig } from "../../models/clip/config.ts";
import { clipTensors } from "../../models/clip/weights.ts";
import { doubleFilters, halfConfig } from "./half-size.ts";

function convolve(image: NdArray<"float32">, filters: NdArray<"float32">, stride: number): readonly number[] {
  const graph = createGraph();
  const [x, w] = [input(graph, "x", image.shape), input(graph, "w", filters.shape)];
  return [...interpret([conv2d(x, w, { stride })], { x: image.data, w: filters.data })[0].data].map(Number);
}

describe("halfConfig", () => {
  it("has the same tensors but for the filters of patches", () => {
    const [whole, half] = [toyClipConfig, halfConfig(toyClipConfig)].map((config) => clipTensors(config));
    for (const [name, shape] of whole)
      expect([name, half.get(name)]).toEqual([name, name === "visual.conv1.weight" ? [128, 3, 8, 8] : shape]);
  });
});

describe("doubleFilters", () => {
  it("gives for a picture what the small ones give for means of 2 × 2 pixels", () => {
    const { normal } = random("filters");
    const floats = (shape: readonly number[]): NdArray<"float32"> => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, normal);
      return { dtype: "float32", shape, data };
    };
    const [image, filters] = [floats([1, 3, 4, 8]), floats([5, 3, 2, 2])];
    const small = Float32Array.from({ length: 3 * 2 * 4 }, (_, p) => {
      const [j, row] = [p % 4, Math.floor(p / 4)];
      const at = 2 * row * 8 + 2 * j;
      const { data } = image;
      return (data[at] + data[at + 1] + data[at + 8] + data[at + 9]) / 4;
    });
    const expected = convolve({ dtype: "float32", shape: [1, 3, 2, 4], data: small }, filters, 2);
    const got = convolve(image, doubleFilters(filters), 4);
    expect(got.length).toBe(expected.length);
    got.forEach((value, p) => {
      expect(value).toBeCloseTo(expected[p], 5);
    });
  });

  it("wants squares", () => {
    const data = new Float32Array(6);
    expect(() => doubleFilters({ dtype: "float32", shape: [1, 1, 2, 3], data })).toThrow(
      "doubleFilters: filters: expected [D, C, p, p], got [1, 1, 2, 3]",
    );
  });
});
