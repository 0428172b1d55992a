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

/** A session of either package. */
export async function createOrtSession(
  ort: Ort,
  model: Uint8Array<ArrayBuffer>,
  options: OrtOptions,
): Promise<Session> {
  const session = await ort.InferenceSession.create(model, options).catch((error) => {
    throw refusal("model", error);
  });
  return {
    async run(feeds, into) {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, array]) => [name, toTensor(ort, array)]),
      );
      const fetches = Object.fromEntries(
        session.outputNames.map((name) => [name, name in into ? toTensor(ort, into[name]) : null]),
      );
      const results = await session.run(tensors, fetches).catch((error) => {
        throw refusal("run", error);
      });
      return Object.fromEntries(
        Object.entries(results).map(([name, result]) => [name, into[name] ?? fromTensor(result as Tensor)]),
      );
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
