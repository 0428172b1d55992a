import { elementCount, type NdArray } from "../core/array.ts";
import { invalid, MaskwrightError, shapeMismatch } from "../core/error.ts";
import type { Tensor } from "./graph.ts";
import { estimateBytes, weightBytes } from "./memory.ts";
import { emitModel, type InputType, inputsOf } from "./onnx.ts";
import type { Arrays, Runtime, SessionOptions } from "./runtime.ts";
import { formatShape } from "./shape.ts";

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

export interface CompileOptions extends SessionOptions {}

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
  options: CompileOptions = {},
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
  const session = await runtime.createSession(emitModel(outputs), options);
  let last: Promise<unknown> = Promise.resolve();
  let isDisposed = false;
  const inOrder = <T>(action: () => Promise<T>): Promise<T> => {
    const next = last.then(action);
    last = next.catch(() => {});
    return next;
  };
  return {
    inputs,
    bytes: estimateBytes(tensors),
    run(feeds, into = {}) {
      return inOrder(async () => {
        if (isDisposed) throw new Error("run: the executable was disposed of");
        checkFeeds(inputs, feeds);
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

function checkFeeds(inputs: readonly InputType[], feeds: Arrays): void {
  const lengths = new Map<string, number>();
  for (const { name, shape, dtype } of inputs) {
    const where = `run: input "${name}"`;
    const expected = `${dtype} ${formatShape(shape)}`;
    const array: NdArray | undefined = feeds[name];
    if (array === undefined)
      throw new MaskwrightError("INVALID_ARGUMENT", `${where}: expected ${expected}, got none`);
    const got = `${array.dtype} ${formatShape(array.shape)}`;
    const fits = shape.every((dim, axis) => {
      const length = array.shape[axis];
      if (typeof dim === "number") return dim === length;
      // A name stands for one number wherever it is written.
      if (!lengths.has(dim)) lengths.set(dim, length);
      return lengths.get(dim) === length;
    });
    if (array.dtype !== dtype || array.shape.length !== shape.length || !fits)
      throw shapeMismatch(where, expected, got);
    if (array.data.length !== elementCount(array.shape))
      throw shapeMismatch(where, `${elementCount(array.shape)} numbers for ${got}`, `${array.data.length}`);
  }
  const known = new Set(inputs.map(({ name }) => name));
  const extra = Object.keys(feeds).find((name) => !known.has(name));
  if (extra !== undefined)
    throw invalid("run: feeds", `inputs of the graph (${[...known].join(", ")})`, extra);
}
