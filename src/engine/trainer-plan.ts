import type { Dtype, NdArray } from "../core/array.ts";
import type { ParameterLayout } from "./flat-parameters.ts";
import type { OptimizerDefinition } from "./optimizer-definition.ts";
import type { OptimizerState } from "./optimizer-state.ts";
import type { Arrays, SessionOptions } from "./runtime.ts";

/** Parameters, their optimizer and the graphs that use them, living beside the session that runs them. */
export interface Trainer {
  /**
   * One update, by the mean gradient over the micro-batches, and the means of the loss and of what else the graph reports; with clipping also
   * the "gradient norm". When one of them is not finite there is no update.
   *
   * @param rate learning rate, before the scale of a group
   */
  step(microBatches: readonly Arrays[], rate: number): Promise<Readonly<Record<string, number>>>;
  /**
   * Opens a micro-batch of a graph whose inputs depend on what it computes: runs all that the inputs at hand allow and gives the graph's
   * `opening` values. The next step goes on from there, micro-batch by micro-batch, and is fed the other inputs only.
   */
  begin(feeds: Arrays): Promise<Arrays>;
  /** Runs one of the other programs with the parameters as they are. */
  evaluate(program: string, feeds: Arrays): Promise<Arrays>;
  /** A copy of everything that steps change, as a checkpoint holds it. */
  state(): Promise<TrainerState>;
  dispose(): Promise<void>;
}

export interface TrainerState {
  /** Parameters and running statistics by name. */
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly optimizer: OptimizerState;
}

/** What training starts from: a checkpoint, or tensors alone for an optimizer that has made no step. */
export interface TrainerStart {
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly optimizer?: OptimizerState;
}

/** All a trainer is made from, as plain data that can go to another thread. */
export interface TrainerPlan {
  /**
   * Where the update is made: "flat", by a loop over arrays that the gradients of the parameters ("gradient/NAME") are written to; or
   * "graph", where the model writes new parameters and moments ("next/NAME") that never leave the device.
   */
  readonly update: "flat" | "graph";
  readonly model: Uint8Array<ArrayBuffer>;
  readonly programs: Readonly<Record<string, ProgramPlan>>;
  readonly opening: OpeningPlan | null;
  readonly parameters: ParameterLayout;
  /** Inputs whose next value ("next/NAME") the model writes, such as a batch norm's running mean. */
  readonly running: ParameterLayout;
  /** Outputs of one element. */
  readonly report: readonly string[];
  readonly optimizer: OptimizerDefinition;
  readonly clipNorm: number | null;
  /** The most that a step has. */
  readonly microBatches: number;
  readonly session: SessionOptions;
}

export interface ProgramPlan {
  readonly model: Uint8Array<ArrayBuffer>;
  /** Parameters and running statistics among its inputs. */
  readonly state: readonly string[];
}

/** The first stage of a step in two: see `Trainer.begin`. */
export interface OpeningPlan {
  readonly model: Uint8Array<ArrayBuffer>;
  /** Parameters among its inputs. */
  readonly state: readonly string[];
  /** Its values for the caller. */
  readonly outputs: readonly string[];
  /** What the second stage gets from the first; nothing where it computes all of it again. */
  readonly saved: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly dtype: Dtype;
  }[];
  /** What the first stage is fed and the second needs too. */
  readonly feeds: readonly string[];
  /** Parameters among the inputs of the second stage. */
  readonly restState: readonly string[];
}
