import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { drawPrompter } from "./initial.ts";
import { tinyPrompter } from "./testing/tiny-prompter.ts";
import { measureFeatures, whitenNeck } from "./whitening.ts";

const { channels, grid } = tinyPrompter;

/** Channels far from 0, each made of those before it too. */
function drawEmbedding(seed: number): NdArray<"float32"> {
  const r = random(seed);
  const cells = grid * grid;
  const data = new Float32Array(channels * cells);
  for (let p = 0; p < cells; p++)
    for (let c = 0, shared = 0; c < channels; c++) {
      shared = 0.5 * shared + r.normal();
      data[c * cells + p] = c + 3 + 0.2 * shared;
    }
  return { dtype: "float32", shape: [1, channels, grid, grid], data };
}

/** What the first convolution says of the cell in the middle of a 3 × 3 neighborhood of equal cells. */
function convolve(tensors: ReadonlyMap<string, NdArray<"float32">>, cell: ArrayLike<number>): number[] {
  const { shape, data } = tensors.get("conv_layers.0.weight") as NdArray<"float32">;
  const bias = (tensors.get("conv_layers.0.bias") as NdArray<"float32">).data;
  return Array.from(bias, (value, o) => {
    let sum = value;
    for (let c = 0; c < channels; c++)
      for (let k = 0; k < 9; k++) sum += data[(o * shape[1] + c) * 9 + k] * cell[c];
    return sum;
  });
}

describe("whitenNeck", () => {
  const tensors = drawPrompter(tinyPrompter, random(1));
  const embeddings = Array.from({ length: 40 }, (_, seed) => drawEmbedding(seed));

  it("says of the mean cell what it would say of zeros", async () => {
    const spread = await measureFeatures(embeddings);
    const said = convolve(whitenNeck(tensors, spread), spread.mean);
    const wanted = convolve(tensors, new Float64Array(channels));
    for (const [o, value] of said.entries()) expect(value).toBeCloseTo(wanted[o], 4);
  });

  it("gives what varies little as much as what varies much", async () => {
    const spread = await measureFeatures(embeddings);
    // Of the weights' own map, without the floor: M · covariance · Mᵀ is W · Wᵀ.
    const before = tensors.get("conv_layers.0.weight") as NdArray<"float32">;
    const after = whitenNeck(tensors, spread).get("conv_layers.0.weight") as NdArray<"float32">;
    const rows = before.shape[0];
    const vary = ({ data }: NdArray<"float32">, o: number, covariance: (a: number, b: number) => number) => {
      let sum = 0;
      for (let a = 0; a < channels; a++)
        for (let b = 0; b < channels; b++)
          sum += data[(o * channels + a) * 9] * data[(o * channels + b) * 9] * covariance(a, b);
      return sum;
    };
    let trace = 0;
    for (let c = 0; c < channels; c++) trace += spread.covariance[c * channels + c];
    const floor = (0.1 * trace) / channels;
    for (let o = 0; o < rows; o++) {
      const white = vary(before, o, (a, b) => (a === b ? 1 : 0));
      const own = vary(after, o, (a, b) => spread.covariance[a * channels + b] + (a === b ? floor : 0));
      expect(own / white).toBeCloseTo(1, 4);
    }
  });

  it("leaves embeddings alone that are the same everywhere, but for their mean", async () => {
    const flat = { ...embeddings[0], data: new Float32Array(embeddings[0].data.length).fill(2) };
    const white = whitenNeck(tensors, await measureFeatures([flat]));
    expect(white.get("conv_layers.0.weight")).toEqual(tensors.get("conv_layers.0.weight"));
    const said = convolve(white, new Float64Array(channels).fill(2));
    for (const [o, value] of convolve(tensors, new Float64Array(channels)).entries())
      expect(said[o]).toBeCloseTo(value, 5);
  });

  it("changes nothing else and nothing in place", async () => {
    const copy = new Map([...tensors].map(([name, array]) => [name, { ...array, data: array.data.slice() }]));
    const white = whitenNeck(tensors, await measureFeatures(embeddings));
    expect(tensors).toEqual(copy);
    expect([...white.keys()]).toEqual([...tensors.keys()]);
    for (const [name, array] of white)
      if (!name.startsWith("conv_layers.0.")) expect(array).toBe(tensors.get(name));
  });
});

describe("measureFeatures", () => {
  it("is the mean and covariance over all cells", async () => {
    const two: NdArray<"float32"> = {
      dtype: "float32",
      shape: [1, 2, 1, 2],
      data: Float32Array.of(1, 3, 0, 4),
    };
    const { mean, covariance } = await measureFeatures([two]);
    expect([...mean]).toEqual([2, 2]);
    expect([...covariance]).toEqual([1, 2, 2, 4]);
  });
});
