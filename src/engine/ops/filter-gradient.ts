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
  const { strides, pads, dilations, groups } = attributes;
  const padded = pad(x, [
    { axis: 2, before: pads[0], after: pads[2] },
    { axis: 3, before: pads[1], after: pads[3] },
  ]);
  const [, outputs, height, width] = staticShape("conv2d", g.shape);
  const taps: Tensor[] = [];
  for (let u = 0; u < kh; u++)
    for (let v = 0; v < kw; v++) {
      const [top, left] = [u * dilations[0], v * dilations[1]];
      const shifted = slice(
        padded,
        { axis: 2, start: top, end: top + (height - 1) * strides[0] + 1, step: strides[0] },
        { axis: 3, start: left, end: left + (width - 1) * strides[1] + 1, step: strides[1] },
      );
      taps.push(tapGradient(shifted, g, groups)); // [1, O, C/groups]
    }
  const inputs = (x.shape[1] as number) / groups;
  return reshape(transpose(concat(taps, 0), [1, 2, 0]), [outputs, inputs, kh, kw]);
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
