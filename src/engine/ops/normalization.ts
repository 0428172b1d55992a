import { applyAll, constant, type Tensor } from "../graph.ts";
import { type Cotangent, defineOp, float } from "../op.ts";
import { type Dim, formatShape, keepAxes, normalizeAxis, opError, staticShape } from "../shape.ts";
import { add, div, maximum, mul, sub } from "./arithmetic.ts";
import { sqrt } from "./elementwise.ts";
import { broadcastTo, transpose } from "./layout.ts";
import { expectFloat } from "./operand.ts";
import { mean, sum, sumTo } from "./reduce.ts";
import { reshape } from "./reshape.ts";

interface LayerNormAttributes {
  readonly epsilon: number;
}

/** Outputs: the result, then mean and 1/√(variance + ε) of each vector with the last axis of length 1. */
const layerNormOp = defineOp<LayerNormAttributes>({
  name: "layerNorm",
  infer: (inputs) => {
    expectFloat("layerNorm", ...inputs);
    const [{ shape, dtype }, ...affine] = inputs;
    const length = shape[shape.length - 1];
    for (const each of affine)
      if (each.shape.length !== 1 || each.shape[0] !== length)
        throw opError("layerNorm: scale and bias", `[${length}]`, formatShape(each.shape));
    const statistic = { shape: [...shape.slice(0, -1), 1], dtype };
    return [{ shape, dtype }, statistic, statistic];
  },
  emit: ({ inputs, outputs, attributes: { epsilon }, add }) =>
    add("LayerNormalization", inputs, outputs, { axis: -1, epsilon: float(epsilon) }),
  vjp({ inputs: [x, scale, bias], outputs: [, average, inverse], cotangents: [g, toAverage, toInverse] }) {
    const axis = x.shape.length - 1;
    const length = staticShape("layerNorm", [x.shape[axis]])[0];
    const meanOf = (tensor: Tensor): Tensor => mean(tensor, { axes: axis, keepDims: true });
    const centered = sub(x, average);
    // A factor of the centered vector and an equal share for each element, from all three outputs.
    const toX = (): Tensor => {
      const terms: Tensor[] = [];
      if (g !== null) {
        const scaled = mul(g, scale);
        const along = mul(mul(meanOf(mul(scaled, centered)), inverse), inverse);
        terms.push(mul(sub(sub(scaled, meanOf(scaled)), mul(centered, along)), inverse));
      }
      if (toAverage !== null) terms.push(mul(toAverage, 1 / length));
      if (toInverse !== null) {
        const cube = mul(mul(inverse, inverse), inverse);
        terms.push(mul(centered, mul(mul(toInverse, cube), -1 / length)));
      }
      return terms.reduce((a, b) => add(a, b));
    };
    const fromResult = (make: (cotangent: Tensor) => Tensor): Cotangent =>
      g === null ? null : () => make(g);
    const toScale = fromResult((each) => sumTo(mul(mul(each, centered), inverse), x.shape, scale.shape));
    if (bias === undefined) return [toX, toScale];
    return [toX, toScale, fromResult((each) => sumTo(each, x.shape, bias.shape))];
  },
});

export interface NormOptions {
  /** One number for each element of the normalised axis, or for each channel. */
  readonly scale?: Tensor;
  readonly bias?: Tensor;
  readonly epsilon?: number;
}

export interface LayerNormOptions extends NormOptions {
  /** The normalised axis: the last when absent, 1 for the channels of a picture. */
  readonly axis?: number;
}

