import { elementCount } from "../../core/array.ts";
import { forEachIndex, offset } from "./indices.ts";
import type { Kernel } from "./interpreter.ts";

/** Ops that make each element of the result from one element of each input. */
const elementwise =
  (f: (...x: number[]) => number): Kernel =>
  (inputs, _, [shape]) => {
    const y = new Float64Array(elementCount(shape));
    // Most inputs have the result's shape, or are one number: no need to look where they stand.
    if (inputs.length <= 2 && inputs.every(({ data }) => data.length === y.length || data.length === 1)) {
      const [a, b = a] = inputs.map(({ data }) => data);
      const [aStep, bStep] = [a, b].map((data) => Number(data.length > 1));
      for (let i = 0; i < y.length; i++) y[i] = f(a[i * aStep], b[i * bStep]);
      return [y];
    }
    forEachIndex(shape, (index, i) => {
      y[i] = f(...inputs.map((input) => input.data[offset(input.shape, index)]));
    });
    return [y];
  };

const reduction =
  (f: (values: number[]) => number): Kernel<{ axes: readonly number[] }> =>
  ([x], _, [shape]) => {
    const lists: number[][] = Array.from({ length: elementCount(shape) }, () => []);
    forEachIndex(x.shape, (index, i) => lists[offset(shape, index)].push(x.data[i]));
    return [Float64Array.from(lists, f)];
  };

const total = (values: number[]): number => values.reduce((a, b) => a + b, 0);

function logSumExp(values: number[]): number {
  const top = Math.max(...values);
  return top + Math.log(total(values.map((value) => Math.exp(value - top))));
}

function logProbabilities(values: number[]): number[] {
  const all = logSumExp(values);
  return values.map((value) => value - all);
}

/** Maps each vector along an axis. */
const alongAxis =
  (f: (values: number[]) => number[]): Kernel<{ axis: number }> =>
  ([x], { axis }) => {
    const y = new Float64Array(x.data.length);
    const step = elementCount(x.shape.slice(axis + 1));
    const length = x.shape[axis];
    for (let start = 0; start < x.data.length; start++) {
      if (Math.floor(start / step) % length !== 0) continue;
      const places = Array.from({ length }, (_, i) => start + i * step);
      f(places.map((place) => x.data[place])).forEach((value, i) => {
        y[places[i]] = value;
      });
    }
    return [y];
  };

const castTo = (dtype: string, value: number): number =>
  dtype === "bool" ? Number(value !== 0) : dtype.startsWith("float") ? value : Math.trunc(value);

// biome-ignore lint/suspicious/noExplicitAny: each kernel knows the attributes of its op.
export const scalarKernels: Readonly<Record<string, Kernel<any>>> = {
  add: elementwise((a, b) => a + b),
  sub: elementwise((a, b) => a - b),
  mul: elementwise((a, b) => a * b),
  div: elementwise((a, b) => a / b),
  pow: elementwise((a, b) => a ** b),
  maximum: elementwise(Math.max),
  minimum: elementwise(Math.min),
  neg: elementwise((x) => -x),
  reciprocal: elementwise((x) => 1 / x),
  exp: elementwise(Math.exp),
  log: elementwise(Math.log),
  sqrt: elementwise(Math.sqrt),
  sin: elementwise(Math.sin),
  cos: elementwise(Math.cos),
  tanh: elementwise(Math.tanh),
  sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x))),
  erf: elementwise(erf),
  abs: elementwise(Math.abs),
  sign: elementwise(Math.sign),
  clip: (inputs, { min, max }, shapes) =>
    elementwise((x) => Math.min(Math.max(x, min), max))(inputs, {}, shapes),
  relu: elementwise((x) => Math.max(x, 0)),
  gelu: elementwise((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  swish: elementwise((x, s) => x * s),
  stopGradient: elementwise((x) => x),
  equal: elementwise((a, b) => Number(a === b)),
  greater: elementwise((a, b) => Number(a > b)),
  greaterOrEqual: elementwise((a, b) => Number(a >= b)),
  less: elementwise((a, b) => Number(a < b)),
  lessOrEqual: elementwise((a, b) => Number(a <= b)),
  logicalAnd: elementwise((a, b) => a * b),
  logicalOr: elementwise((a, b) => Math.max(a, b)),
  logicalNot: elementwise((x) => 1 - x),
  where: elementwise((condition, a, b) => (condition ? a : b)),
  cast: (inputs, { dtype }, shapes) => elementwise((x) => castTo(dtype, x))(inputs, {}, shapes),
  sum: reduction(total),
  mean: reduction((values) => total(values) / values.length),
  max: reduction((values) => Math.max(...values)),
  min: reduction((values) => Math.min(...values)),
  logSumExp: reduction(logSumExp),
  softmax: alongAxis((values) => logProbabilities(values).map(Math.exp)),
  logSoftmax: alongAxis(logProbabilities),
};

/** 2/√π ∫₀ˣ exp(−t²) dt to full float64: the power series up to 3, the continued fraction of erfc beyond. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-18 * sum; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = z;
  for (let n = 60; n >= 1; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (fraction * Math.sqrt(Math.PI)));
}
