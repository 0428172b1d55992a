import { elementCount } from "../../core/array.ts";
import { halfToFloat32 } from "../../core/half.ts";
import {
  type ConstantAttributes,
  constantOp,
  type InputAttributes,
  inputOp,
  isExternal,
  type Tensor,
} from "../graph.ts";
import { liveValues } from "../onnx.ts";
import { layoutKernels } from "./layout-kernels.ts";
import { networkKernels } from "./network-kernels.ts";
import { scalarKernels } from "./scalar-kernels.ts";

/** A value of the interpreter: any dtype as float64, bool as 0 and 1. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The outputs of one node; `shapes` are theirs. */
export type Kernel<A = object> = (
  inputs: readonly Value[],
  attributes: A,
  shapes: readonly (readonly number[])[],
) => readonly Float64Array[];

// biome-ignore lint/suspicious/noExplicitAny: each kernel knows the attributes of its op.
export const kernels: Readonly<Record<string, Kernel<any>>> = {
  ...scalarKernels,
  ...layoutKernels,
  ...networkKernels,
};

/**
 * Computes tensors by plain loops in float64: the oracle for every op, and a way to look inside a graph.
 *
 * @param feeds  for each input its numbers; named dimensions take their lengths from `shapes`
 */
export function interpret(
  tensors: readonly Tensor[],
  feeds: Readonly<Record<string, ArrayLike<number>>>,
  lengths: Readonly<Record<string, number>> = {},
): Value[] {
  const values = new Map<Tensor, Value>();
  const shapeOf = ({ shape }: Tensor): number[] =>
    shape.map((dim) => (typeof dim === "number" ? dim : lengths[dim]));
  for (const { op, inputs, outputs, attributes } of liveValues(tensors).nodes) {
    const shapes = outputs.map(shapeOf);
    let results: readonly ArrayLike<number | bigint>[];
    if (op === inputOp) results = [feeds[(attributes as InputAttributes).name]];
    else if (op === constantOp) results = [constantNumbers(attributes as ConstantAttributes)];
    else {
      const kernel = kernels[op.name];
      if (kernel === undefined) throw new Error(`the interpreter has no kernel for ${op.name}`);
      const operands = inputs.map((tensor) => values.get(tensor) as Value);
      results = kernel(operands, attributes, shapes);
    }
    outputs.forEach((output, i) => {
      const data = Float64Array.from(results[i] as ArrayLike<number>, Number);
      if (data.length !== elementCount(shapes[i]))
        throw new Error(`${op.name}: ${data.length} numbers for [${shapes[i]}]`);
      values.set(output, { shape: shapes[i], data });
    });
  }
  return tensors.map((tensor) => values.get(tensor) as Value);
}

function constantNumbers({ data }: ConstantAttributes): ArrayLike<number | bigint> {
  if (isExternal(data)) throw new Error(`the interpreter cannot read ${data.location}`);
  return data instanceof Uint16Array ? halfToFloat32(data) : data;
}
