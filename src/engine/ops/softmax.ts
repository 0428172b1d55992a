import { apply, type Tensor } from "../graph.ts";
import { defineOp, onnxNode } from "../op.ts";
import { keepAxes, normalizeAxis } from "../shape.ts";
import { mul, sub } from "./arithmetic.ts";
import { exp } from "./elementwise.ts";
import { expectFloat } from "./operand.ts";
import { type ReduceAttributes, type ReduceOptions, reduce, sum } from "./reduce.ts";

interface AxisAttributes {
  readonly axis: number;
}

const softmaxOp = defineOp<AxisAttributes>({
  name: "softmax",
  infer: ([x]) => {
    expectFloat("softmax", x);
    return x;
  },
  emit: onnxNode("Softmax", ({ axis }) => ({ axis })),
  vjp: ({ outputs: [y], attributes: { axis }, cotangent: g }) => [
    () => {
      const weighted = mul(g, y);
      return sub(weighted, mul(y, sum(weighted, { axes: axis, keepDims: true })));
    },
  ],
});

/** exp(x) / Σ exp(x) along one axis (the last). */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOp, [x], { axis: normalizeAxis("softmax", axis, x.shape.length) });
}

const logSoftmaxOp = defineOp<AxisAttributes>({
  name: "logSoftmax",
  infer: ([x]) => {
    expectFloat("logSoftmax", x);
    return x;
  },
  emit: onnxNode("LogSoftmax", ({ axis }) => ({ axis })),
  vjp: ({ outputs: [y], attributes: { axis }, cotangent: g }) => [
    () => sub(g, mul(exp(y), sum(g, { axes: axis, keepDims: true }))),
  ],
});

/** x − log Σ exp(x) along one axis (the last). */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(logSoftmaxOp, [x], { axis: normalizeAxis("logSoftmax", axis, x.shape.length) });
}

const logSumExpOp = defineOp<ReduceAttributes>({
  name: "logSumExp",
  infer: ([x], { axes }) => {
    expectFloat("logSumExp", x);
    return { shape: keepAxes(x.shape, axes), dtype: x.dtype };
  },
  emit({ inputs, outputs, attributes: { axes }, add, ints }) {
    add("ReduceLogSumExp", [inputs[0], ints(axes)], outputs, { keepdims: 1 });
  },
  vjp: ({ inputs: [x], outputs: [y], cotangent }) => [() => mul(cotangent, exp(sub(x, y)))],
  broadcastCotangent: true,
});

/** log Σ exp(x) over the axes, without overflow. */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(logSumExpOp, x, options);
}
