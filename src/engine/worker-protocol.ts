import type { NdArray } from "../core/array.ts";
import type { RemoteError } from "../core/remote-error.ts";
import type { Device } from "./device.ts";
import type { Arrays, SessionOptions } from "./runtime.ts";
import type { NodeRuntimeOptions } from "./runtime-node.ts";
import type { TrainerPlan, TrainerStart, TrainerState } from "./trainer-plan.ts";

/** What can be asked of an engine worker. Sessions and trainers go by numbers. */
export interface WorkerCalls {
  open(options: NodeRuntimeOptions): Promise<Device>;
  createSession(model: Uint8Array<ArrayBuffer>, options: SessionOptions | undefined): Promise<number>;
  run(session: number, feeds: Arrays): Promise<Arrays>;
  write(session: number, values: Arrays): Promise<void>;
  read(session: number): Promise<Arrays>;
  createTrainer(plan: TrainerPlan, start: TrainerStart): Promise<number>;
  step(
    trainer: number,
    microBatches: readonly Arrays[],
    rate: number,
  ): Promise<Readonly<Record<string, number>>>;
  begin(trainer: number, feeds: Arrays): Promise<Arrays>;
  evaluate(trainer: number, program: string, feeds: Arrays): Promise<Arrays>;
  state(trainer: number): Promise<TrainerState>;
  release(object: number): Promise<void>;
}

export interface WorkerRequest<C extends keyof WorkerCalls = keyof WorkerCalls> {
  readonly id: number;
  readonly call: C;
  readonly args: Parameters<WorkerCalls[C]>;
}

export type WorkerAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: RemoteError };

/** Arrays that are views of larger ones, copied: a message takes the whole buffer of a view along. */
export function compact(arrays: Arrays): Arrays {
  const alone = ({ data }: NdArray): boolean => data.byteLength === data.buffer.byteLength;
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [
      name,
      alone(array) ? array : { ...array, data: array.data.slice() as Float32Array },
    ]),
  );
}

/** Each buffer that arrays anywhere in a value lie in, once. */
export function buffersOf(value: unknown, found: Set<ArrayBuffer> = new Set()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (value instanceof Map) for (const each of value.values()) buffersOf(each, found);
  else if (typeof value === "object" && value !== null)
    for (const each of Object.values(value)) buffersOf(each, found);
  return [...found];
}