/** (x − mean) / √(variance + ε) · scale + bias of each vector along an axis; the variance divides by its length. */
export function layerNorm(x: Tensor, options: LayerNormOptions = {}): Tensor {
  const { axis = -1, scale, bias, epsilon = 1e-5 } = options;
  const rank = x.shape.length;
  const at = normalizeAxis("layerNorm", axis, rank);
  const factor = scale ?? broadcastTo(constant(x.graph, 1), [x.shape[at]]);
  const inputs = bias === undefined ? [factor] : [factor, bias];
  const normalize = (vectors: Tensor): Tensor => applyAll(layerNormOp, [vectors, ...inputs], { epsilon })[0];
  if (at === rank - 1) return normalize(x);
  // Two transposes and the fused kernel take half the time of the steps done one by one.
  const last = Array.from({ length: rank }, (_, i) => i).toSpliced(at, 1);
  const back = Array.from({ length: rank - 1 }, (_, i) => i).toSpliced(at, 0, rank - 1);
  return transpose(normalize(transpose(x, [...last, at])), back);
}

export interface BatchNormResult {
  readonly y: Tensor;
  /** Of this batch, one for each channel, for running averages; the variance divides by the count. */
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Batch normalisation as in training: each channel of [N, C, ...] by its own mean and variance over all else. */
export function batchNormTrain(x: Tensor, options: NormOptions = {}): BatchNormResult {
  const { scale, bias, epsilon = 1e-5 } = options;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const average = mean(x, { axes, keepDims: true });
  const centered = sub(x, average);
  const variance = mean(mul(centered, centered), { axes, keepDims: true });
  const factor = div(scale === undefined ? 1 : perChannel(x, scale), sqrt(add(variance, epsilon)));
  const y = mul(centered, factor);
  const flat = (statistic: Tensor): Tensor => reshape(statistic, [x.shape[1]]);
  return {
    y: bias === undefined ? y : add(y, perChannel(x, bias)),
    mean: flat(average),
    variance: flat(variance),
  };
}

export interface FrozenStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * Batch normalisation with running statistics: one factor and one summand for each channel of [N, C, ...], which
 * ONNX Runtime folds into a convolution before it when all are constants.
 */
export function batchNormFrozen(x: Tensor, statistics: FrozenStatistics, options: NormOptions = {}): Tensor {
  const { scale, bias, epsilon = 1e-5 } = options;
  const factor = div(scale ?? 1, sqrt(add(statistics.variance, epsilon)));
  const shift = mul(statistics.mean, factor);
  const summand = bias === undefined ? mul(shift, -1) : sub(bias, shift);
  return add(mul(x, perChannel(x, factor)), perChannel(x, summand));
}

/** Each of `groups` runs of channels of [N, C, ...] by its own mean and variance, then scale and bias by channel. */
export function groupNorm(x: Tensor, groups: number, options: NormOptions = {}): Tensor {
  const { scale, bias, epsilon = 1e-5 } = options;
  const [channels, ...rest] = staticShape("groupNorm", x.shape.slice(1));
  if (channels % groups !== 0)
    throw opError("groupNorm", `channels divisible by ${groups}`, formatShape(x.shape));
  const size = rest.reduce((count, length) => count * length, channels / groups);
  const normalized = reshape(layerNorm(reshape(x, [x.shape[0], groups, size]), { epsilon }), x.shape);
  const scaled = scale === undefined ? normalized : mul(normalized, perChannel(x, scale));
  return bias === undefined ? scaled : add(scaled, perChannel(x, bias));
}

/** x / ‖x‖₂ along an axis (the last); vectors shorter than ε are divided by ε. */
export function l2Normalize(
  x: Tensor,
  { axis = -1, epsilon = 1e-12 }: { axis?: number; epsilon?: number } = {},
): Tensor {
  // The limit is put on the square, so that a zero vector has a gradient.
  const squares = sum(mul(x, x), { axes: axis, keepDims: true });
  return div(x, sqrt(maximum(squares, epsilon ** 2)));
}

/** A vector over channels as [1, C, 1, ...], of x's rank. */
function perChannel(x: Tensor, vector: Tensor): Tensor {
  const shape: Dim[] = keepAxes(
    x.shape,
    x.shape.map((_, axis) => axis).filter((axis) => axis !== 1),
  );
  if (vector.shape.length !== 1 || vector.shape[0] !== x.shape[1])
    throw opError("norm: scale, bias and statistics", `[${x.shape[1]}]`, formatShape(vector.shape));
  return reshape(vector, shape);
}
