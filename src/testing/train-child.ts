import { compileTraining } from "../engine/compile-training.ts";
import { openWorkerRuntime } from "../engine/runtime-worker.ts";
import { cosineRate } from "../engine/schedule.ts";
import {
  accuracy,
  batchOfSmallNetwork,
  smallNetwork,
  startOfSmallNetwork,
} from "../engine/testing/small-network.ts";
import { runTraining } from "../run/train.ts";

/** `train-child.ts FOLDER STEPS [SIGNAL STEP]`: a training run that sends itself a signal after a step. */
const [folder, steps, signal, signalStep] = process.argv.slice(2);
const controller = new AbortController();
process.once("SIGINT", () => controller.abort());
const runtime = await openWorkerRuntime({ threads: 1 });
await runTraining(
  {
    name: "train",
    folder,
    config: { network: "small", steps },
    seed: 1,
    begin: startOfSmallNetwork,
    open: (start) =>
      compileTraining(smallNetwork(), runtime, {
        start,
        optimizer: { kind: "adamw" },
        clipNorm: 1,
        microBatches: 2,
      }),
    batches: (step) => [batchOfSmallNetwork(step), batchOfSmallNetwork(-1 - step)],
    steps: Number(steps),
    schedule: cosineRate(0.02, Number(steps)),
    checkpointEvery: 10,
    validation: {
      every: 15,
      async measure(trainer) {
        const { x, labels } = batchOfSmallNetwork(Number(steps));
        const { scores } = await trainer.evaluate("predict", { x });
        return { "val accuracy": accuracy(scores, labels) };
      },
    },
  },
  {
    progress: {
      begin: (_, total) => console.log(`${total} steps to make`),
      advance(id, note) {
        console.log(`step ${id} ${note}`);
        if (id === signalStep) process.kill(process.pid, signal);
      },
      warn: console.log,
      end: () => {},
    },
    signal: controller.signal,
  },
);
await runtime.close();
