import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { relativeError } from "../testing/golden.ts";
import { compileTraining } from "./compile-training.ts";
import { createGraph, input } from "./graph.ts";
import { localRuntime } from "./local-runtime.ts";
import { div, mul, sub } from "./ops/arithmetic.ts";
import { sum } from "./ops/reduce.ts";
import type { OptimizerDefinition } from "./optimizer-definition.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import { accuracy, batchOfSmallNetwork, smallNetwork, startOfSmallNetwork } from "./testing/small-network.ts";

const runtime = await openNodeRuntime({ threads: 1 });
/** Updates in the graph, as on WebGPU; computed by the CPU. */
const inGraph = localRuntime("webgpu", runtime.createSession);

const adamw: OptimizerDefinition = { kind: "adamw" };

function scalar(name: string, value: number): [string, NdArray] {
  return [name, { dtype: "float32", shape: [], data: Float32Array.of(value) }];
}

describe("compileTraining", () => {
  it("makes the loss smaller and predicts with what it learned", async () => {
    const trainer = await compileTraining(smallNetwork(), runtime, {
      start: startOfSmallNetwork(),
      optimizer: adamw,
    });
    const losses: number[] = [];
    for (let step = 0; step < 150; step++) {
      const numbers = await trainer.step([batchOfSmallNetwork(step)], 0.02);
      expect(Object.keys(numbers)).toEqual(["loss", "fit", "size"]);
      expect(numbers.loss).toBeCloseTo(numbers.fit + numbers.size, 5);
      losses.push(numbers.loss);
    }
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-20))).toBeLessThan(0.5 * mean(losses.slice(0, 5)));
    const { x, labels } = batchOfSmallNetwork(1000);
    const { scores } = await trainer.evaluate("predict", { x });
    expect(accuracy(scores, labels)).toBeGreaterThan(0.8);
    await trainer.dispose();
  });

  it.each<[string, OptimizerDefinition]>([
    ["SGD", { kind: "sgd", momentum: 0.9, weightDecay: 0.01 }],
    ["AdamW", adamw],
  ])("gives the same numbers with the update in the graph (%s)", async (_, optimizer) => {
    const results = [];
    for (const where of [runtime, inGraph]) {
      const options = { start: startOfSmallNetwork(), optimizer, clipNorm: 0.5 };
      const trainer = await compileTraining(smallNetwork(), where, options);
      const numbers = [];
      for (let step = 0; step < 20; step++)
        numbers.push(await trainer.step([batchOfSmallNetwork(step)], 0.02));
      const { scores } = await trainer.evaluate("predict", { x: batchOfSmallNetwork(99).x });
      results.push({ numbers, scores, state: await trainer.state() });
      await trainer.dispose();
    }
    const [flat, graph] = results;
    expect(Object.keys(flat.numbers[0])).toEqual(["loss", "fit", "size", "gradient norm"]);
    expect(Object.keys(graph.numbers[0])).toEqual(Object.keys(flat.numbers[0]));
    flat.numbers.forEach((numbers, step) => {
      expect(relativeError(Object.values(graph.numbers[step]), Object.values(numbers))).toBeLessThan(1e-4);
    });
    expect(relativeError(graph.scores.data as Float32Array, flat.scores.data as Float32Array)).toBeLessThan(
      1e-4,
    );
    expect([...graph.state.tensors.keys()]).toEqual([...flat.state.tensors.keys()]);
    for (const [name, { data }] of flat.state.tensors)
      expect(
        relativeError(graph.state.tensors.get(name)?.data as Float32Array, data as Float32Array),
        name,
      ).toBeLessThan(1e-4);
    expect(graph.state.optimizer.step).toBe(20);
    expect([...graph.state.optimizer.moments.keys()]).toEqual([...flat.state.optimizer.moments.keys()]);
  });

  it.each([
    ["flat arrays", runtime],
    ["the graph", inGraph],
  ])("goes on from a state as if it had not stopped (update in %s)", async (_, where) => {
    const options = { optimizer: adamw, clipNorm: 1 };
    const whole = await compileTraining(smallNetwork(), where, { start: startOfSmallNetwork(), ...options });
    for (let step = 0; step < 3; step++) await whole.step([batchOfSmallNetwork(step)], 0.02);
    const middle = await whole.state();
    for (let step = 3; step < 6; step++) await whole.step([batchOfSmallNetwork(step)], 0.02);
    const rest = await compileTraining(smallNetwork(), where, { start: middle, ...options });
    for (let step = 3; step < 6; step++) await rest.step([batchOfSmallNetwork(step)], 0.02);
    expect(await rest.state()).toEqual(await whole.state());
    expect(middle.optimizer.step).toBe(3);
    await whole.dispose();
    await rest.dispose();
  });

  describe.each([
    ["flat arrays", runtime],
    ["the graph", inGraph],
  ])("with the update in %s", (_, where) => {
    it("steps by the mean gradient of micro-batches", async () => {
      // loss (p − x)²/2 at p = 0 has the gradient −x: the mean of 1 and 3 moves p to 2, and that of 5 alone to 5.
      const graph = createGraph();
      const [p, x] = [input(graph, "p", []), input(graph, "x", [])];
      const loss = div(mul(sub(p, x), sub(p, x)), 2);
      const trainer = await compileTraining({ loss, parameters: [p] }, where, {
        start: { tensors: new Map([scalar("p", 0)]) },
        optimizer: { kind: "sgd" },
        clipNorm: 4,
        microBatches: 2,
      });
      const feeds = (value: number): Record<string, NdArray> => Object.fromEntries([scalar("x", value)]);
      expect(await trainer.step([feeds(1), feeds(3)], 1)).toEqual({ loss: 2.5, "gradient norm": 2 });
      expect((await trainer.state()).tensors).toEqual(new Map([scalar("p", 2)]));
      expect(await trainer.step([feeds(5)], 1)).toEqual({ loss: 4.5, "gradient norm": 3 });
      expect((await trainer.state()).tensors).toEqual(new Map([scalar("p", 5)]));
      await expect(trainer.step([feeds(1), feeds(2), feeds(3)], 1)).rejects.toThrow(
        "step: microBatches: expected 1 to 2, as compiled for, got 3",
      );
      await trainer.dispose();
    });

    it("makes no update with numbers that are not finite", async () => {
      const graph = createGraph();
      const [p, x] = [input(graph, "p", []), input(graph, "x", [])];
      const start = { tensors: new Map([scalar("p", 3)]) };
      const options = { start, optimizer: adamw, microBatches: 2 };
      const trainer = await compileTraining({ loss: mul(p, x), parameters: [p] }, where, options);
      const feeds = (value: number): Record<string, NdArray> => Object.fromEntries([scalar("x", value)]);
      for (const bad of [Infinity, Number.NaN]) {
        expect((await trainer.step([feeds(bad)], 1)).loss).toBe(bad);
        expect((await trainer.step([feeds(bad), feeds(1)], 1)).loss).toBe(bad);
      }
      const { tensors, optimizer } = await trainer.state();
      expect(tensors).toEqual(start.tensors);
      expect(optimizer.step).toBe(0);
      // And nothing of it is left: Adam's first step is the rate.
      await trainer.step([feeds(1), feeds(1)], 1);
      const after = (await trainer.state()).tensors.get("p") as NdArray<"float32">;
      expect(after.data[0]).toBeCloseTo(3 - 0.03 - 1, 5);
      await trainer.dispose();
    });
  });

  it("names what does not fit", async () => {
    const graph = createGraph();
    const [p, q, x] = ["p", "q", "x"].map((name) => input(graph, name, [2]));
    const start = {
      tensors: new Map([["p", { dtype: "float32" as const, shape: [2], data: new Float32Array(2) }]]),
    };
    const options = { start, optimizer: adamw };
    const loss = sum(mul(p, x));
    await expect(compileTraining({ loss, parameters: [p, q] }, runtime, options)).rejects.toThrow(
      'a loss that depends on "q"',
    );
    await expect(compileTraining({ loss, parameters: [mul(p, 2)] }, runtime, options)).rejects.toThrow(
      "expected inputs of the graph",
    );
    await expect(compileTraining({ loss, parameters: [p], report: { x } }, runtime, options)).rejects.toThrow(
      'report "x": expected one element, got [2]',
    );
    await expect(
      compileTraining({ loss, parameters: [p] }, runtime, { ...options, start: { tensors: new Map() } }),
    ).rejects.toThrow('"p": expected float32 [2], got none');
    const trainer = await compileTraining({ loss, parameters: [p] }, runtime, options);
    await expect(trainer.step([{}], 1)).rejects.toThrow('step: input "x": expected float32 [2], got none');
    await expect(trainer.evaluate("predict", {})).rejects.toThrow('got "predict"');
    await trainer.dispose();
  });
});
