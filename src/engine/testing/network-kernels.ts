import { elementCount } from "../../core/array.ts";
import type { ConvAttributes, ConvTransposeAttributes } from "../ops/convolution.ts";
import { forEachIndex, offset } from "./indices.ts";
import type { Kernel, Value } from "./interpreter.ts";

interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
}

const matmul: Kernel<MatmulAttributes> = ([a, b], { transposeA, transposeB, alpha }, [shape]) => {
  const y = new Float64Array(elementCount(shape));
  const inner = a.shape[a.shape.length - (transposeA ? 2 : 1)];
  const [rows, columns] = shape.slice(-2);
  const [rowStep, leftStep] = transposeA ? [1, rows] : [inner, 1];
  const [columnStep, rightStep] = transposeB ? [inner, 1] : [1, columns];
  forEachIndex(shape.slice(0, -2), (batch, matrix) => {
    const [left, right] = [a, b].map((x) => offset(x.shape, [...batch, 0, 0]));
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < inner; k++)
          sum +=
            alpha *
            a.data[left + row * rowStep + k * leftStep] *
            b.data[right + column * columnStep + k * rightStep];
        y[(matrix * rows + row) * columns + column] = sum;
      }
  });
  return [y];
};

const linear: Kernel<{ transposeWeight: boolean }> = ([x, weight, bias], { transposeWeight }, shapes) => {
  const [y] = matmul([x, weight], { transposeA: false, transposeB: transposeWeight, alpha: 1 }, shapes);
  return [y.map((value, i) => value + bias.data[i % bias.data.length])];
};

const layerNorm: Kernel<{ epsilon: number }> = ([x, scale, bias], { epsilon }) => {
  const length = x.shape[x.shape.length - 1];
  const y = new Float64Array(x.data.length);
  const means = new Float64Array(x.data.length / length);
  const inverses = new Float64Array(means.length);
  for (let row = 0; row < means.length; row++) {
    const values = x.data.subarray(row * length, (row + 1) * length);
    means[row] = values.reduce((a, b) => a + b, 0) / length;
    const variance = values.reduce((sum, value) => sum + (value - means[row]) ** 2, 0) / length;
    inverses[row] = 1 / Math.sqrt(variance + epsilon);
    for (let i = 0; i < length; i++)
      y[row * length + i] = (values[i] - means[row]) * inverses[row] * scale.data[i] + (bias?.data[i] ?? 0);
  }
  return [y, means, inverses];
};

/** Every meeting of a filter element with a picture, as flat places: of the input, of the output, and of a filter [O, C / groups, u, v]. */
function correlate(
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
  { strides, pads, dilations, groups }: ConvAttributes,
  visit: (x: number, y: number, w: number) => void,
): void {
  const [channels, outputs] = [input[1] / groups, output[1] / groups];
  forEachIndex([input[0], groups, outputs, channels, ...kernel], ([n, group, o, c, u, v]) => {
    const channel = group * outputs + o;
    const from = (n * input[1] + group * channels + c) * input[2];
    const to = (n * output[1] + channel) * output[2];
    const w = ((channel * channels + c) * kernel[0] + u) * kernel[1] + v;
    for (let i = 0; i < output[2]; i++) {
      const row = i * strides[0] + u * dilations[0] - pads[0];
      if (row < 0 || row >= input[2]) continue;
      for (let j = 0; j < output[3]; j++) {
        const column = j * strides[1] + v * dilations[1] - pads[1];
        if (column < 0 || column >= input[3]) continue;
        visit((from + row) * input[3] + column, (to + i) * output[3] + j, w);
      }
    }
  });
}

const addBias = (y: Float64Array, shape: readonly number[], bias: Value | undefined): Float64Array =>
  bias === undefined
    ? y
    : y.map((value, i) => value + bias.data[Math.floor(i / (shape[2] * shape[3])) % shape[1]]);

const conv2d: Kernel<ConvAttributes> = ([x, weight, bias], attributes, [shape]) => {
  const y = new Float64Array(elementCount(shape));
  correlate(x.shape, shape, weight.shape.slice(2), attributes, (from, to, w) => {
    y[to] += x.data[from] * weight.data[w];
  });
  return [addBias(y, shape, bias)];
};

const convTranspose2d: Kernel<ConvTransposeAttributes> = ([x, weight, bias], attributes, [shape]) => {
  const y = new Float64Array(elementCount(shape));
  // The correlation that this transposes takes the result to x.
  correlate(shape, x.shape, weight.shape.slice(2), attributes, (to, from, w) => {
    y[to] += x.data[from] * weight.data[w];
  });
  return [addBias(y, shape, bias)];
};

type PoolAttributes = Omit<ConvAttributes, "groups"> & { readonly kernel: readonly number[] };

function forEachInWindow(
  x: Value,
  shape: readonly number[],
  { kernel, ...window }: PoolAttributes,
  visit: (from: number, to: number) => void,
): void {
  // Channels are pictures of their own here.
  const flat = ([n, c, h, w]: readonly number[]): number[] => [n * c, 1, h, w];
  const [input, output] = [flat(x.shape), flat(shape)];
  correlate(input, output, kernel, { ...window, groups: 1 }, visit);
}

const maxPool2d: Kernel<PoolAttributes> = ([x], attributes, [shape]) => {
  const y = new Float64Array(elementCount(shape)).fill(-Infinity);
  const places = new Float64Array(y.length);
  forEachInWindow(x, shape, attributes, (from, to) => {
    if (x.data[from] > y[to]) [y[to], places[to]] = [x.data[from], from];
  });
  return [y, places];
};

const avgPool2d: Kernel<PoolAttributes> = ([x], attributes, [shape]) => {
  const y = new Float64Array(elementCount(shape));
  forEachInWindow(x, shape, attributes, (from, to) => {
    y[to] += x.data[from] / (attributes.kernel[0] * attributes.kernel[1]);
  });
  return [y];
};

// biome-ignore lint/suspicious/noExplicitAny: each kernel knows the attributes of its op.
export const networkKernels: Readonly<Record<string, Kernel<any>>> = {
  matmul,
  linear,
  layerNorm,
  conv2d,
  convTranspose2d,
  maxPool2d,
  avgPool2d,
};
