import { add, linear, reshape, type Tensor, transpose } from "../../engine/index.ts";
import type { HybridFeatures } from "./hybrid.ts";
import { dense, ENCODER_EPSILON, norm } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";

/**
 * What masks are drawn with besides the embedding: features of finer maps, so that edges need not be packed into cells. Pixels stay with
 * their cell, as in `drawMasks`.
 *
 * @see SAM 2, `sam/mask_decoder.py`, `use_high_res_features`
 */
export interface FineMaps {
  /** [b, P, 2, 2, C/4] */
  readonly eighth: Tensor;
  /** [b, P, 2, 2, 2, 2, C/8] */
  readonly quarter: Tensor;
  /** [b, 16 · P, K], what each pixel looks like, see `likenMask`. */
  readonly keys: Tensor;
}

/** The maps of the hybrid encoder as the decoder adds them; done once for a picture. */
export function makeFineMaps(weights: Weights, maps: HybridFeatures): FineMaps {
  const own = scoped(weights, "mask_decoder.");
  const { eighth, quarter } = maps;
  return {
    eighth: narrow(own, "conv_s1", eighth, 1),
    quarter: narrow(own, "conv_s0", quarter, 2),
    keys: lookAtPixels(scoped(own, "looks."), maps),
  };
}

/** What each pixel looks like, by maps of all sizes. */
function lookAtPixels(weights: Weights, { features, eighth, quarter }: HybridFeatures): Tensor {
  const ofCells = dense(weights, "cells", features); // [b, g, g, K]
  const [batch, grid, , dim] = ofCells.shape as readonly number[];
  const coarse = reshape(ofCells, [batch, grid * grid, 1, 1, 1, 1, dim]);
  const middle = reshape(narrow(weights, "eighth", eighth, 1), [batch, grid * grid, 2, 2, 1, 1, dim]);
  const sum = add(add(narrow(weights, "quarter", quarter, 2), middle), coarse);
  return norm(weights, "norm", reshape(sum, [batch, grid * grid * 16, dim]), ENCODER_EPSILON);
}

/** A 1×1 convolution of [b, D, g · 2ⁿ, g · 2ⁿ], each cell's pixels in n doublings: [b, g · g, 2, 2, …, c]. */
function narrow(weights: Weights, name: string, map: Tensor, doublings: number): Tensor {
  const [batch, channels, side] = map.shape as readonly number[];
  const grid = side / 2 ** doublings;
  const halves = Array.from({ length: doublings }, () => 2);
  const apart = reshape(map, [batch, channels, grid, ...halves, grid, ...halves]);
  // b, D, y, y', …, x, x', … to b, y, x, y', x', …, D
  const [y, x] = [2, 3 + doublings];
  const inner = halves.flatMap((_, k) => [y + 1 + k, x + 1 + k]);
  const placed = transpose(apart, [0, y, x, ...inner, 1]);
  const kernel = weights(`${name}.weight`); // [c, D, 1, 1]
  const narrowed = linear(placed, reshape(kernel, kernel.shape.slice(0, 2)), {
    bias: weights(`${name}.bias`),
    transposeWeight: true,
  });
  const pairs = halves.flatMap(() => [2, 2]);
  return reshape(narrowed, [batch, grid * grid, ...pairs, kernel.shape[0] as number]);
}
