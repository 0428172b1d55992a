import type { InferenceSession, Tensor } from "onnxruntime-web";
import type { Dtype, NdArray } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";
import { emptyArray } from "./empty-array.ts";
import { createGraph, input } from "./graph.ts";
import { emitModel } from "./onnx.ts";
import type { Arrays, Session, SessionOptions } from "./runtime.ts";
import { isStop, STOP, withStop } from "./stop-copies.ts";

/** What ONNX Runtime's packages for Node and for the web have in common. */
export interface Ort {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

export type OrtOptions = InferenceSession.SessionOptions;

export interface OrtTraits {
  /** Whether a run writes to output tensors it is given; onnxruntime-web leaves them as they are. */
  readonly writesInto: boolean;
  /** Whether a run makes a copy of outputs it was given tensors for. */
  readonly copiesGiven: boolean;
  /** Whether outputs can stay on the device, as WebGPU's do. */
  readonly keepsOutputs: boolean;
}

/** A session of either package. */
export async function createOrtSession(
  ort: Ort,
  model: Uint8Array<ArrayBuffer>,
  options: OrtOptions,
  { resident = {}, fillsArrays = false }: Pick<SessionOptions, "resident" | "fillsArrays">,
  { writesInto, copiesGiven, keepsOutputs }: OrtTraits,
): Promise<Session> {
  const kept = Object.entries(resident);
  const preferredOutputLocation = Object.fromEntries(
    kept.map(([, output]) => [output, "gpu-buffer" as const]),
  );
  const stops = fillsArrays && writesInto && copiesGiven;
  const session = await ort.InferenceSession.create(stops ? withStop(model) : model, {
    ...options,
    ...(keepsOutputs && kept.length > 0 && { preferredOutputLocation }),
  }).catch((error) => {
    throw refusal("model", error);
  });
  const keptOutputs = new Set(Object.values(resident));
  let held: Record<string, Tensor> = {};
  return {
    async run(feeds, into = {}) {
      const tensors = mapValues(feeds, (array) => toTensor(ort, array));
      if (stops) return await fill(ort, session, tensors, into);
      const given = writesInto ? mapValues(into, (array) => toTensor(ort, array)) : {};
      const fetches = Object.fromEntries(session.outputNames.map((name) => [name, given[name] ?? null]));
      const results = await session.run({ ...held, ...tensors }, fetches).catch((error) => {
        throw refusal("run", error);
      });
      const next = Object.fromEntries(kept.map(([name, output]) => [name, results[output] as Tensor]));
      disposeAll(held);
      held = next;
      const returned = Object.entries(results).filter(([name]) => !keptOutputs.has(name));
      return mapValues(Object.fromEntries(returned), (result, name) => {
        const array = into[name];
        if (array === undefined) return fromTensor(result as Tensor);
        if (!writesInto) (array.data as Float32Array).set(fromTensor(result as Tensor).data as Float32Array);
        return array;
      });
    },
    write(values) {
      held = { ...held, ...mapValues(values, (array) => toTensor(ort, array)) };
    },
    read: () => download(ort, held, options),
    async release() {
      disposeAll(held);
      if (options.enableProfiling) session.endProfiling();
      await session.release();
    },
  };
}

/** Runs a model that has the output `STOP`: all others are written to arrays, those that are given or new ones. */
async function fill(
  ort: Ort,
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  into: Arrays,
): Promise<Record<string, NdArray>> {
  const outputs = Object.fromEntries(
    session.outputMetadata.flatMap((output) =>
      output.isTensor
        ? [[output.name, into[output.name] ?? emptyArray(output.type as Dtype, output.shape as number[])]]
        : [],
    ),
  );
  const fetches = { [STOP]: null, ...mapValues(outputs, (array) => toTensor(ort, array)) };
  try {
    await session.run(feeds, fetches);
  } catch (error) {
    if (!isStop(error)) throw refusal("run", error);
  }
  return outputs;
}

/**
 * The numbers of tensors on any device, by way of a model that copies them: onnxruntime-node 1.30 ends the process when a tensor of
 * the GPU is asked for its data.
 */
async function download(
  ort: Ort,
  held: Readonly<Record<string, Tensor>>,
  options: OrtOptions,
): Promise<Record<string, NdArray>> {
  if (Object.keys(held).length === 0) return {};
  const graph = createGraph();
  const copies = mapValues(held, ({ type, dims }, name) => input(graph, name, dims, type as Dtype));
  const renamed = Object.fromEntries(
    Object.entries(copies).map(([name, tensor]) => [`copy of ${name}`, tensor]),
  );
  const session = await ort.InferenceSession.create(emitModel(renamed), options);
  const results = await session.run(held);
  await session.release();
  return mapValues(held, (_, name) => fromTensor(results[`copy of ${name}`] as Tensor));
}

/** Gives the memory of tensors on the device back; those of the CPU have none. */
function disposeAll(tensors: Readonly<Record<string, Tensor>>): void {
  for (const tensor of Object.values(tensors)) if (tensor.location === "gpu-buffer") tensor.dispose();
}

/** ONNX Runtime takes no memory that threads share, so that is copied. */
function toTensor(ort: Ort, { dtype, data, shape }: NdArray): Tensor {
  const own = data.buffer instanceof ArrayBuffer ? data : data.slice();
  return new ort.Tensor(dtype as "float32", own as Float32Array, shape);
}

function fromTensor({ type, dims, data }: Tensor): NdArray {
  const { buffer, byteOffset, length } = data as Float32Array;
  // Where the language has a Float16Array, that is what comes back.
  const values = type === "float16" ? new Uint16Array(buffer, byteOffset, length) : data;
  return { dtype: type as Dtype, shape: dims, data: values as Float32Array };
}

function refusal(what: string, error: unknown): MaskwrightError {
  const reason = error instanceof Error ? error.message.trim() : String(error);
  return new MaskwrightError("MODEL", `onnxruntime: the ${what} failed: ${reason}`, { cause: error });
}

function mapValues<V, R>(
  record: Readonly<Record<string, V>>,
  map: (value: V, key: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
