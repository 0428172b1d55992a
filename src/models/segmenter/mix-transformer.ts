import { add, attention, conv2d, gelu, reshape, type Tensor, transpose } from "../../engine/index.ts";
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
 * @param weights  "segformer.encoder.…"
 * @param image    [B, 3, H, W], normalized
 * @see Xie et al. 2021, section 3.1; transformers, `modeling_segformer.py`, `SegformerEncoder`
 */
export function encodeSegformer(weights: Weights, image: Tensor, config: SegformerConfig): Tensor[] {
  const maps: Tensor[] = [];
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
      tokens = mixBlock(block, { tokens, height, width }, config.heads[stage], config.reductions[stage]);
    }
    x = toMap({ tokens: normalize(own, `layer_norm.${stage}`, tokens), height, width });
    maps.push(x);
  }
  return maps;
}

function mixBlock(weights: Weights, { tokens, ...size }: Tokens, heads: number, reduction: number): Tensor {
  const normed = { tokens: normalize(weights, "layer_norm_1", tokens), ...size };
  const attended = add(tokens, reducedAttention(weights, normed, heads, reduction));
  const hidden = dense(weights, "mlp.dense1", normalize(weights, "layer_norm_2", attended));
  return add(
    attended,
    dense(weights, "mlp.dense2", gelu(mixNeighbors(weights, { tokens: hidden, ...size }))),
  );
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
