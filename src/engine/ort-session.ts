import type { InferenceSession, Tensor } from "onnxruntime-web";
import type { Dtype, NdArray } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";
import type { Session } from "./runtime.ts";

/** What ONNX Runtime's packages for Node and for the web have in common. */
export interface Ort {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

export type OrtOptions = InferenceSession.SessionOptions;

/**
 * A session of either package.
 *
 * @param writesInto  whether a run writes to output tensors it is given; onnxruntime-web leaves them as they are
 */
export async function createOrtSession(
  ort: Ort,
  model: Uint8Array<ArrayBuffer>,
  options: OrtOptions,
  { writesInto }: { readonly writesInto: boolean },
): Promise<Session> {
  const session = await ort.InferenceSession.create(model, options).catch((error) => {
    throw refusal("model", error);
  });
  return {
    async run(feeds, into) {
      const tensors = mapValues(feeds, (array) => toTensor(ort, array));
      const given = writesInto ? mapValues(into, (array) => toTensor(ort, array)) : {};
      const fetches = Object.fromEntries(session.outputNames.map((name) => [name, given[name] ?? null]));
      const results = await session.run(tensors, fetches).catch((error) => {
        throw refusal("run", error);
      });
      return mapValues(results, (result, name) => {
        const array = into[name];
        if (array === undefined) return fromTensor(result as Tensor);
        if (!writesInto) (array.data as Float32Array).set(fromTensor(result as Tensor).data as Float32Array);
        return array;
      });
    },
    async release() {
      if (options.enableProfiling) session.endProfiling();
      await session.release();
    },
  };
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
