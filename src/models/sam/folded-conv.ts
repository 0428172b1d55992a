import { add, conv2d, div, mul, reshape, sqrt, sub, type Tensor } from "../../engine/index.ts";
import type { Weights } from "./weights.ts";

/** PyTorch's default. */
const EPSILON = 1e-5;

export interface FoldedConvOptions {
  readonly stride?: number;
  /** Every channel has a filter of its own. */
  readonly depthwise?: boolean;
}

/**
 * A convolution without bias and the batch norm after it, with running statistics, as one convolution: the norm's factor is in the
 * filters. Pictures of odd filters keep their size, but for the stride.
 *
 * @param weights  `name.c.weight` and `name.bn`'s four vectors
 * @param x        [B, C, H, W]
 * @see MobileSAM, `tiny_vit_sam.py`, `Conv2d_BN.fuse`
 */
export function foldedConv(
  weights: Weights,
  name: string,
  x: Tensor,
  { stride = 1, depthwise = false }: FoldedConvOptions = {},
): Tensor {
  const kernel = weights(`${name}.c.weight`);
  const [outputs, , height] = kernel.shape as readonly number[];
  const factor = div(weights(`${name}.bn.weight`), sqrt(add(weights(`${name}.bn.running_var`), EPSILON)));
  return conv2d(x, mul(kernel, reshape(factor, [outputs, 1, 1, 1])), {
    bias: sub(weights(`${name}.bn.bias`), mul(weights(`${name}.bn.running_mean`), factor)),
    stride,
    pad: (height - 1) / 2,
    groups: depthwise ? outputs : 1,
  });
}
