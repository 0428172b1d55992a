import type { Tensor } from "../graph.ts";
import { staticShape } from "../shape.ts";
import { mul } from "./arithmetic.ts";
import { type ConvAttributes, conv2d } from "./convolution.ts";
import { concat } from "./joining.ts";
import { transpose } from "./layout.ts";
import { matmul } from "./linear.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { pad, slice } from "./slicing.ts";

/** From this many kernel elements on (5 × 5) one correlation is faster than a product for each element. */
const MANY_TAPS = 25;

/** Small kernels that never overlap are faster as one correlation too, but for a single element. */
function prefersCorrelation([kh, kw]: readonly number[], { groups, strides }: ConvAttributes): boolean {
  const isPatch = kh * kw > 1 && strides[0] >= kh && strides[1] >= kw;
  return groups === 1 && (isPatch || kh * kw >= MANY_TAPS);
}

/**
 * Gradient of a correlation by its filter: w'[o, c, u, v] = Σ g[n, o, i, j] · x[n, c, i·stride + u·dilation − pad, …].
 *
 * Small kernels take one matrix product for each of their elements, with x shifted and strided. Large ones, and
 * patch embeddings among them, are a correlation of x with g where batch and channels, stride and dilation have
 * changed places (7×7, stride 4 on 512²: 31 ms against 165 ms; 3×3 on 64² with 256 channels: 117 against 51).
 *
 * @param x  [N, C, H, W] the correlated picture
 * @param g  [N, O, h, w] cotangent of the result
 * @returns  [O, C/groups, kh, kw]
 */
export function filterGradient(
  x: Tensor,
  g: Tensor,
  kernel: readonly number[],
  attributes: ConvAttributes,
): Tensor {
  const [kh, kw] = kernel;
  if (prefersCorrelation(kernel, attributes)) return bySwappedConv(x, g, kernel, attributes);
  const { groups } = attributes;
  const [outputs, inputs] = [g.shape[1] as number, (x.shape[1] as number) / groups];
  const taps = groups === 1 ? denseTaps(x, g, kernel, attributes) : groupedTaps(x, g, kernel, attributes);
  return reshape(transpose(concat(taps, 0), [1, 2, 0]), [outputs, inputs, kh, kw]);
}

/** The gradient of each kernel element, [1, O, C]: channels last, so that a shift of x copies whole vectors and all pictures make one product. */
function denseTaps(x: Tensor, g: Tensor, kernel: readonly number[], attributes: ConvAttributes): Tensor[] {
  const [, inputs] = x.shape as readonly number[];
  const [, outputs, ...size] = staticShape("conv2d", g.shape);
  const rows = reshape(transpose(g, [1, 0, 2, 3]), [outputs, -1]); // [O, N·h·w]
  return shifts(transpose(x, [0, 2, 3, 1]), 1, { kernel, size, ...attributes }).map((shifted) =>
    reshape(matmul(rows, reshape(shifted, [-1, inputs])), [1, outputs, inputs]),
  );
}

/** The gradient of each kernel element, [1, O, C/groups]. */
function groupedTaps(x: Tensor, g: Tensor, kernel: readonly number[], attributes: ConvAttributes): Tensor[] {
  const [, , ...size] = staticShape("conv2d", g.shape);
  return shifts(x, 2, { kernel, size, ...attributes }).map((shifted) =>
    tapGradient(shifted, g, attributes.groups),
  );
}

interface ShiftOptions extends ConvAttributes {
  readonly kernel: readonly number[];
  /** Rows and columns of the result. */
  readonly size: readonly number[];
}

/** For each kernel element what it sees of x, whose rows and columns are `axis` and the axis after it. */
function shifts(x: Tensor, axis: number, options: ShiftOptions): Tensor[] {
  const { kernel, size, strides, pads, dilations } = options;
  const padded = pad(x, [
    { axis, before: pads[0], after: pads[2] },
    { axis: axis + 1, before: pads[1], after: pads[3] },
  ]);
  const range = (k: 0 | 1, tap: number): { axis: number; start: number; end: number; step: number } => {
    const start = tap * dilations[k];
    return { axis: axis + k, start, end: start + (size[k] - 1) * strides[k] + 1, step: strides[k] };
  };
  const shifted: Tensor[] = [];
  for (let u = 0; u < kernel[0]; u++)
    for (let v = 0; v < kernel[1]; v++) shifted.push(slice(padded, range(0, u), range(1, v)));
  return shifted;
}

/** Σ over pictures and positions of g · x, group by group, as [1, O, C/groups]. */
function tapGradient(x: Tensor, g: Tensor, groups: number): Tensor {
  const [count, channels, height, width] = staticShape("conv2d", x.shape);
  const outputs = g.shape[1] as number;
  if (groups === channels && outputs === channels)
    return reshape(sum(mul(x, g), { axes: [0, 2, 3] }), [1, channels, 1]);
  const perGroup = (tensor: Tensor, each: number): Tensor =>
    reshape(tensor, [count, groups, each / groups, height * width]);
  const products = matmul(perGroup(g, outputs), perGroup(x, channels), { transposeB: true });
  return reshape(sum(products, { axes: 0 }), [1, outputs, channels / groups]);
}

function bySwappedConv(
  x: Tensor,
  g: Tensor,
  [kh, kw]: readonly number[],
  { strides, pads, dilations }: ConvAttributes,
): Tensor {
  const swap = (tensor: Tensor): Tensor => transpose(tensor, [1, 0, 2, 3]);
  const full = conv2d(swap(x), swap(g), { stride: dilations, dilation: strides, pad: pads });
  // A picture that the stride does not divide leaves positions beyond the kernel.
  return swap(slice(full, { axis: 2, end: kh }, { axis: 3, end: kw }));
}
