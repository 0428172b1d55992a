import * as e from "../index.ts";

/** Numbers of an input: pseudo-random in a range, or given. */
export interface InputSpec {
  readonly shape: readonly number[];
  readonly range: readonly [number, number];
  readonly dtype: "float32" | "int64" | "bool";
  readonly values?: readonly number[];
}

type Tensors = Readonly<Record<string, e.Tensor>>;

/** One use of an op, named after it (and a variant after a colon). */
export interface Case {
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly build: (inputs: Tensors) => e.Tensor | readonly e.Tensor[];
  /** No gradient flows back, by definition. */
  readonly flat: boolean;
}

const f = (shape: readonly number[], range: readonly [number, number] = [-2, 2]): InputSpec => ({
  shape,
  range,
  dtype: "float32",
});
const positive = (...shape: number[]): InputSpec => f(shape, [0.5, 3]);
const ints = (shape: readonly number[], values: readonly number[]): InputSpec => ({
  shape,
  range: [0, 0],
  dtype: "int64",
  values,
});
const bools = (shape: readonly number[], values: readonly number[]): InputSpec => ({
  ...ints(shape, values),
  dtype: "bool",
});

const smooth = (inputs: Case["inputs"], build: Case["build"]): Case => ({ inputs, build, flat: false });
const flat = (inputs: Case["inputs"], build: Case["build"]): Case => ({ inputs, build, flat: true });

const x23 = { x: f([2, 3]) };
const pair = { a: f([2, 1, 3]), b: f([4, 1]) };
const affine = (channels: number) => ({ scale: f([channels]), bias: f([channels]) });
const picture = f([2, 4, 3, 5]);

