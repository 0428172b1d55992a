import { abs, add, clip, logSoftmax, mean, mul, oneHot, sub, sum, type Tensor } from "../../engine/index.ts";
import type { PromptedParts } from "../../models/prompter/prompter.ts";

/** What each query should say. */
export interface QueryTargets {
  /** [B, Q] int64, index of the class among the logits; the last for queries that stand for no part. */
  readonly classes: Tensor;
  /** [B, Q, T, C]; what is there does not matter where the share is 0. */
  readonly tokens: Tensor;
  /** [B, Q], 1 / N for each of the N queries of a picture that stand for a part, 0 for the others. */
  readonly shares: Tensor;
}

export interface LossWeights {
  /** Default 5. */
  readonly class?: number;
  /** Default 20. */
  readonly token?: number;
}

export interface PartLoss {
  readonly loss: Tensor;
  /** Mean cross-entropy over all queries, those of no part with the weight of the others. */
  readonly classLoss: Tensor;
  /** Mean smooth-L1 (β 1) over the tokens of a picture's matched queries, then over pictures. */
  readonly tokenLoss: Tensor;
}

/**
 * The loss of a batch by the targets its queries were matched with: w_class · class loss + w_token · token loss.
 *
 * @see WPS-SAM, section 3.3; weights of the published configuration. Differs from DETR: "no object" is not weighted down.
 */
export function partLoss(
  { logits, tokens }: PromptedParts,
  targets: QueryTargets,
  { class: classWeight = 5, token: tokenWeight = 20 }: LossWeights = {},
): PartLoss {
  const [batch, queries, columns] = logits.shape as readonly number[];
  const hits = mul(logSoftmax(logits), oneHot(targets.classes, columns));
  const classLoss = mul(sum(hits), -1 / (batch * queries));
  const perQuery = mean(smoothL1(sub(tokens, targets.tokens)), { axes: [2, 3] }); // [B, Q]
  const tokenLoss = mul(sum(mul(perQuery, targets.shares)), 1 / batch);
  return { loss: add(mul(classLoss, classWeight), mul(tokenLoss, tokenWeight)), classLoss, tokenLoss };
}

/** d² / 2 where |d| < 1 and |d| − 1/2 elsewhere, as c · (|d| − c / 2) with c = min(|d|, 1). */
function smoothL1(difference: Tensor): Tensor {
  const size = abs(difference);
  const limited = clip(size, { max: 1 });
  return mul(limited, sub(size, mul(limited, 0.5)));
}
