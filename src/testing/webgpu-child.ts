import type { NdArray } from "../core/array.ts";
import { compile } from "../engine/compile.ts";
import { compileTraining } from "../engine/compile-training.ts";
import type { Tensor } from "../engine/graph.ts";
import type { Arrays, Runtime } from "../engine/runtime.ts";
import { openNodeRuntime } from "../engine/runtime-node.ts";
import { cases } from "../engine/testing/cases.ts";
import { differentiate } from "../engine/testing/differentiated.ts";
import { batchOfSmallNetwork, smallNetwork, startOfSmallNetwork } from "../engine/testing/small-network.ts";
import { relativeError } from "./golden.ts";

/** Compares WebGPU with the CPU, case by case: prints "NAME<tab>worst relative difference", or "absent<tab>reason". */
const cpu = await openNodeRuntime({ threads: 1 });
const gpu = await openNodeRuntime({ device: "webgpu" }).catch((error) => {
  console.log(`absent\t${error.message}`);
  process.exit(0);
});
for (const [name, each] of Object.entries(cases)) {
  const { feeds, outputs, first } = differentiate(each);
  const results = Object.fromEntries(
    [...outputs, ...Object.values(first)].map((tensor, i) => [`result ${i}`, tensor]),
  );
  const difference = await compare(results, feeds).catch((error) => error.message.split("\n")[0]);
  console.log(`${name}\t${difference}`);
}
console.log(`training\t${await compareTraining()}`);

async function compare(
  outputs: Readonly<Record<string, Tensor>>,
  numbers: Readonly<Record<string, Float64Array>>,
): Promise<number> {
  const [wanted, got] = [await run(cpu, outputs, numbers), await run(gpu, outputs, numbers)];
  return Math.max(...Object.keys(wanted).map((name) => differenceOf(got[name], wanted[name])));
}

async function run(
  runtime: Runtime,
  outputs: Readonly<Record<string, Tensor>>,
  numbers: Readonly<Record<string, Float64Array>>,
): Promise<Arrays> {
  const executable = await compile(outputs, runtime);
  const feeds = executable.inputs.map(({ name, shape, dtype }) => {
    const values = numbers[name];
    const data =
      dtype === "int64"
        ? BigInt64Array.from(values, BigInt)
        : dtype === "bool"
          ? Uint8Array.from(values)
          : Float32Array.from(values);
    return [name, { dtype, shape, data } as NdArray];
  });
  const results = await executable.run(Object.fromEntries(feeds));
  await executable.dispose();
  return results;
}

/** Parameters after some steps with the update on the device, against those by flat arrays. */
async function compareTraining(): Promise<number> {
  const options = {
    start: startOfSmallNetwork(),
    optimizer: { kind: "adamw" },
    clipNorm: 1,
    microBatches: 2,
  } as const;
  const states = [];
  for (const runtime of [cpu, gpu]) {
    const trainer = await compileTraining(smallNetwork(), runtime, options);
    for (let step = 0; step < 4; step++)
      await trainer.step([batchOfSmallNetwork(step), batchOfSmallNetwork(step + 4)], 0.01);
    const { scores } = await trainer.evaluate("predict", { x: batchOfSmallNetwork(9).x });
    states.push(new Map([...(await trainer.state()).tensors, ["scores", scores]]));
    await trainer.dispose();
  }
  const [wanted, got] = states;
  return Math.max(...[...wanted].map(([name, array]) => differenceOf(got.get(name) as NdArray, array)));
}

function differenceOf(got: NdArray, wanted: NdArray): number {
  return relativeError(
    Float64Array.from(got.data as Float32Array, Number),
    Float64Array.from(wanted.data as Float32Array, Number),
  );
}