export const cases: Readonly<Record<string, Case>> = {
  add: smooth(pair, ({ a, b }) => e.add(a, b)),
  "add: number": smooth(x23, ({ x }) => e.add(1.5, x)),
  sub: smooth(pair, ({ a, b }) => e.sub(a, b)),
  "sub: from a number": smooth(x23, ({ x }) => e.sub(2, x)),
  mul: smooth(pair, ({ a, b }) => e.mul(a, b)),
  "mul: itself": smooth(x23, ({ x }) => e.mul(x, x)),
  div: smooth({ a: f([2, 1, 3]), b: positive(4, 1) }, ({ a, b }) => e.div(a, b)),
  pow: smooth({ a: positive(2, 3), b: f([3]) }, ({ a, b }) => e.pow(a, b)),
  "pow: number": smooth(x23, ({ x }) => e.pow(x, 3)),
  maximum: smooth(pair, ({ a, b }) => e.maximum(a, e.mul(b, b))),
  minimum: smooth(pair, ({ a, b }) => e.minimum(e.mul(a, a), b)),
  neg: smooth(x23, ({ x }) => e.neg(x)),
  reciprocal: smooth({ x: positive(2, 3) }, ({ x }) => e.reciprocal(x)),
  exp: smooth(x23, ({ x }) => e.exp(x)),
  log: smooth({ x: positive(2, 3) }, ({ x }) => e.log(x)),
  sqrt: smooth({ x: positive(2, 3) }, ({ x }) => e.sqrt(x)),
  sin: smooth(x23, ({ x }) => e.sin(x)),
  cos: smooth(x23, ({ x }) => e.cos(x)),
  tanh: smooth(x23, ({ x }) => e.tanh(x)),
  sigmoid: smooth(x23, ({ x }) => e.sigmoid(x)),
  erf: smooth({ x: f([3, 4], [-4, 4]) }, ({ x }) => e.erf(x)),
  abs: smooth(x23, ({ x }) => e.mul(e.abs(x), x)),
  sign: flat(x23, ({ x }) => e.sign(x)),
  clip: smooth({ x: f([3, 4]) }, ({ x }) => e.mul(e.clip(x, { min: -1, max: 0.5 }), x)),
  "clip: one side": smooth({ x: f([3, 4]) }, ({ x }) => e.mul(e.clip(x, { min: -0.5 }), x)),
  softplus: smooth({ x: f([3, 4], [-20, 20]) }, ({ x }) => e.softplus(x)),

  equal: flat({ a: ints([3], [1, 2, 3]), b: ints([2, 1], [1, 3]) }, ({ a, b }) => e.equal(a, b)),
  greater: flat(pair, ({ a, b }) => e.greater(a, b)),
  greaterOrEqual: flat(pair, ({ a, b }) => e.greaterOrEqual(a, b)),
  less: flat(pair, ({ a, b }) => e.less(a, b)),
  lessOrEqual: flat(pair, ({ a, b }) => e.lessOrEqual(a, b)),
  logicalAnd: flat({ a: bools([4], [0, 0, 1, 1]), b: bools([4], [0, 1, 0, 1]) }, ({ a, b }) =>
    e.logicalAnd(a, b),
  ),
  logicalOr: flat({ a: bools([4], [0, 0, 1, 1]), b: bools([4], [0, 1, 0, 1]) }, ({ a, b }) =>
    e.logicalOr(a, b),
  ),
  logicalNot: flat({ a: bools([2], [0, 1]) }, ({ a }) => e.logicalNot(a)),
  where: smooth({ a: f([2, 3]), b: f([1, 3]) }, ({ a, b }) =>
    e.where(e.greater(a, b), e.mul(a, b), e.sin(b)),
  ),
  cast: flat({ x: f([2, 3]) }, ({ x }) => e.cast(e.cast(x, "int32"), "float32")),

  sum: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.sum(e.mul(x, x), { axes: [0, -1] })),
  "sum: all": smooth(x23, ({ x }) => e.exp(e.sum(x))),
  mean: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.exp(e.mean(x, { axes: 1, keepDims: true }))),
  max: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.exp(e.max(x, { axes: [0, 2] }))),
  min: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.exp(e.min(x, { axes: 1 }))),
  "sum: no axis": smooth(x23, ({ x }) => e.mul(e.sum(x, { axes: [] }), e.logSumExp(x, { axes: [] }))),
  softmax: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.softmax(x)),
  "softmax: axis": smooth({ x: f([2, 3, 4]) }, ({ x }) => e.softmax(x, 1)),
  logSoftmax: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.logSoftmax(x)),
  "logSoftmax: axis": smooth({ x: f([2, 3, 4]) }, ({ x }) => e.logSoftmax(x, 0)),
  logSumExp: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.logSumExp(x, { axes: [0, 2] })),
  "logSumExp: large": smooth({ x: f([2, 3], [900, 902]) }, ({ x }) =>
    e.logSumExp(x, { axes: 1, keepDims: true }),
  ),

  matmul: smooth({ a: f([2, 3]), b: f([3, 4]) }, ({ a, b }) => e.matmul(a, b)),
  "matmul: batched": smooth({ a: f([2, 1, 3, 2]), b: f([3, 2, 4]) }, ({ a, b }) =>
    e.matmul(a, b, { alpha: 0.5 }),
  ),
  "matmul: wide left": smooth({ a: f([2, 3, 5]), b: f([2, 5, 2]) }, ({ a, b }) => e.matmul(a, b)),
  "matmul: wide result": smooth({ a: f([2, 3, 2]), b: f([2, 5, 2]) }, ({ a, b }) =>
    e.matmul(a, b, { transposeB: true, alpha: 2 }),
  ),
  "matmul: one right": smooth({ a: f([2, 2, 3]), b: f([4, 3]) }, ({ a, b }) =>
    e.matmul(a, b, { transposeB: true }),
  ),
  "matmul: one left": smooth({ a: f([3, 4]), b: f([2, 3, 2]) }, ({ a, b }) =>
    e.matmul(a, b, { transposeA: true }),
  ),
  "matmul: both transposed": smooth({ a: f([2, 3, 2]), b: f([2, 4, 3]) }, ({ a, b }) =>
    e.matmul(a, b, { transposeA: true, transposeB: true, alpha: 2 }),
  ),
  linear: smooth({ x: f([2, 2, 3]), weight: f([3, 4]), bias: f([4]) }, ({ x, weight, bias }) =>
    e.linear(x, weight, { bias }),
  ),
  "linear: transposed": smooth({ x: f([2, 3]), weight: f([4, 3]), bias: f([4]) }, ({ x, weight, bias }) =>
    e.linear(x, weight, { bias, transposeWeight: true }),
  ),
  "linear: no bias": smooth({ x: f([3]), weight: f([4, 3]) }, ({ x, weight }) =>
    e.linear(x, weight, { transposeWeight: true }),
  ),

  reshape: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.sin(e.reshape(x, [4, -1]))),
  expandDims: smooth(x23, ({ x }) => e.sin(e.expandDims(x, 1))),
  squeeze: smooth({ x: f([2, 1, 3]) }, ({ x }) => e.sin(e.squeeze(x, 1))),
  transpose: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.sin(e.transpose(x, [2, 0, 1]))),
  transposeLast: smooth({ x: f([2, 3, 4]) }, ({ x }) => e.sin(e.transposeLast(x))),
  broadcastTo: smooth({ x: f([3, 1]) }, ({ x }) => e.sin(e.broadcastTo(x, [2, 3, 4]))),
  slice: smooth({ x: f([4, 5]) }, ({ x }) =>
    e.sin(e.slice(x, { axis: 0, start: 1, end: 3 }, { axis: -1, start: -2 })),
  ),
  "slice: steps": smooth({ x: f([5, 6]) }, ({ x }) =>
    e.sin(e.slice(x, { axis: 0, start: 1, step: 3 }, { axis: 1, end: 6, step: 2 })),
  ),
  pad: smooth(x23, ({ x }) =>
    e.cos(
      e.pad(
        x,
        [
          { axis: 0, before: 1 },
          { axis: 1, before: 2, after: 1 },
        ],
        { value: 3 },
      ),
    ),
  ),
  concat: smooth({ a: f([2, 3]), b: f([2, 1]) }, ({ a, b }) => e.sin(e.concat([a, b, a], 1))),
  split: smooth({ x: f([2, 6]) }, ({ x }) => {
    const [first, , last] = e.split(x, 1, [1, 2, 3]);
    return [e.sin(first), e.exp(last)];
  }),
  "split: equal": smooth({ x: f([2, 6]) }, ({ x }) => e.split(e.sin(x), -1, 3)),
  flip: smooth({ x: f([2, 3, 2]) }, ({ x }) => e.sin(e.flip(x, [0, 1]))),
  gather: smooth({ x: f([2, 4, 3]), at: ints([2, 2], [3, 0, 3, 1]) }, ({ x, at }) =>
    e.sin(e.gather(x, at, 1)),
  ),
  "gather: one position": smooth({ x: f([3, 4]), at: ints([], [2]) }, ({ x, at }) =>
    e.sin(e.gather(x, at, 1)),
  ),
  scatterAdd: smooth({ x: f([2, 3, 2]), at: ints([3], [3, 0, 3]) }, ({ x, at }) =>
    e.sin(e.scatterAdd(x, at, { axis: 1, length: 5 })),
  ),
  oneHot: flat({ at: ints([2, 2], [0, 2, 1, 1]) }, ({ at }) => e.oneHot(at, 3)),
  argMax: flat({ x: f([3, 4]) }, ({ x }) => e.argMax(x, 0)),

  relu: smooth({ x: f([3, 4]) }, ({ x }) => e.mul(e.relu(x), x)),
  gelu: smooth({ x: f([3, 4], [-4, 4]) }, ({ x }) => e.gelu(x)),
  quickGelu: smooth({ x: f([3, 4]) }, ({ x }) => e.quickGelu(x)),
  silu: smooth({ x: f([3, 4]) }, ({ x }) => e.silu(x)),
  stopGradient: flat(x23, ({ x }) => e.stopGradient(e.sin(x))),

  layerNorm: smooth({ x: f([2, 3, 4]), ...affine(4) }, ({ x, ...options }) => e.layerNorm(x, options)),
  "layerNorm: plain": smooth({ x: f([3, 5]) }, ({ x }) => e.layerNorm(x, { epsilon: 0.1 })),
  "layerNorm: no bias": smooth({ x: f([3, 5]), scale: f([5]) }, ({ x, scale }) => e.layerNorm(x, { scale })),
  "layerNorm: channels first": smooth({ x: f([2, 3, 2, 2]), ...affine(3) }, ({ x, ...options }) =>
    e.layerNorm(x, { axis: 1, epsilon: 1e-6, ...options }),
  ),
  batchNormTrain: smooth({ x: f([2, 3, 2, 2]), ...affine(3) }, ({ x, ...options }) => {
    const { y, mean, variance } = e.batchNormTrain(x, options);
    return [y, mean, variance];
  }),
  "batchNormTrain: plain": smooth({ x: f([4, 3]) }, ({ x }) => e.batchNormTrain(x).y),
  batchNormFrozen: smooth(
    { x: f([2, 3, 2, 2]), ...affine(3), average: f([3]), variance: positive(3) },
    ({ x, average, variance, ...options }) => e.batchNormFrozen(x, { mean: average, variance }, options),
  ),
  "batchNormFrozen: plain": smooth({ x: f([2, 3, 2, 2]), average: f([3]), variance: positive(3) }, (t) =>
    e.batchNormFrozen(t.x, { mean: t.average, variance: t.variance }, { epsilon: 0.01 }),
  ),
  groupNorm: smooth({ x: f([2, 4, 2, 3]), ...affine(4) }, ({ x, ...options }) => e.groupNorm(x, 2, options)),
  l2Normalize: smooth({ x: f([2, 3, 2]) }, ({ x }) => e.l2Normalize(x, { axis: 1 })),

  conv2d: smooth({ x: picture, w: f([3, 4, 3, 2]), b: f([3]) }, ({ x, w, b }) =>
    e.conv2d(x, w, { bias: b, pad: [1, 0] }),
  ),
  "conv2d: strided": smooth({ x: f([2, 3, 6, 7]), w: f([2, 3, 3, 3]) }, ({ x, w }) =>
    e.conv2d(x, w, { stride: [2, 3], pad: [1, 0, 0, 1] }),
  ),
  "conv2d: dilated groups": smooth({ x: f([1, 4, 7, 6]), w: f([6, 2, 3, 2]) }, ({ x, w }) =>
    e.conv2d(x, w, { stride: [2, 1], dilation: [1, 2], pad: 1, groups: 2 }),
  ),
  "conv2d: depthwise": smooth({ x: picture, w: f([4, 1, 3, 3]), b: f([4]) }, ({ x, w, b }) =>
    e.conv2d(x, w, { bias: b, pad: 1, groups: 4 }),
  ),
  "conv2d: depthwise strided": smooth({ x: picture, w: f([4, 1, 3, 3]) }, ({ x, w }) =>
    e.conv2d(x, w, { pad: 1, groups: 4, stride: 2 }),
  ),
  "conv2d: patches": smooth({ x: f([1, 2, 11, 10]), w: f([2, 2, 5, 5]) }, ({ x, w }) =>
    e.conv2d(x, w, { stride: 5 }),
  ),
  "conv2d: small patches": smooth({ x: f([2, 2, 5, 6]), w: f([3, 2, 2, 3]) }, ({ x, w }) =>
    e.conv2d(x, w, { stride: [3, 3], pad: [0, 1] }),
  ),
  "conv2d: large kernel": smooth({ x: f([1, 1, 9, 8]), w: f([1, 1, 7, 7]) }, ({ x, w }) =>
    e.conv2d(x, w, { stride: [4, 2], pad: 3 }),
  ),
  "conv2d: pointwise": smooth({ x: picture, w: f([2, 4, 1, 1]) }, ({ x, w }) => e.conv2d(x, w)),
  "conv2d: pads beyond the kernel": smooth({ x: f([1, 1, 3, 4]), w: f([1, 1, 2, 2]) }, ({ x, w }) =>
    e.conv2d(x, w, { pad: 2 }),
  ),
  convTranspose2d: smooth({ x: f([2, 3, 2, 3]), w: f([3, 2, 2, 2]), b: f([2]) }, ({ x, w, b }) =>
    e.convTranspose2d(x, w, { stride: 2, bias: b }),
  ),
  "convTranspose2d: pads": smooth({ x: f([1, 2, 3, 4]), w: f([2, 2, 3, 3]) }, ({ x, w }) =>
    e.convTranspose2d(x, w, { stride: [2, 1], pad: [1, 1, 0, 1], outputPad: [1, 0], dilation: [1, 2] }),
  ),
  "convTranspose2d: groups": smooth({ x: f([1, 4, 3, 3]), w: f([4, 1, 3, 3]) }, ({ x, w }) =>
    e.convTranspose2d(x, w, { stride: 2, pad: 1, outputPad: 1, groups: 2 }),
  ),
  maxPool2d: smooth({ x: picture }, ({ x }) => e.sin(e.maxPool2d(x, 2))),
  "maxPool2d: overlapping": smooth({ x: picture }, ({ x }) =>
    e.sin(e.maxPool2d(x, 3, { stride: 2, pad: 1 })),
  ),
  "maxPool2d: dilated": smooth({ x: picture }, ({ x }) =>
    e.sin(e.maxPool2d(x, 2, { stride: 1, dilation: 2 })),
  ),
  avgPool2d: smooth({ x: f([2, 3, 4, 6]) }, ({ x }) => e.sin(e.avgPool2d(x, 2))),
  "avgPool2d: overlapping": smooth({ x: picture }, ({ x }) =>
    e.sin(e.avgPool2d(x, [3, 2], { stride: 2, pad: 1 })),
  ),
  resize: smooth({ x: f([1, 2, 3, 4]) }, ({ x }) => e.sin(e.resize(x, { height: 7, width: 6 }))),
  "resize: smaller": smooth({ x: f([1, 1, 7, 6]) }, ({ x }) => e.sin(e.resize(x, { height: 3, width: 6 }))),
  "resize: nearest": smooth({ x: f([1, 2, 3, 4]) }, ({ x }) =>
    e.sin(e.resize(x, { height: 7, width: 3, mode: "nearest" })),
  ),

  attention: smooth({ q: f([2, 3, 4]), k: f([2, 5, 4]), v: f([2, 5, 3]) }, ({ q, k, v }) =>
    e.attention(q, k, v),
  ),
  "attention: blocks": smooth(
    { q: f([2, 5, 4]), k: f([2, 3, 4]), v: f([2, 3, 2]), bias: f([5, 3]) },
    ({ q, k, v, bias }) => e.attention(q, k, v, { queryBlock: 2, bias, scale: 0.3 }),
  ),
  "attention: bias by block": smooth(
    { q: f([2, 4, 2]), k: f([2, 3, 2]), v: f([2, 3, 2]), r: f([4, 3, 2]) },
    ({ q, k, v, r }) =>
      e.attention(q, k, v, {
        queryBlock: 3,
        bias: ({ start, end }) => {
          const rows = e.slice(q, { axis: 1, start, end });
          const each = e.matmul(e.expandDims(rows, 2), e.slice(r, { axis: 0, start, end }), {
            transposeB: true,
          });
          return e.squeeze(each, 2);
        },
      }),
  ),
};

/** A 32-bit hash of (i, seed) as a number in [0, 1); `golden/engine/ops.py` computes the same. */
export function pseudoRandom(i: number, seed: number): number {
  let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}

/** The numbers of the k-th input of a case, exact in float32. */
export function inputValues({ shape, range: [low, high], values }: InputSpec, k: number): Float64Array {
  const count = shape.reduce((a, b) => a * b, 1);
  return Float64Array.from({ length: count }, (_, i) =>
    Math.fround(values?.[i] ?? low + (high - low) * pseudoRandom(i, k)),
  );
}

/** Weights in [−1, 1) of the elements of the k-th output in the loss that gradients are taken of. */
export function lossWeights(count: number, k: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.fround(2 * pseudoRandom(i, 100 + k) - 1));
}
