import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { relativeError, reportGolden } from "../testing/golden.ts";
import { compile } from "./compile.ts";
import { clipGradients } from "./flat-gradients.ts";
import { layoutParameters, packParameters, viewParameters } from "./flat-parameters.ts";
import { createGraph, input, type Tensor } from "./graph.ts";
import { inputsOf } from "./onnx.ts";
import { applyGradients, createOptimizer } from "./optimizer.ts";
import type { OptimizerDefinition } from "./optimizer-definition.ts";
import { addClipping, addUpdate, updateFeeds } from "./optimizer-graph.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import { interpret } from "./testing/interpreter.ts";

interface Golden {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../../golden/engine/optim.json", import.meta.url), "utf8"),
);
const layout = layoutParameters(Object.entries(golden.shapes));
const groups = [
  { names: ["norm.weight"], weightDecay: 0 },
  { names: ["head.weight", "head.bias"], rateScale: 0.1 },
];
const definitions: OptimizerDefinition[] = [
  { kind: "sgd" },
  { kind: "sgd", momentum: 0.9, weightDecay: 0.05, groups },
  { kind: "adam" },
  { kind: "adam", weightDecay: 0.1 },
  { kind: "adamw", weightDecay: 0 },
  { kind: "adamw", beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.05, groups },
];

function build(definition: OptimizerDefinition): Readonly<Record<string, Tensor>> {
  const graph = createGraph();
  const inputs = (prefix: string): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries(golden.shapes).map(([name, shape]) => [name, input(graph, prefix + name, shape)]),
    );
  return addUpdate(definition, inputs(""), inputs("gradient of "));
}

/** Inputs of a run: parameters and moments by their names, gradients by theirs. */
type Feeds = Record<string, NdArray<"float32">>;

function startFeeds(updates: Readonly<Record<string, Tensor>>): Feeds {
  const zeros = Object.entries(updates).map(([name, { shape }]) => {
    const counts = shape as number[];
    const data = new Float32Array(counts.reduce((count, length) => count * length, 1));
    return [name, { dtype: "float32" as const, shape: counts, data }] as const;
  });
  return {
    ...Object.fromEntries(zeros),
    ...Object.fromEntries(viewParameters(layout, Float32Array.from(golden.start))),
  };
}

function gradientFeeds(step: number): Feeds {
  const views = viewParameters(layout, Float32Array.from(golden.gradients[step]));
  return Object.fromEntries([...views].map(([name, array]) => [`gradient of ${name}`, array]));
}

function flatten(feeds: Feeds): Float32Array {
  const names = layout.slots.map(({ name }) => name);
  return packParameters(layout, new Map(names.map((name) => [name, feeds[name]])));
}

/** The parameters after all steps by the loop over flat arrays. */
function flatResult(definition: OptimizerDefinition): Float32Array {
  const optimizer = createOptimizer(definition, layout);
  const parameters = Float32Array.from(golden.start);
  for (const gradients of golden.gradients) {
    applyGradients(optimizer, parameters, Float32Array.from(gradients), 1e-2);
  }
  return parameters;
}

const runtime = await openNodeRuntime({ threads: 1 });

describe("addUpdate", () => {
  it.each(definitions)("does in a graph what applyGradients does: %j", (definition) => {
    const updates = build(definition);
    let feeds = startFeeds(updates);
    for (let step = 0; step < golden.gradients.length; step++) {
      const all = { ...feeds, ...gradientFeeds(step), ...updateFeeds(definition, step, 1e-2) };
      const data = Object.fromEntries(Object.entries(all).map(([name, array]) => [name, array.data]));
      const values = interpret(Object.values(updates), data);
      const next = Object.keys(updates).map((name, i) => [
        name,
        { ...feeds[name], data: Float32Array.from(values[i].data) },
      ]);
      feeds = Object.fromEntries(next);
    }
    // Both round to float32 once a step.
    expect(relativeError(flatten(feeds), flatResult(definition))).toBeLessThan(1e-6);
  });

  it.each(definitions)("does it on ONNX Runtime: %j", async (definition) => {
    const updates = build(definition);
    const outputs = Object.fromEntries(
      Object.entries(updates).map(([name, tensor]) => [`next ${name}`, tensor]),
    );
    const executable = await compile(outputs, runtime);
    let feeds = startFeeds(updates);
    for (let step = 0; step < golden.gradients.length; step++) {
      const results = await executable.run({
        ...feeds,
        ...gradientFeeds(step),
        ...updateFeeds(definition, step, 1e-2),
      });
      feeds = Object.fromEntries(
        Object.keys(feeds).map((name) => [name, results[`next ${name}`] as NdArray<"float32">]),
      );
    }
    await executable.dispose();
    const worst = relativeError(flatten(feeds), flatResult(definition));
    reportGolden(`optimizer in graph, ${definition.kind}`, layout.length, worst);
    // float32 inside a step too.
    expect(worst).toBeLessThan(3e-6);
  });

  it("has the inputs that it is fed, whatever the decay", () => {
    for (const definition of definitions) {
      const inputs = inputsOf(Object.values(build(definition))).map(({ name }) => name);
      const scalars = Object.keys(updateFeeds(definition, 0, 1));
      expect(inputs.filter((name) => scalars.includes(name)).sort()).toEqual(scalars.sort());
    }
  });

  it("adds few nodes for a parameter", () => {
    const updates = build({ kind: "adamw" });
    const inputs = inputsOf(Object.values(updates)).map(({ name }) => name);
    expect(inputs.filter((name) => name.endsWith("head.bias"))).toEqual([
      "head.bias",
      "gradient of head.bias",
      "optimizer/first/head.bias",
      "optimizer/second/head.bias",
    ]);
    const { graph } = updates["head.bias"];
    const ops = graph.nodes.filter(({ op }) => op.name !== "input" && op.name !== "constant");
    // 13 for each of 3 parameters, 2 for the decay they share.
    expect(ops.length).toBe(3 * 13 + 2);
  });

  it("refuses a parameter without gradient, and another's group", () => {
    const graph = createGraph();
    const w = input(graph, "w", [2]);
    expect(() => addUpdate({ kind: "sgd" }, { w }, {})).toThrow('addUpdate: gradients: expected one for "w"');
    expect(() => addUpdate({ kind: "sgd", groups: [{ names: ["b"] }] }, { w }, { w })).toThrow(
      'expected names of parameters, got "b"',
    );
  });
});

describe("addClipping", () => {
  it.each([0.5, 1e3])("scales to a norm of at most %f, as clipGradients", (limit) => {
    const graph = createGraph();
    const [a, b] = [input(graph, "a", [2, 2]), input(graph, "b", [])];
    const { gradients, norm } = addClipping({ a, b }, limit);
    const values = interpret([gradients.a, gradients.b, norm], { a: [1, -2, 3, 0.5], b: [4] });
    const flat = Float32Array.of(1, -2, 3, 0.5, 4);
    expect(values[2].data[0]).toBeCloseTo(clipGradients(flat, limit), 12);
    expect(relativeError([...values[0].data, ...values[1].data], flat)).toBeLessThan(1e-7);
  });

  it("refuses a limit of 0 and no gradients", () => {
    const a = input(createGraph(), "a", [1]);
    expect(() => addClipping({ a }, 0)).toThrow("addClipping: limit: expected a number > 0");
    expect(() => addClipping({}, 1)).toThrow("addClipping: gradients: expected at least one");
  });
});
