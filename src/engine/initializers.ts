import { elementCount, type NdArray } from "../core/array.ts";
import { invalid } from "../core/error.ts";
import type { Random } from "../core/random.ts";

export interface Fans {
  /** Inputs that one output sums over. */
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Gains by what follows the layer, as `torch.nn.init.calculate_gain` recommends them. */
export const gains: Readonly<Record<"linear" | "sigmoid" | "tanh" | "relu" | "selu", number>> = {
  linear: 1,
  sigmoid: 1,
  tanh: 5 / 3,
  relu: Math.SQRT2,
  selu: 3 / 4,
};

/** Gain before a leaky ReLU of this negative slope; with √5, Kaiming uniform is what nn.Linear and nn.Conv2d start from. */
export function leakyReluGain(slope: number): number {
  return Math.sqrt(2 / (1 + slope ** 2));
}

/**
 * Fans of a weight in PyTorch's order, [out, in] or [out, in, ...kernel].
 *
 * A transposed convolution has [in, out, ...kernel]; like PyTorch we read it by position all the same.
 */
export function fansOf(shape: readonly number[]): Fans {
  if (shape.length < 2) throw invalid("fansOf: shape", "at least 2 dimensions", shape);
  const kernel = elementCount(shape.slice(2));
  return { fanIn: shape[1] * kernel, fanOut: shape[0] * kernel };
}

/** Uniform in [low, high]. The interval is closed: a value just below `high` may round to it in float32. */
export function drawUniform(
  shape: readonly number[],
  random: Random,
  { low, high }: { readonly low: number; readonly high: number },
): NdArray<"float32"> {
  if (!(low <= high)) throw invalid("drawUniform: low", `a number <= ${high}`, low);
  return fill(shape, () => random.between(low, high));
}

/** Normal. */
export function drawNormal(
  shape: readonly number[],
  random: Random,
  { mean = 0, std = 1 }: { readonly mean?: number; readonly std?: number } = {},
): NdArray<"float32"> {
  return fill(shape, () => mean + std * random.normal());
}

export interface TruncatedNormalOptions {
  readonly mean?: number;
  readonly std?: number;
  /** Bounds of the values themselves, not in standard deviations. Defaults -2 and 2, as PyTorch's. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * Normal, given that values lie in [low, high]: what falls outside is drawn again.
 *
 * @see torch.nn.init.trunc_normal_, which inverts the distribution function instead: the same distribution.
 */
export function drawTruncatedNormal(
  shape: readonly number[],
  random: Random,
  options: TruncatedNormalOptions = {},
): NdArray<"float32"> {
  const { mean = 0, std = 1, low = -2, high = 2 } = options;
  if (!(low < high)) throw invalid("drawTruncatedNormal: low", `a number < ${high}`, low);
  // Further out nearly every draw would be thrown away.
  if (!(low - 2 * std <= mean && mean <= high + 2 * std)) {
    throw invalid("drawTruncatedNormal: mean", `a mean within 2 std of [${low}, ${high}]`, mean);
  }
  return fill(shape, () => {
    for (;;) {
      const value = mean + std * random.normal();
      if (value >= low && value <= high) return value;
    }
  });
}

/** Uniform with variance gain² · 2 / (fanIn + fanOut). @see Glorot and Bengio 2010, equation 16 */
export function drawXavierUniform(shape: readonly number[], random: Random, gain = 1): NdArray<"float32"> {
  const bound = Math.sqrt(3) * xavierStd(shape, gain);
  return drawUniform(shape, random, { low: -bound, high: bound });
}

/** Normal with variance gain² · 2 / (fanIn + fanOut). */
export function drawXavierNormal(shape: readonly number[], random: Random, gain = 1): NdArray<"float32"> {
  return drawNormal(shape, random, { std: xavierStd(shape, gain) });
}

export interface KaimingOptions {
  /** Which variance stays the same through the layer: the activations' (fanIn, default) or the gradients' (fanOut). */
  readonly fan?: keyof Fans;
  /** Default: for ReLU, √2. */
  readonly gain?: number;
}

/** Uniform with variance gain² / fan. @see He et al. 2015, equations 10 and 14 */
export function drawKaimingUniform(
  shape: readonly number[],
  random: Random,
  options: KaimingOptions = {},
): NdArray<"float32"> {
  const bound = Math.sqrt(3) * kaimingStd(shape, options);
  return drawUniform(shape, random, { low: -bound, high: bound });
}

/** Normal with variance gain² / fan. */
export function drawKaimingNormal(
  shape: readonly number[],
  random: Random,
  options: KaimingOptions = {},
): NdArray<"float32"> {
  return drawNormal(shape, random, { std: kaimingStd(shape, options) });
}

/** Uniform in ±1/√fanIn: what nn.Linear and nn.Conv2d draw their weight and, with the weight's fan, their bias from. */
export function drawFanInUniform(
  shape: readonly number[],
  random: Random,
  fanIn: number,
): NdArray<"float32"> {
  if (!(Number.isInteger(fanIn) && fanIn > 0))
    throw invalid("drawFanInUniform: fanIn", "an integer >= 1", fanIn);
  const bound = 1 / Math.sqrt(fanIn);
  return drawUniform(shape, random, { low: -bound, high: bound });
}

function xavierStd(shape: readonly number[], gain: number): number {
  const { fanIn, fanOut } = fansOf(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

function kaimingStd(shape: readonly number[], options: KaimingOptions): number {
  const { fan = "fanIn", gain = gains.relu } = options;
  return gain / Math.sqrt(fansOf(shape)[fan]);
}

function fill(shape: readonly number[], draw: () => number): NdArray<"float32"> {
  const data = new Float32Array(elementCount(shape));
  for (let p = 0; p < data.length; p++) data[p] = draw();
  return { dtype: "float32", shape, data };
}
