import { invalid } from "../core/error.ts";
import { checkFeeds } from "./feeds.ts";
import type { Tensor } from "./graph.ts";
import { estimateBytes, weightBytes } from "./memory.ts";
import { emitModel, type InputType, inputsOf } from "./onnx.ts";
import { convertPrecision, type Precision } from "./precision.ts";
import { createQueue } from "./queue.ts";
import type { Arrays, Runtime, SessionOptions } from "./runtime.ts";

/** A graph that is ready to run, in one session of the runtime. */
export interface Executable<N extends string = string> {
  /** What a run has to be fed. */
  readonly inputs: readonly InputType[];
  /** About how much memory it holds until it is disposed of: weights and intermediate values. */
  readonly bytes: number;
  /**
   * The outputs for the given inputs. Runs asked for at the same time are made one after another.
   *
   * @param into  arrays to write outputs to, instead of new ones
   * @throws MaskwrightError INVALID_ARGUMENT or SHAPE_MISMATCH naming an input that is missing, unknown or of another type
   */
  run(feeds: Arrays, into?: Arrays<N> | Partial<Arrays<N>>): Promise<Arrays<N>>;
  /** Frees the session once the runs asked for are over. */
  dispose(): Promise<void>;
}

export interface CompileOptions extends SessionOptions {
  /** What to compute with; `measurePrecision` says what it costs in accuracy. Default "float32". */
  readonly precision?: Precision;
}

/** Protocol buffers, and so ONNX models, stay below this; the rest is names and nodes. */
const MAX_MODEL_BYTES = 2 ** 31 - 2 ** 24;

/**
 * Makes the graph that computes the outputs ready to run: emits it as ONNX and opens a session.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when constants in memory exceed the 2 GB of an ONNX model; MODEL when the runtime refuses it
 */
export async function compile<N extends string>(
  outputs: Readonly<Record<N, Tensor>>,
  runtime: Runtime,
  { precision = "float32", ...options }: CompileOptions = {},
): Promise<Executable<N>> {
  const tensors = Object.values<Tensor>(outputs);
  const { inMemory } = weightBytes(tensors);
  if (inMemory > MAX_MODEL_BYTES)
    throw invalid(
      "compile: constants",
      "at most 2 GB of them in memory",
      inMemory,
      "leave large weights in their safetensors file: externalWeights",
    );
  const inputs = inputsOf(tensors);
  const model = convertPrecision(emitModel(outputs), precision);
  const session = await runtime.createSession(model, options);
  const inOrder = createQueue();
  let isDisposed = false;
  return {
    inputs,
    bytes: estimateBytes(tensors),
    run(feeds, into = {}) {
      return inOrder(async () => {
        if (isDisposed) throw new Error("run: the executable was disposed of");
        checkFeeds("run", inputs, feeds);
        return (await session.run(feeds, into as Arrays)) as Arrays<N>;
      });
    },
    dispose: () =>
      inOrder(async () => {
        if (!isDisposed) await session.release();
        isDisposed = true;
      }),
  };
}
