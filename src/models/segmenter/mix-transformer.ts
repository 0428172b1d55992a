import {
  add,
  attention,
  conv2d,
  gelu,
  mul,
  reshape,
  slice,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { DECODER_EPSILON, dense, mergeHeads, norm, splitHeads } from "../sam/layers.ts";
import { scoped, type Weights } from "../sam/weights.ts";
import { PATCHES, type SegformerConfig } from "./config.ts";

/** Positions of a map as rows, [B, h·w, C]. */
interface Tokens {
  readonly tokens: Tensor;
  readonly height: number;
  readonly width: number;
}

/**
 * The maps of the four stages, [B, C, h, w] at a quarter, an eighth, a 16th and a 32nd of the picture's sides.
 *
 * @param weights   "segformer.encoder.…"
 * @param image     [B, 3, H, W], normalized
 * @param branches  in training, what each branch beside the stem is multiplied by: [2 · blocks, B], in the order of the blocks, attention first
 * @see Xie et al. 2021, section 3.1; transformers, `modeling_segformer.py`, `SegformerEncoder`
 */
export function encodeSegformer(
  weights: Weights,
  image: Tensor,
  config: SegformerConfig,
  branches: Tensor | null = null,
): Tensor[] {
  const maps: Tensor[] = [];
  let branch = 0;
  const scale: Scale = (x) => (branches === null ? x : scaleBranch(x, branches, branch++));
  const own = scoped(weights, "segformer.encoder.");
  let x = image;
  for (const [stage, depth] of config.depths.entries()) {
    const { kernel, stride } = PATCHES[stage];
    const patches = conv2d(x, own(`patch_embeddings.${stage}.proj.weight`), {
      bias: own(`patch_embeddings.${stage}.proj.bias`),
      stride,
      pad: kernel >> 1,
    });
    const [, , height, width] = patches.shape as readonly number[];
    let tokens = normalize(own, `patch_embeddings.${stage}.layer_norm`, toTokens(patches));
    for (let i = 0; i < depth; i++) {
      const block = scoped(own, `block.${stage}.${i}.`);
      const [heads, reduction] = [config.heads[stage], config.reductions[stage]];
      tokens = mixBlock(block, { tokens, height, width }, { heads, reduction, scale });
    }
    x = toMap({ tokens: normalize(own, `layer_norm.${stage}`, tokens), height, width });
    maps.push(x);
  }
  return maps;
}

/** What becomes of a branch before it joins the stem. */
type Scale = (branch: Tensor) => Tensor;

/** Stochastic depth: a branch of each picture by its factor, 0 where it is left out. */
function scaleBranch(x: Tensor, branches: Tensor, index: number): Tensor {
  const batch = x.shape[0] as number;
  return mul(x, reshape(slice(branches, { axis: 0, start: index, end: index + 1 }), [batch, 1, 1]));
}

interface BlockOptions {
  readonly heads: number;
  readonly reduction: number;
  readonly scale: Scale;
}

function mixBlock(
  weights: Weights,
  { tokens, ...size }: Tokens,
  { heads, reduction, scale }: BlockOptions,
): Tensor {
  const normed = { tokens: normalize(weights, "layer_norm_1", tokens), ...size };
  const attended = add(tokens, scale(reducedAttention(weights, normed, heads, reduction)));
  const hidden = dense(weights, "mlp.dense1", normalize(weights, "layer_norm_2", attended));
  const mixed = gelu(mixNeighbors(weights, { tokens: hidden, ...size }));
  return add(attended, scale(dense(weights, "mlp.dense2", mixed)));
}

/** Attention whose keys and values each stand for a square of positions. @see section 3.1, equation 2 */
function reducedAttention(
  weights: Weights,
  { tokens, ...size }: Tokens,
  heads: number,
  reduction: number,
): Tensor {
  let seen = tokens;
  if (reduction > 1) {
    const map = conv2d(toMap({ tokens, ...size }), weights("attention.self.sr.weight"), {
      bias: weights("attention.self.sr.bias"),
      stride: reduction,
    });
    seen = normalize(weights, "attention.self.layer_norm", toTokens(map));
  }
  const project = (name: string, x: Tensor): Tensor =>
    splitHeads(dense(weights, `attention.self.${name}`, x), heads);
  const mixed = attention(project("query", tokens), project("key", seen), project("value", seen));
  return dense(weights, "attention.output.dense", mergeHeads(mixed));
}

/** The depthwise 3 × 3 convolution that tells positions apart in place of an encoding of positions. @see equation 3 */
function mixNeighbors(weights: Weights, { tokens, ...size }: Tokens): Tensor {
  const [, , dim] = tokens.shape as readonly number[];
  const mixed = conv2d(toMap({ tokens, ...size }), weights("mlp.dwconv.dwconv.weight"), {
    bias: weights("mlp.dwconv.dwconv.bias"),
    pad: 1,
    groups: dim,
  });
  return toTokens(mixed);
}

/** With PyTorch's default epsilon, as transformers has it in every norm; the authors' code has 1e-6 in some. */
function normalize(weights: Weights, name: string, x: Tensor): Tensor {
  return norm(weights, name, x, DECODER_EPSILON);
}

/** [B, C, h, w] as [B, h·w, C] */
export function toTokens(map: Tensor): Tensor {
  const [batch, dim, height, width] = map.shape as readonly number[];
  return transpose(reshape(map, [batch, dim, height * width]), [0, 2, 1]);
}

function toMap({ tokens, height, width }: Tokens): Tensor {
  const [batch, , dim] = tokens.shape as readonly number[];
  return reshape(transpose(tokens, [0, 2, 1]), [batch, dim, height, width]);
}
