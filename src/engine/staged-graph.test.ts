import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { random } from "../core/random.ts";
import { compileTraining, type TrainingGraph } from "./compile-training.ts";
import { createGraph, input } from "./graph.ts";
import { localRuntime } from "./local-runtime.ts";
import { inputsOf } from "./onnx.ts";
import { relu } from "./ops/activation.ts";
import { mul, sub } from "./ops/arithmetic.ts";
import { linear } from "./ops/linear.ts";
import { mean, sum } from "./ops/reduce.ts";
import { reshape } from "./ops/reshape.ts";
import type { Arrays, Runtime } from "./runtime.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import { stageGraph } from "./staged-graph.ts";
import type { Trainer } from "./trainer-plan.ts";

const runtime = await openNodeRuntime({ threads: 1 });
/** Updates in the graph, as on WebGPU; computed by the CPU. */
const inGraph = localRuntime("webgpu", runtime.createSession);

function noise(seed: string, shape: readonly number[]): NdArray<"float32"> {
  const { normal } = random(seed);
  return {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal),
  };
}

/** Two layers; what they should say is known once they have said something. */
function network(isStaged: boolean): TrainingGraph {
  const graph = createGraph();
  const x = input(graph, "x", [4, 3]);
  const [first, second] = [input(graph, "first", [3, 5]), input(graph, "second", [5, 2])];
  const y = linear(relu(reshape(linear(x, first), [2, 2, 5])), second);
  const gap = sub(reshape(y, [4, 2]), input(graph, "target", [4, 2]));
  const opening = isStaged ? { opening: { y } } : { programs: { y: { y } } };
  return { loss: mean(mul(gap, gap)), parameters: [first, second], ...opening };
}

const start = {
  tensors: new Map(
    [noise("1", [3, 5]), noise("2", [5, 2])].map((value, k) => [["first", "second"][k], value]),
  ),
};

const open = (where: Runtime, isStaged: boolean): Promise<Trainer> =>
  compileTraining(network(isStaged), where, { start, optimizer: { kind: "adam" }, microBatches: 2 });

/** Halves what was said. */
function decide({ y }: Arrays): Arrays {
  const data = (y.data as Float32Array).map((value) => value / 2);
  return { target: { dtype: "float32", shape: [4, 2], data } };
}

describe("a step in two stages", () => {
  it.each<[string, Runtime]>([
    ["beside the graph", runtime],
    ["in the graph", inGraph],
  ])("gives the numbers of one stage, the update %s", async (_, where) => {
    const [staged, whole] = [await open(where, true), await open(where, false)];
    for (let step = 0; step < 5; step++) {
      const batches = [0, 1].slice(0, 1 + (step % 2)).map((k) => ({ x: noise(`${step} ${k}`, [4, 3]) }));
      const [late, all]: [Arrays[], Arrays[]] = [[], []];
      for (const batch of batches) {
        late.push(decide(await staged.begin(batch)));
        all.push({ ...batch, ...decide(await whole.evaluate("y", batch)) });
      }
      expect(await staged.step(late, 0.01)).toEqual(await whole.step(all, 0.01));
    }
    expect(await staged.state()).toEqual(await whole.state());
    await staged.dispose();
    await whole.dispose();
  });

  it("refuses steps that were not begun, and more than it was compiled for", async () => {
    const trainer = await open(runtime, true);
    const x = noise("x", [4, 3]);
    const target = decide(await trainer.begin({ x }));
    await expect(trainer.step([target, target], 0)).rejects.toThrow(
      "step: microBatches: expected 1, as were begun, got 2",
    );
    await expect(trainer.begin({ x, ...target })).rejects.toThrow("begin: feeds");
    await trainer.begin({ x });
    await expect(trainer.begin({ x })).rejects.toThrow(
      "begin: expected a step after 2, as compiled for, got 3",
    );
    await expect(trainer.step([{ x, ...target }, target], 0)).rejects.toThrow("step: feeds");
    expect(Object.keys(await trainer.step([target, target], 0))).toEqual(["loss"]);
    await expect(trainer.step([target], 0)).rejects.toThrow("expected 0, as were begun, got 1");
    await trainer.dispose();
    const plain = await open(runtime, false);
    await expect(plain.begin({ x })).rejects.toThrow("begin: expected a graph with opening values");
    await plain.dispose();
  });
});

describe("stageGraph", () => {
  it("leaves what the second stage needs, and repeats reshapes", () => {
    const graph = createGraph();
    const [x, w] = [input(graph, "x", [2, 3]), input(graph, "w", [3, 4])];
    const y = linear(x, w);
    const late = input(graph, "late", [8]);
    const { saved, rest } = stageGraph({ loss: sum(mul(reshape(y, [8]), late)) }, { y: reshape(y, [8]) });
    expect(Object.values(saved)).toEqual([y]);
    expect(inputsOf(Object.values(rest)).map(({ name }) => name)).toEqual(["saved/0", "late"]);
  });

  it("leaves nothing where the second stage needs nothing", () => {
    const graph = createGraph();
    const [x, z] = [input(graph, "x", [2]), input(graph, "z", [2])];
    const { saved, rest } = stageGraph({ loss: sum(mul(z, x)) }, { y: mul(x, 2) });
    expect(saved).toEqual({});
    expect(inputsOf([rest.loss]).map(({ name }) => name)).toEqual(["z", "x"]);
  });
});
