import { invalid, shapeMismatch } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import {
  add,
  broadcastTo,
  concat,
  conv2d,
  formatShape,
  matmul,
  mean,
  mul,
  reshape,
  resize,
  slice,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { scoped, type Weights } from "../sam/weights.ts";
import { type ClipConfig, trainedGrid } from "./config.ts";
import { clipNorm, finishBlock, type SelfAttention, selfAttention, transformerBlock } from "./transformer.ts";

/** What tokens become, block by block; what nothing is computed with costs nothing. T = 1 + h·w tokens, the class token first. */
export interface EncodedTokens {
  /** [B, T, D] each, the outputs of all blocks. */
  readonly blocks: readonly Tensor[];
  /** [B, T, T] each, the attention of all blocks, averaged over heads. */
  readonly attention: readonly Tensor[];
  /** [B, T, D], the first norm in the last block: what a CAM takes as its activation and differentiates by. */
  readonly activation: Tensor;
}

export interface ImageEmbeddings {
  /** [B, E] of the class token: CLIP's embedding of the picture as published. */
  readonly classEmbedding: Tensor;
  /** [B, h·w, E] */
  readonly patchEmbeddings: Tensor;
  /** [B, E], the mean of the patches: the embedding that FMA-WSSS compares with texts. */
  readonly meanEmbedding: Tensor;
}

export interface EncodedImage extends EncodedTokens, ImageEmbeddings {
  /** [B, T, D], the tokens before the first block. */
  readonly stem: Tensor;
}

export interface ClipImageOptions {
  /** Queries handled at once; all of them when absent. The numbers are the same. */
  readonly queryBlock?: number;
}

/**
 * CLIP's image encoder on pictures of any size that patches fill.
 *
 * @param image  [B, 3, H, W], normalised; see `normalizeClipImage`
 * @throws MaskwrightError SHAPE_MISMATCH for sides that are no multiples of a patch
 * @see openai/CLIP, `model.py`, `VisionTransformer`; HAL-42/FMA-WSSS, `image_encoders.py`, `GetLN1`
 */
export function encodeClipImage(
  weights: Weights,
  image: Tensor,
  config: ClipConfig,
  options: ClipImageOptions = {},
): EncodedImage {
  const stem = embedPatches(weights, image, config);
  const tokens = encodeTokens(weights, stem, config, options);
  return { stem, ...tokens, ...embedTokens(weights, tokens.blocks[tokens.blocks.length - 1]) };
}

/**
 * All blocks of the image encoder.
 *
 * @param stem  [B, T, D], see `embedPatches`; T may be open until the graph runs
 */
export function encodeTokens(
  weights: Weights,
  stem: Tensor,
  { vision: { depth, heads } }: ClipConfig,
  options: ClipImageOptions = {},
): EncodedTokens {
  const blocks: Tensor[] = [];
  const attention: Tensor[] = [];
  let activation = stem;
  for (let i = 0; i < depth; i++) {
    const block = transformerBlock(blockWeights(weights, i), blocks[i - 1] ?? stem, { heads, ...options });
    blocks.push(block.output);
    attention.push(block.map);
    activation = block.activation;
  }
  return { blocks, attention, activation };
}

/**
 * The last block from its first norm on, x + attention(A) and the MLP, then the embeddings. With x and A as inputs of a graph this is the
 * function of A that a CAM differentiates: what reaches x is constant.
 *
 * @param x           [B, T, D], the output of the block before
 * @param activation  [B, T, D], A
 * @see specs of FMA-WSSS, "Visual forward used for logits and CAM"
 */
export function finishClipImage(
  weights: Weights,
  x: Tensor,
  activation: Tensor,
  { vision: { depth, heads } }: ClipConfig,
): ImageEmbeddings & Pick<SelfAttention, "map"> {
  const own = blockWeights(weights, depth - 1);
  const { output, map } = selfAttention(own, activation, { heads });
  return { ...embedTokens(weights, finishBlock(own, x, output)), map };
}

function blockWeights(weights: Weights, index: number): Weights {
  return scoped(weights, `visual.transformer.resblocks.${index}.`);
}

/** The embeddings of the last block's output, [B, T, D]. The mean is taken before the projection, which is the same. */
function embedTokens(weights: Weights, x: Tensor): ImageEmbeddings {
  const normed = clipNorm(weights, "visual.ln_post", x);
  const projection = weights("visual.proj");
  const [batch, , dim] = x.shape;
  const patches = slice(normed, { axis: 1, start: 1 });
  return {
    classEmbedding: matmul(reshape(slice(normed, { axis: 1, end: 1 }), [batch, dim]), projection),
    patchEmbeddings: matmul(patches, projection),
    meanEmbedding: matmul(mean(patches, { axes: 1 }), projection),
  };
}

/**
 * Patches as vectors behind the class token, with their positions, normed.
 *
 * @param image  [B, 3, H, W]
 * @returns      [B, 1 + h·w, D]
 */
export function embedPatches(weights: Weights, image: Tensor, { vision }: ClipConfig): Tensor {
  const { patch, dim } = vision;
  const [batch, channels, height, width] = image.shape as readonly number[];
  if (channels !== 3 || ![height, width].every((side) => side > 0 && side % patch === 0)) {
    const expected = `[B, 3, H, W] with sides that are multiples of ${patch}`;
    throw shapeMismatch("encodeClipImage: image", expected, formatShape(image.shape), "see patchedSize");
  }
  const grid = { height: height / patch, width: width / patch };
  const patches = conv2d(image, weights("visual.conv1.weight"), { stride: patch }); // [B, D, h, w]
  const rows = transpose(reshape(patches, [batch, dim, grid.height * grid.width]), [0, 2, 1]);
  const first = broadcastTo(reshape(weights("visual.class_embedding"), [1, 1, dim]), [batch, 1, dim]);
  const table = weights("visual.positional_embedding");
  const positions = interpolatePositions(table, trainedGrid(vision), grid);
  return clipNorm(weights, "visual.ln_pre", add(concat([first, rows], 1), positions));
}

/**
 * The table of positions of another grid: bilinear with pixels as areas, without antialiasing; the row of the class token stays.
 *
 * @param table    [1 + S·S, D]
 * @param trained  S
 * @returns        [1 + h·w, D]
 * @see HAL-42/FMA-WSSS, `image_encoders.py`, `scale_pos_emb`
 */
export function interpolatePositions(table: Tensor, trained: number, { height, width }: Size): Tensor {
  if (height === trained && width === trained) return table;
  const dim = table.shape[1] as number;
  const patches = transpose(slice(table, { axis: 0, start: 1 }), [1, 0]);
  const stretched = resize(reshape(patches, [dim, trained, trained]), { height, width });
  const rows = transpose(reshape(stretched, [dim, height * width]), [1, 0]);
  return concat([slice(table, { axis: 0, end: 1 }), rows], 0);
}

/**
 * The attention among patches, averaged over the last blocks: [B, h·w, h·w]. The rows and columns of the class token are left out, so that
 * rows no longer add up to 1.
 *
 * @param count  how many blocks; 8 of the 12 of ViT-B in CLIP-ES and FMA-WSSS
 */
export function mergeAttention(attention: readonly Tensor[], count: number): Tensor {
  return slice(averageLast(attention, count), { axis: 1, start: 1 }, { axis: 2, start: 1 });
}

/** The mean of the last maps, with the class token: [B, T, T]. */
export function averageLast(attention: readonly Tensor[], count: number): Tensor {
  if (!Number.isInteger(count) || count < 1 || count > attention.length)
    throw invalid("mergeAttention: count", `an integer from 1 to ${attention.length}`, count);
  return mul(
    attention.slice(-count).reduce((a, b) => add(a, b)),
    1 / count,
  );
}
