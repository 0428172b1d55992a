/**
 * One row of `engine.ts` in a process of its own: `engine-rows.ts ROW THREADS`. It says "ready {figures}", then answers each line on its
 * standard input with the milliseconds of one more run; at the end of input it says its peak memory in MB. `engine_torch.py` does the same.
 */
import { createInterface } from "node:readline";
import type { NdArray } from "../src/core/array.ts";
import { random } from "../src/core/random.ts";
import {
  type Arrays,
  compile,
  compileTraining,
  createGraph,
  gradients,
  input,
  mean,
  mul,
  type Runtime,
  type Tensor,
} from "../src/engine/index.ts";
import { openNodeRuntime } from "../src/engine/node.ts";
import { clipTextLayer, prompter, segformer, vitBlock, type Weights, weightsOf } from "./engine-models.ts";

interface Row {
  readonly shape: readonly number[];
  readonly model: (weights: Weights, x: Tensor) => Tensor;
  readonly kind: "forward" | "backward" | "training";
}

const rows: Readonly<Record<string, Row>> = {
  "clip-forward": { shape: [20, 77, 512], model: clipTextLayer, kind: "forward" },
  "clip-backward": { shape: [20, 77, 512], model: clipTextLayer, kind: "backward" },
  "vit-197": { shape: [1, 197, 768], model: vitBlock, kind: "forward" },
  "vit-1025": { shape: [1, 1025, 768], model: vitBlock, kind: "forward" },
  prompter: { shape: [2, 256, 64, 64], model: prompter, kind: "training" },
  segformer: { shape: [4, 3, 512, 512], model: segformer, kind: "training" },
};

interface Prepared {
  readonly parameters: number;
  readonly graphMs: number;
  readonly sessionMs: number;
  run(): Promise<unknown>;
}

const [name, threads] = process.argv.slice(2);
const { run, ...figures } = await prepare(rows[name], await openNodeRuntime({ threads: Number(threads) }));
console.log(`ready ${JSON.stringify(figures)}`);
for await (const _ of createInterface({ input: process.stdin })) {
  const startMs = performance.now();
  await run();
  console.log((performance.now() - startMs).toFixed(3));
}
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));

async function prepare({ shape, model, kind }: Row, runtime: Runtime): Promise<Prepared> {
  // The first build draws the weights, the second is timed.
  const values = new Map<string, NdArray>();
  const build = (): { weights: Weights; x: Tensor; y: Tensor } => {
    const weights = weightsOf(createGraph(), values, kind === "training" ? "trained" : "frozen");
    const x = input(weights.graph, "x", shape);
    return { weights, x, y: model(weights, x) };
  };
  build();
  const { normal } = random("feed");
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal);
  const feeds: Arrays = { x: { dtype: "float32", shape, data } };
  const parameters = [...values.values()].reduce((sum, value) => sum + value.data.length, 0);

  const startMs = performance.now();
  const { weights, x, y } = build();
  // The runtime says when it is handed the model: up to there the graph is built, differentiated and written out.
  let emittedMs = 0;
  const timed: Runtime = {
    ...runtime,
    createSession(...args) {
      emittedMs = performance.now();
      return runtime.createSession(...args);
    },
    createTrainer(...args) {
      emittedMs = performance.now();
      return runtime.createTrainer(...args);
    },
  };
  const stepper = await open();
  const times = { graphMs: emittedMs - startMs, sessionMs: performance.now() - emittedMs };
  return { parameters, ...times, run: stepper };

  async function open(): Promise<() => Promise<unknown>> {
    if (kind === "training") {
      const options = { start: { tensors: values }, optimizer: { kind: "adamw" } } as const;
      const trainer = await compileTraining({ loss: y, parameters: weights.trained }, timed, options);
      return () => trainer.step([feeds], 1e-4);
    }
    const outputs: Record<string, Tensor> =
      kind === "forward" ? { y } : { slope: gradients(mean(mul(y, y)), [x])[0] };
    const executable = await compile(outputs, timed);
    return () => executable.run(feeds);
  }
}
