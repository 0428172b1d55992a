import type { Device } from "./device.ts";
import { createFlatTrainer } from "./flat-trainer.ts";
import { createGraph, input } from "./graph.ts";
import { createGraphTrainer } from "./graph-trainer.ts";
import { emitModel } from "./onnx.ts";
import { add } from "./ops/arithmetic.ts";
import type { Runtime } from "./runtime.ts";

/** A runtime whose sessions and trainers are on this thread. */
export function localRuntime(device: Device, createSession: Runtime["createSession"]): Runtime {
  return {
    device,
    createSession,
    createTrainer: (plan, start) =>
      plan.update === "flat"
        ? createFlatTrainer(createSession, plan, start)
        : createGraphTrainer(createSession, plan, start),
  };
}

/** Runs 1 + 1: a runtime may know a device's name and find no such device only then. */
export async function probe({ createSession }: Runtime): Promise<void> {
  const one = input(createGraph(), "one", [1]);
  const session = await createSession(emitModel({ two: add(one, 1) }));
  await session.run({ one: { dtype: "float32", shape: [1], data: Float32Array.of(1) } });
  await session.release();
}
