import {
  BYTES,
  type ConstantAttributes,
  constantOp,
  isExternal,
  type Tensor,
  type TensorType,
} from "./graph.ts";
import { liveValues } from "./onnx.ts";

/** A session keeps its weights and, of some, a second copy in the order its kernels want: measured at 1.3 times their size. */
const WEIGHT_FACTOR = 1.3;
/** What a session of a handful of nodes takes. */
const SESSION_BYTES = 200_000;
/** What a node takes: its kernel, its names, its part of the plan. */
const NODE_BYTES = 3000;

/** Bytes of the constants that the values are computed from, by where they are. */
export function weightBytes(results: readonly Tensor[]): {
  readonly inMemory: number;
  readonly inFiles: number;
} {
  let inMemory = 0;
  let inFiles = 0;
  for (const { op, attributes, outputs } of liveValues(results).nodes) {
    if (op !== constantOp) continue;
    if (isExternal((attributes as ConstantAttributes).data)) inFiles += bytesOf(outputs[0]);
    else inMemory += bytesOf(outputs[0]);
  }
  return { inMemory, inFiles };
}

/**
 * About how much memory a session that computes the values holds: weights, nodes, and intermediate values at the moment when most of
 * them are needed, in the order of the nodes. A dimension that has only a name counts as 1.
 */
export function estimateBytes(results: readonly Tensor[]): number {
  const { inMemory, inFiles } = weightBytes(results);
  const { nodes, values } = liveValues(results);
  const lastUse = new Map<Tensor, number>();
  nodes.forEach(({ inputs, outputs }, at) => {
    for (const tensor of [...inputs, ...outputs]) lastUse.set(tensor, at);
  });
  for (const tensor of results) lastUse.set(tensor, nodes.length);
  let live = 0;
  let peak = 0;
  const freed: number[] = nodes.map(() => 0);
  nodes.forEach(({ op, outputs }, at) => {
    for (const tensor of outputs) {
      if (op === constantOp || !values.has(tensor)) continue;
      live += bytesOf(tensor);
      const last = lastUse.get(tensor) as number;
      if (last < nodes.length) freed[last] += bytesOf(tensor);
    }
    peak = Math.max(peak, live);
    live -= freed[at];
  });
  return Math.round(WEIGHT_FACTOR * (inMemory + inFiles) + peak + SESSION_BYTES + NODE_BYTES * nodes.length);
}

function bytesOf({ shape, dtype }: TensorType): number {
  return shape.reduce<number>((bytes, dim) => (typeof dim === "number" ? bytes * dim : bytes), BYTES[dtype]);
}
