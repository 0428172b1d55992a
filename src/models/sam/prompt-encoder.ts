import {
  add,
  concat,
  constant,
  conv2d,
  cos,
  type Graph,
  gather,
  gelu,
  matmul,
  mul,
  reshape,
  sin,
  sub,
  type Tensor,
} from "../../engine/index.ts";
import { ENCODER_EPSILON, norm } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";

/**
 * What a point token says. `padding` stands where a prompt has no box and has no position; `bare` is what the original makes of labels it
 * does not know: a position and nothing else.
 */
export const pointKinds = {
  padding: 0,
  negative: 1,
  positive: 2,
  topLeft: 3,
  bottomRight: 4,
  bare: 5,
} as const;

/**
 * Tokens of points and box corners.
 *
 * @param points  [N, 2] as x, y in units of the input's side, pixel centers: (p + 0.5) / S
 * @param kinds   [N] int32, of `pointKinds`
 * @returns       [N, C]
 * @see segment-anything, `prompt_encoder.py`, `_embed_points`, `_embed_boxes`
 */
export function encodePoints(weights: Weights, points: Tensor, kinds: Tensor): Tensor {
  const own = scoped(weights, "prompt_encoder.");
  const learned = ["not_a_point_embed", ...[0, 1, 2, 3].map((k) => `point_embeddings.${k}`)];
  const rows = learned.map((name) => own(`${name}.weight`));
  const { graph, shape } = rows[0];
  const nothing = constant(graph, new Float32Array(shape[1] as number), { shape: shape as number[] });
  const meaning = gather(concat([...rows, nothing], 0), kinds);
  const hasPosition = gather(constant(graph, [0, 1, 1, 1, 1, 1], { shape: [6, 1] }), kinds);
  return add(mul(positionCode(weights, points), hasPosition), meaning);
}

/**
 * The position of every cell of an embedding.
 *
 * @returns  [1, grid · grid, C]
 */
export function gridPositions(weights: Weights, graph: Graph, grid: number): Tensor {
  return cellPositions(weights, cellCenters(graph, grid, grid));
}

/** The same for cells whose centers [P, 2] are given. */
export function cellPositions(weights: Weights, centers: Tensor): Tensor {
  const code = positionCode(weights, centers);
  return reshape(code, [1, ...code.shape]);
}

/**
 * Centers of the first `count` cells of each of the first `count` rows as x, y in units of the side, of which a cell takes 1 / `perSide`.
 *
 * @returns  [count · count, 2]
 */
export function cellCenters(graph: Graph, count: number, perSide: number): Tensor {
  const centers = Float32Array.from({ length: count * count * 2 }, (_, p) => {
    const cell = p >> 1;
    return ((p % 2 === 0 ? cell % count : Math.floor(cell / count)) + 0.5) / perSide;
  });
  return constant(graph, centers, { shape: [count * count, 2] });
}

/**
 * Centers of the 16 pixels of a mask in each of those cells, the pixels of a cell together as in `drawMasks`.
 *
 * @returns  [16 · count · count, 2]
 */
export function pixelCenters(graph: Graph, count: number, perSide: number): Tensor {
  const side = Float32Array.from({ length: 4 * count }, (_, p) => (p + 0.5) / (4 * perSide));
  const centers = new Float32Array(32 * count * count);
  for (let cell = 0, at = 0; cell < count * count; cell++) {
    const [x, y] = [4 * (cell % count), 4 * Math.floor(cell / count)];
    for (let k = 0; k < 16; k++) {
      // y', x', y'', x'' from the highest bit on
      centers[at++] = side[x + ((k >> 1) & 2) + (k & 1)];
      centers[at++] = side[y + ((k >> 2) & 2) + ((k >> 1) & 1)];
    }
  }
  return constant(graph, centers, { shape: [16 * count * count, 2] });
}

/** Random Fourier features [N, C] of positions [N, 2] in [0, 1]: sines, then cosines, of 2π(2p − 1)·G. */
export function positionCode(weights: Weights, points: Tensor): Tensor {
  const directions = weights("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix");
  const phase = mul(matmul(sub(mul(points, 2), 1), directions), 2 * Math.PI);
  return concat([sin(phase), cos(phase)], -1);
}

/**
 * What a mask prompt adds to the embedding.
 *
 * @param mask  [B, 1, 4·grid, 4·grid] logits, as the decoder gives them
 * @returns     [B, C, grid, grid]
 */
export function encodeMask(weights: Weights, mask: Tensor): Tensor {
  const own = scoped(weights, "prompt_encoder.mask_downscaling.");
  const conv = (name: string, x: Tensor, stride: number): Tensor =>
    conv2d(x, own(`${name}.weight`), { bias: own(`${name}.bias`), stride });
  const half = gelu(norm(own, "1", conv("0", mask, 2), ENCODER_EPSILON, 1));
  const quarter = gelu(norm(own, "4", conv("3", half, 2), ENCODER_EPSILON, 1));
  return conv("6", quarter, 1);
}

/** What is added to every cell of the embedding instead when there is no mask prompt: [1, C, 1, 1]. */
export function encodeNoMask(weights: Weights): Tensor {
  const learned = weights("prompt_encoder.no_mask_embed.weight");
  return reshape(learned, [1, learned.shape[1], 1, 1]);
}
