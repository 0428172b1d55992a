import type * as Ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { emitModel, inputsOf, type Tensor } from "./index.ts";
import { cases } from "./testing/cases.ts";
import { differentiate } from "./testing/differentiated.ts";
import { interpret } from "./testing/interpreter.ts";

type Runtime = Pick<typeof Ort, "InferenceSession" | "Tensor">;

/** fp32 keeps 7 digits; sums of up to some hundred terms lose one or two of them, gradients are sums of sums. */
const FORWARD = 1e-5;
const GRADIENT = 1e-4;

async function runtime(name: string): Promise<Runtime | null> {
  try {
    return (await import(name)) as Runtime;
  } catch {
    console.warn(`SKIPPED: ${name} is not installed`);
    return null;
  }
}

for (const name of ["onnxruntime-node", "onnxruntime-web"]) {
  const ort = await runtime(name);
  describe.skipIf(ort === null)(`${name} against the float64 interpreter`, () => {
    for (const [label, each] of Object.entries(cases))
      it(label, async () => {
        const { feeds, outputs, first, second } = differentiate(each);
        const results = {
          ...Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor])),
          ...Object.fromEntries(Object.entries(first).map(([input, tensor]) => [`first ${input}`, tensor])),
          ...Object.fromEntries(Object.entries(second).map(([input, tensor]) => [`second ${input}`, tensor])),
        };
        const values = await run(ort as Runtime, results, feeds);
        const exact = interpret(Object.values(results), feeds);
        Object.keys(results).forEach((key, i) => {
          const scale = exact[i].data.reduce((top, value) => Math.max(top, Math.abs(value)), 1);
          const error = exact[i].data.reduce(
            (top, value, p) => Math.max(top, Math.abs(value - values[key][p])),
            0,
          );
          expect(error / scale, key).toBeLessThanOrEqual(key.startsWith("y") ? FORWARD : GRADIENT);
          expect(values[key].length).toBe(exact[i].data.length);
        });
      });
  });
}

async function run(
  { InferenceSession, Tensor: OrtTensor }: Runtime,
  results: Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, Float64Array>>,
): Promise<Record<string, number[]>> {
  const session = await InferenceSession.create(emitModel(results), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const inputs = inputsOf(Object.values(results)).map(({ name, shape, dtype }) => {
    const dims = shape as readonly number[];
    if (dtype === "int64")
      return [name, new OrtTensor("int64", BigInt64Array.from(feeds[name], BigInt), dims)];
    if (dtype === "bool") return [name, new OrtTensor("bool", Uint8Array.from(feeds[name]), dims)];
    return [name, new OrtTensor("float32", Float32Array.from(feeds[name]), dims)];
  });
  const outputs = await session.run(Object.fromEntries(inputs));
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as Float32Array, Number)]),
  );
}
