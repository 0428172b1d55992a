import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, expect, it, onTestFinished } from "vitest";
import { compile } from "./compile.ts";
import { compileTraining } from "./compile-training.ts";
import { createGraph, input, type Tensor } from "./graph.ts";
import { mul } from "./ops/arithmetic.ts";
import { linear } from "./ops/linear.ts";
import { mean } from "./ops/reduce.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import { openWorkerRuntime, type WorkerRuntime } from "./runtime-worker.ts";
import { constantRate } from "./schedule.ts";
import { batchOfSmallNetwork, smallNetwork, startOfSmallNetwork } from "./testing/small-network.ts";
import { trainLoop } from "./train.ts";

async function open(): Promise<WorkerRuntime> {
  const runtime = await openWorkerRuntime({ threads: 1 });
  onTestFinished(runtime.close);
  return runtime;
}

describe("openWorkerRuntime", () => {
  it("runs graphs as this thread would", async () => {
    const executable = await compile({ y: mul(input(createGraph(), "x", [2]), 3) }, await open());
    const data = Float32Array.of(0, 1, 2, 0).subarray(1, 3);
    const into = { dtype: "float32" as const, shape: [2], data: new Float32Array(2) };
    const { y } = await executable.run({ x: { dtype: "float32", shape: [2], data } });
    expect(y).toEqual({ dtype: "float32", shape: [2], data: Float32Array.of(3, 6) });
    expect((await executable.run({ x: y }, { y: into })).y).toBe(into);
    expect([...into.data]).toEqual([9, 18]);
    // Neither feed was taken away.
    expect([data.length, y.data.length]).toEqual([2, 2]);
    await executable.dispose();
  });

  it("trains to the same bits as this thread", async () => {
    const options = { start: startOfSmallNetwork(), optimizer: { kind: "adamw" }, clipNorm: 1 } as const;
    const states = [];
    for (const runtime of [await open(), await openNodeRuntime({ threads: 1 })]) {
      const trainer = await compileTraining(smallNetwork(), runtime, options);
      for (let step = 0; step < 5; step++) await trainer.step([batchOfSmallNetwork(step)], 0.01);
      const { scores } = await trainer.evaluate("predict", { x: batchOfSmallNetwork(9).x });
      states.push({ state: await trainer.state(), scores });
      // The state was a copy: training goes on.
      await trainer.step([batchOfSmallNetwork(5)], 0.01);
      await trainer.dispose();
    }
    expect(states[0]).toEqual(states[1]);
  });

  it("passes errors on with their code and hint", async () => {
    await expect(openWorkerRuntime({ device: "directml" })).rejects.toMatchObject({
      name: "MaskwrightError",
      code: "MODEL",
      hint: "DirectML is there on Windows only",
    });
    await expect((await open()).createSession(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      code: "MODEL",
    });
  });

  it("answers those who wait before the thread ends, and tells those who ask later", async () => {
    const runtime = await openWorkerRuntime({ threads: 1 });
    const executable = await compile({ y: mul(input(createGraph(), "x", [1]), 3) }, runtime);
    const running = executable.run({ x: { dtype: "float32", shape: [1], data: Float32Array.of(1) } });
    // The question is on its way to the thread.
    await new Promise((resolve) => setImmediate(resolve));
    await runtime.close();
    expect(await running).toMatchObject({ y: { data: Float32Array.of(3) } });
    await expect(runtime.createSession(new Uint8Array(1))).rejects.toThrow("the engine's thread ended");
  });
});

describe("a training run in a worker", () => {
  it("leaves this thread free", async () => {
    // 4.2 million parameters and matrix products of 4.3 GFLOP: steps of 100 ms and more.
    const graph = createGraph();
    const x = input(graph, "x", [512, 1024]);
    const parameters = ["a", "b", "c", "d"].map((name) => input(graph, name, [1024, 1024]));
    const y = parameters.reduce((hidden: Tensor, weight) => linear(hidden, weight), x);
    const tensors = new Map(
      ["a", "b", "c", "d"].map((name) => [
        name,
        { dtype: "float32" as const, shape: [1024, 1024], data: new Float32Array(1024 ** 2).fill(1e-3) },
      ]),
    );
    const runtime = await open();
    const trainer = await compileTraining({ loss: mean(mul(y, y)), parameters }, runtime, {
      start: { tensors },
      optimizer: { kind: "adamw" },
    });
    const batch = {
      x: { dtype: "float32" as const, shape: [512, 1024], data: new Float32Array(512 * 1024).fill(1) },
    };
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const startMs = performance.now();
    delay.enable();
    await trainLoop({
      step: (feeds: typeof batch, rate) => trainer.step([feeds], rate),
      batches: () => batch,
      steps: 15,
      schedule: constantRate(1e-4),
      checkpoint: { every: 5, save: async () => void (await trainer.state()) },
    });
    delay.disable();
    const pauseMs = delay.max / 1e6;
    console.info(
      `training in a worker: ${((performance.now() - startMs) / 15).toFixed(0)} ms a step, longest pause ${pauseMs.toFixed(1)} ms`,
    );
    // 50 ms where nothing else runs; a loaded machine takes the thread off its core for longer.
    expect(pauseMs).toBeLessThan(150);
  });
});
