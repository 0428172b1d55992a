import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { drawSam } from "./initial.ts";
import { samTensors } from "./tensor-table.ts";
import { tinyHybridConfig } from "./testing/tiny-sam.ts";

describe("drawSam", () => {
  const tensors = drawSam(tinyHybridConfig, random(1));
  const tensor = (name: string): NdArray<"float32"> => tensors.get(name) as NdArray<"float32">;

  it("draws every tensor of the model in its shape", () => {
    expect(new Map([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual(
      samTensors(tinyHybridConfig),
    );
    for (const [name, { data }] of tensors) expect(data.every(Number.isFinite), name).toBe(true);
  });

  it("is the same for the same seed", () => {
    expect(drawSam(tinyHybridConfig, random(1))).toEqual(tensors);
    expect(drawSam(tinyHybridConfig, random(2))).not.toEqual(tensors);
  });

  it("reads places and roles off tokens from the beginning", () => {
    const directions = tensor("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix");
    const [, count] = directions.shape;
    const kinds = [0, 1, 2, 3].map((k) => tensor(`prompt_encoder.point_embeddings.${k}.weight`).data);
    const product = (name: string, row: number, token: readonly number[]): number =>
      token.reduce(
        (sum, x, c) => sum + x * tensor(`mask_decoder.places.${name}.weight`).data[2 * count * row + c],
        0,
      );
    /** A token of a kind at a place, both from −1 to 1. */
    const token = (kind: number, x: number, y: number): number[] => {
      const phases = Array.from(
        { length: count },
        (_, f) => 2 * Math.PI * (x * directions.data[f] + y * directions.data[count + f]),
      );
      return [...phases.map(Math.sin), ...phases.map(Math.cos)].map((code, c) => code + kinds[kind][c]);
    };
    for (const kind of [0, 1, 2, 3]) {
      expect(product("place", 0, token(kind, 0.5, -1))).toBeCloseTo(Math.sin(0.1 * Math.PI), 5);
      expect(product("place", 1, token(kind, 0.5, -1))).toBeCloseTo(-Math.sin(0.2 * Math.PI), 5);
      const bare = [...kinds[kind]];
      expect(product("role", kind, bare)).toBeCloseTo(1, 5);
    }
  });
});
