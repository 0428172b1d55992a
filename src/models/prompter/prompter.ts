import { add, expandDims, gelu, reshape, type Tensor, transpose } from "../../engine/index.ts";
import { dense } from "../sam/layers.ts";
import { scoped, type Weights } from "../sam/weights.ts";
import type { PrompterConfig } from "./config.ts";
import { shrinkFeatures } from "./neck.ts";
import { decodeQueries, encodeCells } from "./transformer.ts";

/** What each query says. */
export interface PromptedParts {
  /** [B, Q, classes + 1], the last for "no object" */
  readonly logits: Tensor;
  /** [B, Q, T, C], prompt tokens for SAM's decoder */
  readonly tokens: Tensor;
}

/**
 * The parts of pictures as SAM's prompts, from SAM's embeddings.
 *
 * @param features  [B, C, g, g]
 * @see Wu et al. 2024 (WPS-SAM), section 3, "student prompter"; Carion et al. 2020 (DETR) for the transformer
 */
export function promptParts(weights: Weights, features: Tensor, config: PrompterConfig): PromptedParts {
  const own = scoped(weights, "prompter.");
  const cells = shrinkFeatures(weights, features, config);
  const [batch, count, dim] = cells.shape as readonly number[];
  const positions = transpose(reshape(weights("pos_embed"), [1, dim, count]), [0, 2, 1]);
  const memory = encodeCells(own, cells, positions, config);
  const placed = add(memory, positions);
  const queries = expandDims(weights("query_embed.weight"), 0);
  const states = decodeQueries(own, { placed, cells: memory }, queries, config);
  const tokens = dense(weights, "coords_embed.2", gelu(dense(weights, "coords_embed.0", states)));
  return {
    logits: dense(weights, "class_embed", states),
    tokens: reshape(tokens, [batch, config.queries, config.tokens, config.channels]),
  };
}
