import { add, concat, constant, gather, type Tensor } from "../../engine/index.ts";
import { positionCode } from "./prompt-encoder.ts";
import { scoped, type Weights } from "./weights.ts";

/** What a point token says to EfficientSAM. `bare` is what the original makes of labels it does not know, such as that of a negative point. */
export const efficientPointKinds = { padding: 0, positive: 1, topLeft: 2, bottomRight: 3, bare: 4 } as const;

/**
 * Tokens of points and box corners. Padding keeps its position, unlike SAM's.
 *
 * @param points  [N, 2] as x, y in units of the input's side, pixel centers: (p + 0.5) / S
 * @param kinds   [N] int32, of `efficientPointKinds`
 * @returns       [N, C]
 * @see EfficientSAM, `efficient_sam_decoder.py`, `PromptEncoder._embed_points`
 */
export function encodeEfficientPoints(weights: Weights, points: Tensor, kinds: Tensor): Tensor {
  const own = scoped(weights, "prompt_encoder.");
  const learned = [
    "invalid_points",
    "point_embeddings",
    "bbox_top_left_embeddings",
    "bbox_bottom_right_embeddings",
  ].map((name) => own(`${name}.weight`));
  const { graph, shape } = learned[0];
  const nothing = constant(graph, new Float32Array(shape[1] as number), { shape: shape as number[] });
  return add(positionCode(weights, points), gather(concat([...learned, nothing], 0), kinds));
}
