import type { Dtype } from "../../core/array.ts";
import { broadcastShapes } from "../broadcast.ts";
import { ONNX_DTYPES } from "../constant-bytes.ts";
import { apply, type Tensor } from "../graph.ts";
import { defineOp, type NoAttributes, type Op, onnxNode } from "../op.ts";
import { opError } from "../shape.ts";
import { type Operand, toTensors } from "./operand.ts";
import { sumTo } from "./reduce.ts";

function comparison(name: string, type: string): Op {
  return defineOp({
    name,
    infer: ([a, b]) => ({ shape: broadcastShapes(name, a.shape, b.shape), dtype: "bool" }),
    emit: onnxNode(type),
  });
}

const equalOp = comparison("equal", "Equal");
const greaterOp = comparison("greater", "Greater");
const greaterOrEqualOp = comparison("greaterOrEqual", "GreaterOrEqual");
const lessOp = comparison("less", "Less");
const lessOrEqualOp = comparison("lessOrEqual", "LessOrEqual");
const logicalAndOp = comparison("logicalAnd", "And");
const logicalOrOp = comparison("logicalOr", "Or");
const logicalNotOp = defineOp({ name: "logicalNot", infer: ([x]) => x, emit: onnxNode("Not") });

/** a = b, as bool. */
export function equal(a: Operand, b: Operand): Tensor {
  return apply(equalOp, toTensors("equal", a, b), {});
}

/** a > b, as bool. */
export function greater(a: Operand, b: Operand): Tensor {
  return apply(greaterOp, toTensors("greater", a, b), {});
}

/** a ≥ b, as bool. */
export function greaterOrEqual(a: Operand, b: Operand): Tensor {
  return apply(greaterOrEqualOp, toTensors("greaterOrEqual", a, b), {});
}

/** a < b, as bool. */
export function less(a: Operand, b: Operand): Tensor {
  return apply(lessOp, toTensors("less", a, b), {});
}

/** a ≤ b, as bool. */
export function lessOrEqual(a: Operand, b: Operand): Tensor {
  return apply(lessOrEqualOp, toTensors("lessOrEqual", a, b), {});
}

/** a and b, of bools. */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return apply(logicalAndOp, bools("logicalAnd", a, b), {});
}

/** a or b, of bools. */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return apply(logicalOrOp, bools("logicalOr", a, b), {});
}

/** not x, of bools. */
export function logicalNot(x: Tensor): Tensor {
  return apply(logicalNotOp, bools("logicalNot", x), {});
}

const whereOp = defineOp<NoAttributes>({
  name: "where",
  infer: ([condition, a, b]) => ({
    shape: broadcastShapes("where", condition.shape, a.shape, b.shape),
    dtype: a.dtype,
  }),
  emit: onnxNode("Where"),
  vjp: ({ inputs: [condition, a, b], outputs: [y], cotangent }) => [
    null,
    () => sumTo(where(condition, cotangent, 0), y.shape, a.shape),
    () => sumTo(where(condition, 0, cotangent), y.shape, b.shape),
  ],
  broadcastCotangent: true,
});

/** a where the condition (bool) holds, b elsewhere; all three broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  bools("where: condition", condition);
  return apply(whereOp, [condition, ...toTensors("where", a, b)], {});
}

const castOp = defineOp<{ readonly dtype: Dtype }>({
  name: "cast",
  infer: ([{ shape }], { dtype }) => ({ shape, dtype }),
  emit: onnxNode("Cast", ({ dtype }) => ({ to: ONNX_DTYPES[dtype] })),
});

/** x in another dtype: floats to integers towards zero, bools to 0 and 1. No gradient flows through it. */
export function cast(x: Tensor, dtype: Dtype): Tensor {
  return x.dtype === dtype ? x : apply(castOp, [x], { dtype });
}

function bools(op: string, ...tensors: readonly Tensor[]): readonly Tensor[] {
  for (const { dtype } of tensors) if (dtype !== "bool") throw opError(op, "bool", dtype, "use a comparison");
  return tensors;
}
