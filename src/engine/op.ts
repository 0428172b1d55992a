import type { Node, Tensor, TensorType } from "./graph.ts";

/** Settings of a node: plain data, so that equal settings print equally. */
export type Attributes = object;
export type NoAttributes = Record<never, never>;

/**
 * One operation: what its results look like, which ONNX nodes compute it, and how gradients pass back through it.
 *
 * An op is a value of this type and a function that applies it; nothing else knows the ops there are.
 */
export interface Op<A extends Attributes = Attributes> {
  readonly name: string;
  /** The type of each output; throws "name: expected …, got …" when the inputs do not fit. */
  infer(inputs: readonly Tensor[], attributes: A): TensorType | readonly TensorType[];
  /** Adds the ONNX nodes that write `outputs`. */
  emit(call: EmitCall<A>): void;
  /**
   * For each input a function that makes its cotangent with ops of this library, or null where none flows.
   * Only those needed are called; what they have in common is shared by the graph, so each may be written out whole.
   * Absent: the outputs do not depend smoothly on any input.
   */
  vjp?(call: VjpCall<A>): readonly Cotangent[];
  /**
   * The cotangent handed to `vjp` may have length 1 where the output is longer and every element is the same.
   * Ops that only multiply, add or reduce it set this and so save writing out the repetition.
   */
  readonly broadcastCotangent?: boolean;
}

export type Cotangent = (() => Tensor) | null;

export interface VjpCall<A extends Attributes> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: A;
  /** Cotangent of the first output. Ops with several outputs read `cotangents`. */
  readonly cotangent: Tensor;
  /** One per output, null for an output that nothing was computed from. */
  readonly cotangents: readonly (Tensor | null)[];
}

export interface EmitCall<A extends Attributes> {
  readonly node: Node;
  readonly attributes: A;
  /** Names of the node's inputs and outputs; an output that nobody reads has the name "". */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Adds `type` (with its domain before a colon: "com.microsoft:Gelu") writing the names in `outputs`. */
  add(type: string, inputs: readonly string[], outputs: readonly string[], attributes?: OnnxAttributes): void;
  /** Adds a node with one output and returns the output's new name. */
  value(type: string, inputs: readonly string[], attributes?: OnnxAttributes): string;
  /** A vector of int64, shared by all nodes that ask for the same numbers. */
  ints(values: readonly number[]): string;
  /** A vector or scalar of float32, shared likewise. */
  floats(values: readonly number[] | number): string;
}

/** A number is an INT; wrap it by `float` for a FLOAT. */
export type OnnxAttributes = Readonly<
  Record<string, number | string | readonly number[] | { float: number }>
>;

export function float(value: number): { float: number } {
  return { float: value };
}

/** Types an op definition; the result is the definition. */
export function defineOp<A extends Attributes = NoAttributes>(op: Op<A>): Op<A> {
  return op;
}

/** The `emit` of an op that is one ONNX node with the same inputs and outputs. */
export function onnxNode<A extends Attributes>(
  type: string,
  attributes?: (attributes: A) => OnnxAttributes,
): (call: EmitCall<A>) => void {
  return (call) => call.add(type, call.inputs, call.outputs, attributes?.(call.attributes));
}
