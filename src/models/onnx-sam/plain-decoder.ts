import {
  add,
  attention,
  concat,
  relu,
  reshape,
  slice,
  squeeze,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { MASK_COUNT, type SamConfig } from "../sam/config.ts";
import { DECODER_EPSILON, dense, head, mergeHeads, norm, splitHeads } from "../sam/layers.ts";
import type { DecodedMasks } from "../sam/mask-decoder.ts";
import { drawMasks } from "../sam/mask-drawing.ts";
import { scoped, type Weights } from "../sam/weights.ts";

/**
 * The mask decoder as it is published, step by step: slower than `decodeMasks`, which moves projections to the tokens, but the number of
 * tokens may be a name, as an exported model needs it.
 *
 * @param source     [1, C, g, g], the embedding with what its mask prompt adds
 * @param positions  [1, C, g, g]
 * @param sparse     [1, n, C]
 * @see segment-anything, `mask_decoder.py`, `predict_masks`; `transformer.py`
 */
export function decodePlainly(
  weights: Weights,
  source: Tensor,
  positions: Tensor,
  sparse: Tensor,
  { decoder }: SamConfig,
): DecodedMasks {
  const own = scoped(weights, "mask_decoder.");
  const [, dim, grid] = source.shape as readonly number[];
  const cellsOf = (map: Tensor): Tensor => transpose(reshape(map, [1, dim, grid * grid]), [0, 2, 1]);
  const learned = concat([own("iou_token.weight"), own("mask_tokens.weight")], 0);
  const initial = concat([reshape(learned, [1, 1 + MASK_COUNT, dim]), sparse], 1);
  const { tokens, image } = transform(
    scoped(own, "transformer."),
    { initial, image: cellsOf(source), positions: cellsOf(positions) },
    decoder,
  );
  const token = (index: number): Tensor =>
    squeeze(slice(tokens, { axis: 1, start: index, end: index + 1 }), 1);
  const filters = Array.from({ length: MASK_COUNT }, (_, m) =>
    reshape(head(own, `output_hypernetworks_mlps.${m}`, token(1 + m)), [1, 1, dim / 8]),
  );
  return {
    masks: drawMasks(weights, image, concat(filters, 1)),
    predictedIou: head(own, "iou_prediction_head", token(0)),
  };
}

interface Sides {
  /** [1, T, C], which are their own positions. */
  readonly initial: Tensor;
  /** [1, P, C] */
  readonly image: Tensor;
  readonly positions: Tensor;
}

function transform(
  weights: Weights,
  { initial, image: before, positions }: Sides,
  { depth, heads }: SamConfig["decoder"],
): { tokens: Tensor; image: Tensor } {
  const attend = (name: string, queries: Tensor, keys: Tensor, values: Tensor): Tensor => {
    const own = scoped(weights, `${name}.`);
    const project = (part: string, x: Tensor): Tensor => splitHeads(dense(own, part, x), heads);
    const seen = attention(project("q_proj", queries), project("k_proj", keys), project("v_proj", values));
    return dense(own, "out_proj", mergeHeads(seen));
  };
  const normed = (name: string, x: Tensor): Tensor => norm(weights, name, x, DECODER_EPSILON);
  let tokens = initial;
  let image = before;
  for (let i = 0; i < depth; i++) {
    const layer = `layers.${i}`;
    const placed = i === 0 ? tokens : add(tokens, initial);
    const self = attend(`${layer}.self_attn`, placed, placed, tokens);
    // The first layer puts what it attends to in the place of the tokens.
    tokens = normed(`${layer}.norm1`, i === 0 ? self : add(tokens, self));
    const seen = attend(
      `${layer}.cross_attn_token_to_image`,
      add(tokens, initial),
      add(image, positions),
      image,
    );
    tokens = normed(`${layer}.norm2`, add(tokens, seen));
    const hidden = relu(dense(weights, `${layer}.mlp.lin1`, tokens));
    tokens = normed(`${layer}.norm3`, add(tokens, dense(weights, `${layer}.mlp.lin2`, hidden)));
    const told = attend(
      `${layer}.cross_attn_image_to_token`,
      add(image, positions),
      add(tokens, initial),
      tokens,
    );
    image = normed(`${layer}.norm4`, add(image, told));
  }
  const last = attend("final_attn_token_to_image", add(tokens, initial), add(image, positions), image);
  return { tokens: normed("norm_final_attn", add(tokens, last)), image };
}
