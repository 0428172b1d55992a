import type { NdArray } from "../core/array.ts";
import type { Device } from "./device.ts";
import type { Trainer, TrainerPlan, TrainerStart } from "./trainer-plan.ts";

/** Arrays by the name of a graph's input or output. */
export type Arrays<N extends string = string> = Readonly<Record<N, NdArray>>;

/** Something that can run ONNX models, opened on one device. */
export interface Runtime {
  readonly device: Device;
  /**
   * @param model  bytes of an ONNX model; not to be used afterwards, since another thread may take them over
   * @throws MaskwrightError MODEL when the model is refused
   */
  createSession(model: Uint8Array<ArrayBuffer>, options?: SessionOptions): Promise<Session>;
  /** A trainer that lives where sessions do. Use `compileTraining`, which makes the plan. */
  createTrainer(plan: TrainerPlan, start: TrainerStart): Promise<Trainer>;
}

export interface RuntimeOptions {
  /** Threads that compute one run. Default: one for each core. */
  readonly threads?: number;
}

export interface SessionOptions {
  /** Folder of the files that external data lies in. */
  readonly folder?: string;
  /** Return the memory of intermediate values after every run, which makes the next one slower. Default false. */
  readonly releaseMemory?: boolean;
  /** Write a trace of all runs, for chrome://tracing, to a file whose name begins so; it is complete once disposed of. */
  readonly profile?: string;
  /** Every run is given arrays for its large outputs; the shapes of all outputs are numbers. Default false. */
  readonly fillsArrays?: boolean;
  /** Inputs that are not fed but keep, on the device, what the output of the given name was in the last run. */
  readonly resident?: Readonly<Record<string, string>>;
}

/** A model that is ready to run. One run at a time; the caller sees to that. */
export interface Session {
  /** @param into  arrays that outputs are written to, instead of new ones; those that are named only */
  run(feeds: Arrays, into?: Arrays): Promise<Arrays>;
  /** Sets resident inputs, all of them before the first run. */
  write(values: Arrays): void;
  /** The resident inputs of the next run. */
  read(): Promise<Arrays>;
  release(): Promise<void>;
}
