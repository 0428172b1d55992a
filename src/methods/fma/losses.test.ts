import { describe, expect, it } from "vitest";
import { constant, createGraph, gradients, input, slice } from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { relativeError } from "../../testing/golden.ts";
import { classScores, maskedSoftmax } from "./class-softmax.ts";
import { camLoss, contrastiveLoss } from "./losses.ts";

describe("maskedSoftmax", () => {
  it("has its epsilon and the maximum of all, as worked by hand", () => {
    const graph = createGraph();
    const logits = input(graph, "logits", [1, 5]);
    const scores = maskedSoftmax(
      logits,
      constant(graph, [1, 0, 0, 1, 1], { shape: [1, 5], dtype: "float32" }),
    );
    const first = gradients(slice(scores, { axis: 1, end: 1 }), [logits])[0];
    // Class 1 is absent and ahead: the rest shares what the epsilon leaves.
    const [{ data }, slope] = interpret([scores, first], { logits: [12, 22, 10, 9.5, 11] });
    expect(relativeError(data, [0.59872026, 0, 0, 0.04914595, 0.22025687])).toBeLessThan(1e-7);
    const wanted = [0.24025431, -0.07895738, 0, -0.02942468, -0.13187225];
    expect(relativeError(slope.data, wanted)).toBeLessThan(1e-7);
    const [ordinary] = interpret([scores], { logits: [12, 20, 10, 9.5, 30] });
    expect(ordinary.data[4]).toBeCloseTo(0.99998998, 8);
  });
});

describe("classScores", () => {
  const scoresOf = (present: number[], competition: Parameters<typeof classScores>[2]): number[] => {
    const graph = createGraph();
    const logits = input(graph, "logits", [1, 4]);
    const mask = constant(graph, Float32Array.from(present), { shape: [1, 2] });
    return [...interpret([classScores(logits, mask, competition)], { logits: [2, 1, 3, 0] })[0].data];
  };

  it("lets those compete that the mode says", () => {
    const e = Math.exp;
    expect(scoresOf([1, 0], "all")[0]).toBeCloseTo(e(2) / (e(2) + e(1) + e(3) + e(0)), 12);
    expect(scoresOf([1, 0], "clip-es")[0]).toBeCloseTo(e(2) / (e(2) + e(3) + e(0)), 12);
    expect(scoresOf([1, 0], "clip-es")[1]).toBe(0);
    expect(scoresOf([1, 0], "present")[0]).toBeCloseTo(e(-1) / (e(-1) + 1 + e(-3) + 1e-5), 12);
    expect(scoresOf([1, 1], "foreground")[0]).toBeCloseTo(e(-1) / (e(-1) + e(-2) + 1e-5), 12);
    expect(scoresOf([1, 0], "foreground")).toEqual([2, 1, 3, 0]); // one class: its logit
    expect(scoresOf([0, 0], "present")[0]).toBe(0);
  });

  it("refuses a mask of more classes than there are", () => {
    const graph = createGraph();
    const logits = input(graph, "logits", [1, 2]);
    expect(() => classScores(logits, input(graph, "present", [1, 3]), "present")).toThrow(
      "expected [1, at most 2], got [1, 3]",
    );
  });
});

describe("contrastiveLoss", () => {
  const lossOf = (logits: number[][], present: number[][]): number => {
    const graph = createGraph();
    const shape = [logits.length, logits[0].length];
    const mask = constant(graph, Float32Array.from(present.flat()), { shape });
    return interpret([contrastiveLoss(input(graph, "s", shape), mask)], { s: logits.flat() })[0].data[0];
  };

  it("sets classes against the absent ones, as worked by hand", () => {
    const logits = [
      [25, 24, 20, 22],
      [21, 26, 23, 19],
    ];
    expect(
      lossOf(logits, [
        [1, 1, 0, 0],
        [0, 1, 0, 0],
      ]),
    ).toBeCloseTo(0.084588274, 8);
    // Pictures with every class or none say nothing.
    expect(
      lossOf(logits, [
        [1, 1, 1, 1],
        [0, 1, 0, 0],
      ]),
    ).toBeCloseTo(0.055847959, 8);
    expect(
      lossOf(logits, [
        [1, 1, 1, 1],
        [0, 0, 0, 0],
      ]),
    ).toBe(0);
    expect(lossOf([[3]], [[1]])).toBe(0);
  });

  it("does not overflow", () => {
    expect(lossOf([[100, -100, 0]], [[1, 0, 0]])).toBeCloseTo(0, 12);
    expect(lossOf([[-500, 500]], [[1, 0]])).toBeCloseTo(1000, 9);
  });
});

describe("camLoss", () => {
  const sidesOf = (cam: number[], labels: number[], target: number): number[] => {
    const graph = createGraph();
    const shape = [1, 2, 3];
    const { foreground, background } = camLoss(
      input(graph, "cam", shape),
      constant(graph, Int32Array.from(labels), { shape }),
      constant(graph, BigInt64Array.of(BigInt(target))),
    );
    return interpret([foreground, background], { cam }).map(({ data }) => data[0]);
  };

  it("draws pixels up and down, as worked by hand", () => {
    const cam = [0.4, 0.1, -0.2, 0.3, -0.1, 0.2];
    const sides = sidesOf(cam, [1, 1, 0, 1, 255, 2], 0);
    expect(sides[0]).toBeCloseTo(0.08, 7);
    expect(sides[1]).toBeCloseTo(0.04, 7);
  });

  it("takes a map without the class, of the class alone, and one that is ignored", () => {
    const cam = [1, 2, 3, -1, -2, -3];
    expect(sidesOf(cam, [0, 0, 0, 0, 0, 0], 4)).toEqual([0, 1]);
    expect(sidesOf(cam, [5, 5, 5, 5, 5, 5], 4)).toEqual([3, 0]); // Σ (3 − cam) / 6
    expect(sidesOf([-1, -1, -1, -1, -1, -1], [5, 5, 5, 5, 5, 5], 4)).toEqual([1, 0]); // up to 0
    expect(sidesOf(cam, [255, 255, 255, 255, 255, 255], 4)).toEqual([0, 0]);
  });
});
