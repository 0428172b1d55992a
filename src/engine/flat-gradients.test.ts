import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { relativeError, reportGolden } from "../testing/golden.ts";
import { addGradients, clipGradients, gradientNorm } from "./flat-gradients.ts";

interface Golden {
  readonly gradients: readonly (readonly number[])[];
  readonly clipped: readonly {
    readonly limit: number;
    readonly norm: number;
    readonly values: readonly number[];
  }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../../golden/engine/optim.json", import.meta.url), "utf8"),
);

describe("clipGradients", () => {
  it("is torch.nn.utils.clip_grad_norm_", () => {
    let worst = 0;
    for (const { limit, norm, values } of golden.clipped) {
      const gradients = Float32Array.from(golden.gradients[0]);
      worst = Math.max(worst, relativeError([clipGradients(gradients, limit)], [norm]));
      worst = Math.max(worst, relativeError(gradients, values));
    }
    reportGolden("clip_grad_norm_", golden.clipped.length * (golden.gradients[0].length + 1), worst);
    // torch adds the squares in float32.
    expect(worst).toBeLessThan(3e-7);
  });

  it("adds 1e-6 to the norm, and changes nothing below the limit", () => {
    const gradients = Float32Array.of(3, 4);
    expect(clipGradients(gradients, 5.1)).toBe(5);
    expect([...gradients]).toEqual([3, 4]);
    clipGradients(gradients, 1);
    expect([...gradients]).toEqual([Math.fround(3 / 5.000001), Math.fround(4 / 5.000001)]);
    expect(clipGradients(new Float32Array(3), 1)).toBe(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("leaves a gradient of %f to its caller", (value) => {
    const gradients = Float32Array.of(1, value);
    expect(clipGradients(gradients, 1)).toEqual(Math.abs(value));
    expect([...gradients]).toEqual([1, value]);
  });

  it("refuses a limit of 0", () => {
    expect(() => clipGradients(Float32Array.of(1), 0)).toThrow("clipGradients: limit: expected a number > 0");
  });
});

describe("gradientNorm", () => {
  it.each([0, 1, 3, 4, 5, 9])("takes %i elements", (length) => {
    expect(gradientNorm(new Float32Array(length).fill(2))).toBeCloseTo(2 * Math.sqrt(length), 12);
  });

  it("does not overflow where float32 would", () => {
    expect(gradientNorm(Float32Array.of(3e30, 4e30))).toBeCloseTo(5e30, -25);
  });
});

describe("addGradients", () => {
  it("makes the mean of micro-batches", () => {
    const sum = new Float32Array(2);
    for (const gradients of [
      [1, 2],
      [3, 2],
      [5, 2],
      [7, 2],
    ])
      addGradients(sum, Float32Array.from(gradients), 1 / 4);
    expect([...sum]).toEqual([4, 2]);
    expect(() => addGradients(sum, new Float32Array(3), 1)).toThrow("expected 2 elements, got 3");
  });
});
