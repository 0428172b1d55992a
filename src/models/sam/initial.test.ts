import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { drawSam } from "./initial.ts";
import { placeKeys } from "./initial-place-keys.ts";
import { samTensors } from "./tensor-table.ts";
import { tinyHybridConfig } from "./testing/tiny-sam.ts";

describe("drawSam", () => {
  const tensors = drawSam(tinyHybridConfig, random(1));

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
});

describe("placeKeys", () => {
  const count = 64;
  const { normal } = random("directions");
  const data = Float32Array.from({ length: 2 * count }, () => 0.7 * normal());
  const keys = placeKeys({ dtype: "float32", shape: [2, count], data }, [8 * count, 2 * count]);

  const code = (x: number, y: number): number[] => {
    const phases = Array.from({ length: count }, (_, f) => 2 * Math.PI * (x * data[f] + y * data[count + f]));
    return [...phases.map(Math.sin), ...phases.map(Math.cos)];
  };

  /** What a head says of a cell when the token is in the middle. */
  function score(head: number, x: number, y: number): number {
    const [cell, token] = [code(x, y), code(0, 0)];
    let sum = 0;
    cell.forEach((value, row) => {
      for (let column = 0; column < 2 * count; column++)
        sum += value * keys.data[(head * 2 * count + row) * 2 * count + column] * token[column];
    });
    return sum / count;
  }

  it("say how near a cell is", () => {
    for (const head of [0, 1]) {
      expect(score(head, 0, 0)).toBeCloseTo(1, 5);
      expect(score(head, 0.1, 0.1)).toBeLessThan(0.95);
      expect(score(head, 0.6, -0.5)).toBeLessThan(0.5);
    }
  });

  it("say on which side of the token it is", () => {
    expect(score(2, 0.1, 0)).toBeGreaterThan(0.1);
    expect(score(2, -0.1, 0)).toBeCloseTo(-score(2, 0.1, 0), 5);
    expect(Math.abs(score(2, 0, 0.1))).toBeLessThan(Math.abs(score(2, 0.1, 0)) / 2);
    expect(score(3, 0, 0.1)).toBeGreaterThan(0.1);
  });
});
