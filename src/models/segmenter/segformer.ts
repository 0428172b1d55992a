import {
  add,
  batchNormFrozen,
  batchNormTrain,
  conv2d,
  linear,
  matmul,
  mul,
  relu,
  reshape,
  resize,
  slice,
  sub,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import type { Weights } from "../sam/weights.ts";
import type { SegformerConfig } from "./config.ts";
import { encodeSegformer, toTokens } from "./mix-transformer.ts";

/** How far running statistics move towards a batch's. */
const MOMENTUM = 0.1;
const EPSILON = 1e-5;

/** What a picture's pixels are, for prediction: logits [B, classes, H / 4, W / 4]. */
export function segment(weights: Weights, image: Tensor, config: SegformerConfig): Tensor {
  const joined = joinStages(weights, encodeSegformer(weights, image, config), config);
  const normed = batchNormFrozen(
    joined,
    {
      mean: weights("decode_head.batch_norm.running_mean"),
      variance: weights("decode_head.batch_norm.running_var"),
    },
    { ...affine(weights), epsilon: EPSILON },
  );
  return classify(weights, normed);
}

export interface SegmentTraining {
  /** [B, classes, H / 4, W / 4] */
  readonly logits: Tensor;
  /** The head's running statistics, and what they become. */
  readonly running: readonly { readonly state: Tensor; readonly next: Tensor }[];
}

/** What chance leaves out of a step: factors, 0 or 1 / the share that is kept. */
export interface SegformerDrops {
  /** [2 · blocks, B], see `encodeSegformer`. */
  readonly branches: Tensor;
  /** [B, D, 1, 1], of the head's channels before the classifier. */
  readonly channels: Tensor;
}

/** The same in training, where the head's norm uses the batch. @throws MaskwrightError INVALID_ARGUMENT for a single position in all */
export function segmentInTraining(
  weights: Weights,
  image: Tensor,
  config: SegformerConfig,
  drops: SegformerDrops | null = null,
): SegmentTraining {
  const maps = encodeSegformer(weights, image, config, drops?.branches ?? null);
  const joined = joinStages(weights, maps, config);
  const { y, mean, variance } = batchNormTrain(joined, { ...affine(weights), epsilon: EPSILON });
  const [batch, , height, width] = joined.shape as readonly number[];
  const count = batch * height * width;
  // The running variance is that of the population, as PyTorch's.
  const unbiased = mul(variance, count / (count - 1));
  const follow = (name: string, value: Tensor): { state: Tensor; next: Tensor } => {
    const state = weights(`decode_head.batch_norm.${name}`);
    return { state, next: add(state, mul(sub(value, state), MOMENTUM)) };
  };
  return {
    logits: classify(weights, y, drops?.channels ?? null),
    running: [follow("running_mean", mean), follow("running_var", unbiased)],
  };
}

/**
 * The head up to its norm, [B, D, H / 4, W / 4]: each stage projected, enlarged, and all of them mixed.
 *
 * The mixing is linear and does not look at neighbors, so it is done on each stage before that is enlarged, as one product with its projection: the
 * same numbers but for rounding, for a sixth of the head's work.
 *
 * @see Xie et al. 2021, section 3.2; transformers, `SegformerDecodeHead`
 */
function joinStages(weights: Weights, maps: readonly Tensor[], { decoderDim }: SegformerConfig): Tensor {
  const [, , height, width] = maps[0].shape as readonly number[];
  const fuse = reshape(weights("decode_head.linear_fuse.weight"), [decoderDim, maps.length * decoderDim]);
  const parts = maps.map((map, stage) => {
    // The last stage comes first there.
    const start = (maps.length - 1 - stage) * decoderDim;
    const mixing = slice(fuse, { axis: 1, start, end: start + decoderDim }); // [D, D]
    const name = `decode_head.linear_c.${stage}.proj`;
    const projection = matmul(mixing, weights(`${name}.weight`)); // [D, C]
    const bias = reshape(matmul(mixing, reshape(weights(`${name}.bias`), [decoderDim, 1])), [decoderDim]);
    const [batch, , h, w] = map.shape as readonly number[];
    const tokens = linear(toTokens(map), projection, { bias, transposeWeight: true });
    const projected = reshape(transpose(tokens, [0, 2, 1]), [batch, decoderDim, h, w]);
    return resize(projected, { height, width });
  });
  return parts.reduce((sum, part) => add(sum, part));
}

function classify(weights: Weights, x: Tensor, channels: Tensor | null = null): Tensor {
  const hidden = relu(x);
  return conv2d(
    channels === null ? hidden : mul(hidden, channels),
    weights("decode_head.classifier.weight"),
    {
      bias: weights("decode_head.classifier.bias"),
    },
  );
}

function affine(weights: Weights): { scale: Tensor; bias: Tensor } {
  return { scale: weights("decode_head.batch_norm.weight"), bias: weights("decode_head.batch_norm.bias") };
}
