import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { random } from "../core/random.ts";
import { relativeError, reportGolden } from "../testing/golden.ts";
import { layoutParameters } from "./flat-parameters.ts";
import { applyGradients, createOptimizer } from "./optimizer.ts";
import { momentNames, type OptimizerDefinition } from "./optimizer-definition.ts";

interface Golden {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  /** Parameters after some of the steps. */
  readonly optimizers: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../../golden/engine/optim.json", import.meta.url), "utf8"),
);
const layout = layoutParameters(Object.entries(golden.shapes));
const groups = [
  { names: ["norm.weight"], weightDecay: 0 },
  { names: ["head.weight", "head.bias"], rateScale: 0.1 },
];
const definitions: Record<string, OptimizerDefinition> = {
  sgd: { kind: "sgd" },
  "sgd decay": { kind: "sgd", weightDecay: 0.1 },
  "sgd momentum": { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
  "sgd groups": { kind: "sgd", momentum: 0.9, weightDecay: 0.05, groups },
  adam: { kind: "adam" },
  "adam decay": { kind: "adam", weightDecay: 0.1 },
  adamw: { kind: "adamw" },
  "adamw betas": { kind: "adamw", beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.05 },
  "adamw groups": { kind: "adamw", weightDecay: 0.05, groups },
};

describe("optimizers against torch.optim", () => {
  expect(Object.keys(definitions)).toEqual(Object.keys(golden.optimizers));

  it.each(Object.entries(definitions))("%s", (name, definition) => {
    const optimizer = createOptimizer(definition, layout);
    const parameters = Float32Array.from(golden.start);
    let worst = 0;
    for (const gradients of golden.gradients) {
      applyGradients(optimizer, parameters, Float32Array.from(gradients), 1e-2);
      const wanted = golden.optimizers[name][optimizer.step];
      if (wanted !== undefined) worst = Math.max(worst, relativeError(parameters, wanted));
    }
    reportGolden(`optim ${name}`, Object.keys(golden.optimizers[name]).length * layout.length, worst);
    // Both round to float32 each step, torch inside a step as well: 20 half units in the last place would be 1.2e-6.
    expect(worst).toBeLessThan(1e-6);
  });
});

describe("createOptimizer", () => {
  it("joins neighbors that are treated alike", () => {
    expect(createOptimizer({ kind: "adam", groups }, layout).spans).toEqual([
      { begin: 0, end: 4, rateScale: 1, weightDecay: 0 },
      { begin: 4, end: 12, rateScale: 0.1, weightDecay: 0 },
    ]);
    expect(createOptimizer({ kind: "adamw" }, layout).spans).toEqual([
      { begin: 0, end: 12, rateScale: 1, weightDecay: 0.01 },
    ]);
  });

  it("keeps the moments its rule needs", () => {
    expect(momentNames({ kind: "sgd" })).toEqual([]);
    expect(momentNames({ kind: "sgd", momentum: 0 })).toEqual([]);
    expect(momentNames({ kind: "sgd", momentum: 0.9 })).toEqual(["momentum"]);
    expect(momentNames({ kind: "adam" })).toEqual(["first", "second"]);
  });

  it.each<[what: string, definition: unknown, message: string]>([
    [
      "a group's stranger",
      { kind: "sgd", groups: [{ names: ["tail"] }] },
      'expected names of parameters, got "tail"',
    ],
    [
      "a parameter in two groups",
      { kind: "sgd", groups: [{ names: ["head.bias"] }, { names: ["head.bias"] }] },
      "expected each parameter in one group",
    ],
    ["a beta of 1", { kind: "adam", beta1: 1 }, "adam: beta1: expected a number in [0, 1), got 1"],
    ["a negative decay", { kind: "adamw", weightDecay: -1 }, "adamw: weightDecay: expected a number >= 0"],
    ["a momentum that is none", { kind: "sgd", momentum: Number.NaN }, "sgd: momentum"],
    ["an infinite epsilon", { kind: "adam", epsilon: Number.POSITIVE_INFINITY }, "adam: epsilon"],
    [
      "a negative rate",
      { kind: "sgd", groups: [{ names: ["head.bias"], rateScale: -1 }] },
      "sgd: rateScale: expected a number >= 0",
    ],
    ["another optimizer", { kind: "lion" }, 'optimizer: kind: expected "sgd", "adam" or "adamw", got "lion"'],
  ])("refuses %s", (_, definition, message) => {
    expect(() => createOptimizer(definition as OptimizerDefinition, layout)).toThrow(message);
  });
});

describe("applyGradients", () => {
  it("takes one plain step: p − rate · (g + decay · p)", () => {
    const single = layoutParameters([["p", [2]]]);
    const optimizer = createOptimizer({ kind: "sgd", weightDecay: 0.5 }, single);
    const parameters = Float32Array.of(1, -2);
    applyGradients(optimizer, parameters, Float32Array.of(3, 0), 0.25);
    expect([...parameters]).toEqual([1 - 0.25 * 3.5, -2 + 0.25]);
    expect(optimizer.step).toBe(1);
  });

  it("gives the same bits every time", () => {
    const generator = random(5);
    const big = layoutParameters([["p", [1000]]]);
    const gradients = Array.from({ length: 5 }, () => Float32Array.from({ length: 1000 }, generator.normal));
    const run = (): Float32Array => {
      const optimizer = createOptimizer({ kind: "adamw" }, big);
      const parameters = new Float32Array(1000).fill(1);
      for (const gradient of gradients) applyGradients(optimizer, parameters, gradient, 1e-3);
      return parameters;
    };
    expect(run()).toEqual(run());
  });

  it("does nothing to no parameters", () => {
    const optimizer = createOptimizer({ kind: "adam" }, layoutParameters([]));
    applyGradients(optimizer, new Float32Array(0), new Float32Array(0), 1);
    expect(optimizer.step).toBe(1);
  });

  it("refuses gradients of another length, before it changes anything", () => {
    const optimizer = createOptimizer({ kind: "adam" }, layout);
    expect(() => applyGradients(optimizer, new Float32Array(12), new Float32Array(11), 1)).toThrow(
      "applyGradients: gradients: expected 12 elements, got 11",
    );
    expect(optimizer.step).toBe(0);
  });
});
