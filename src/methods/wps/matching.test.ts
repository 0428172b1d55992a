import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { matchingCosts, matchQueries, type QueryOutputs } from "./matching.ts";
import { type PartTargets, packTargets, unpackTargets } from "./targets.ts";

function floats(shape: readonly number[], ...values: number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** Three queries with one token of two numbers each; classes 1 and 2, then "no object". */
const outputs: QueryOutputs = {
  logits: floats([3, 3], Math.log(2), 0, 0, 0, Math.log(2), 0, 0, 0, Math.log(2)),
  tokens: floats([3, 1, 2], 0, 0, 3, 4, 6, 8),
};

function targets(classIds: readonly number[], ...tokens: number[]): PartTargets {
  return { classIds, tokens: floats([classIds.length, 1, 2], ...tokens) };
}

describe("matchingCosts", () => {
  it("weighs the probability of the class against the distance of the tokens", () => {
    const { shape, data } = matchingCosts(outputs, targets([1, 2], 0, 0, 6, 8));
    expect(shape).toEqual([3, 2]);
    // Probabilities 1/2, 1/4, 1/4; distances 0, 5, 10 and 10, 5, 0.
    const wanted = [-5, 7.5, 2.5, 0, 7.5, -2.5];
    wanted.forEach((cost, p) => {
      expect(data[p]).toBeCloseTo(cost, 6);
    });
    const [cost] = matchingCosts(outputs, targets([2], 6, 8), { class: 0, token: 2 }).data;
    expect(cost).toBeCloseTo(20, 6);
  });

  it("survives logits that would overflow", () => {
    const wild = { ...outputs, logits: floats([3, 3], 1e4, 0, 0, 0, -1e4, 0, 0, 0, 0) };
    expect(matchingCosts(wild, targets([1], 0, 0)).data[0]).toBe(-10);
  });
});

describe("matchQueries", () => {
  it("gives each part a query of its own", () => {
    expect(matchQueries(outputs, targets([2, 1], 6, 8, 0, 0))).toEqual(Int32Array.of(2, 0));
    expect(matchQueries(outputs, targets([1, 1], 0, 0, 0, 0))).toEqual(Int32Array.of(0, 1));
  });

  it("takes no part, and leaves the dearest of more parts than queries", () => {
    expect(matchQueries(outputs, targets([]))).toEqual(new Int32Array(0));
    // As a teacher gives them that has taught nothing.
    const none = { classIds: [], tokens: floats([0, 0, 2]) };
    expect(matchQueries(outputs, none)).toEqual(new Int32Array(0));
    expect(matchingCosts(outputs, none).shape).toEqual([3, 0]);
    const many = targets([1, 1, 1, 1], 90, 90, 6, 8, 0, 0, 3, 4);
    expect(matchQueries(outputs, many)).toEqual(Int32Array.of(-1, 2, 0, 1));
  });

  it("refuses outputs that are not finite, classes that are none and tokens of another shape", () => {
    const broken = { ...outputs, tokens: floats([3, 1, 2], Number.NaN, 0, 0, 0, 0, 0) };
    expect(() => matchQueries(broken, targets([1], 0, 0))).toThrow("expected finite numbers, got NaN");
    expect(() => matchQueries(outputs, targets([3], 0, 0))).toThrow("expected ids 1 to 2, got 3");
    expect(() => matchQueries(outputs, targets([0], 0, 0))).toThrow("expected ids 1 to 2, got 0");
    const long = { classIds: [1], tokens: floats([1, 2, 2], 0, 0, 0, 0) };
    expect(() => matchQueries(outputs, long)).toThrow("expected [1, 1, 2], got [1, 2, 2]");
  });
});

describe("packTargets", () => {
  it("puts pictures one after the other, and unpackTargets takes them apart", () => {
    const pictures = [targets([2, 1], 1, 2, 3, 4), targets([]), targets([1], 5, 6)];
    const packed = packTargets(pictures, [1, 2]);
    expect(packed.counts.data).toEqual(Int32Array.of(2, 0, 1));
    expect(packed.classes.data).toEqual(Int32Array.of(2, 1, 1));
    expect(packed.teacher.shape).toEqual([3, 1, 2]);
    const apart = unpackTargets(packed);
    expect(apart.map(({ classIds }) => Array.from(classIds))).toEqual([[2, 1], [], [1]]);
    expect(apart.map(({ tokens }) => [...tokens.data])).toEqual([[1, 2, 3, 4], [], [5, 6]]);
    expect(() => packTargets(pictures, [2, 2])).toThrow(
      "packTargets: tokens: expected [2, 2, 2], got [2, 1, 2]",
    );
  });
});
