import { add, gelu, layerNorm, mul, reshape, type Tensor } from "../../engine/index.ts";
import type { EfficientSamConfig } from "./config.ts";
import { DECODER_EPSILON, dense } from "./layers.ts";
import { type DecodedTokens, decodeByDesign } from "./mask-decoder.ts";
import { doubled, filterMap } from "./mask-drawing.ts";
import { attendSelf, type ImageSide, type TwoWayDesign } from "./transformer.ts";
import { scoped, type Weights } from "./weights.ts";

const efficientTwoWay: TwoWayDesign = {
  // From the second layer on positions are added for good, also to the values and to what is handed on.
  lookAtEachOther(weights, given, initial, heads) {
    const tokens = given === initial ? given : add(given, initial);
    return add(tokens, attendSelf(weights, tokens, tokens, heads));
  },
  mlp: (weights, tokens) => dense(weights, "mlp.fc", gelu(dense(weights, "mlp.layers.0.0", tokens))),
};

/**
 * What prompts are to EfficientSAM's decoder before any mask is drawn; as `decodeTokens` for SAM.
 *
 * @param side    of batch 1, from `projectFeatures`
 * @param sparse  [B, n, C] tokens of the prompts
 * @see EfficientSAM, `efficient_sam_decoder.py`, `MaskDecoder.predict_masks`; `two_way_transformer.py`
 */
export function decodeEfficientTokens(
  weights: Weights,
  side: ImageSide,
  sparse: Tensor,
  { decoder }: EfficientSamConfig,
): DecodedTokens {
  return decodeByDesign(weights, side, sparse, { ...decoder, design: efficientTwoWay, head: efficientHead });
}

/** Three dense layers with GELU between them. */
function efficientHead(weights: Weights, name: string, x: Tensor): Tensor {
  const own = scoped(weights, `${name}.`);
  return dense(own, "fc", gelu(dense(own, "layers.1.0", gelu(dense(own, "layers.0.0", x)))));
}

/**
 * Logits of masks.
 *
 * @param image    [B, P, C] from `decodeEfficientTokens`
 * @param filters  [B, M, c], any of its filters
 * @returns        [B, M, 4g, 4g]
 */
export function drawEfficientMasks(weights: Weights, image: Tensor, filters: Tensor): Tensor {
  const own = scoped(weights, "mask_decoder.final_output_upscaling_layers.");
  const half = gelu(normMap(scoped(own, "0.1."), doubled(own, "0.0", image)));
  return filterMap(filters, gelu(doubled(own, "1.0", half)));
}

/** A group norm of one group: all pixels and channels of a map by one mean and variance, then a factor and a summand by channel. */
function normMap(weights: Weights, map: Tensor): Tensor {
  const [batch, ...rest] = map.shape as readonly number[];
  const size = rest.reduce((count, length) => count * length, 1);
  const normed = layerNorm(reshape(map, [batch, size]), { epsilon: DECODER_EPSILON });
  return add(mul(reshape(normed, map.shape), weights("weight")), weights("bias"));
}
