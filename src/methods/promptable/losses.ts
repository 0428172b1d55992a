import {
  abs,
  add,
  cast,
  div,
  greater,
  maximum,
  mean,
  min,
  mul,
  pow,
  reshape,
  sigmoid,
  slice,
  softplus,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from "../../engine/index.ts";
import type { DecodedMasks } from "../../models/sam/mask-decoder.ts";

/**
 * Focal loss to Dice loss is 20 to 1 in SAM, whose pictures are 1024 px wide. In windows objects take several times the share of the pixels, and
 * the focal loss, a mean over all of them, would count for as much more.
 *
 * @see Kirillov et al. 2023, section 5 and appendix A
 */
const FOCAL_WEIGHT = 5;
const GAMMA = 2;

export interface PromptLoss {
  /** One element, the mean over prompts. */
  readonly loss: Tensor;
  /** [B, 4], of the masks as they would be cut out. */
  readonly iou: Tensor;
}

/**
 * The loss of the masks of prompts: that of the first mask, which is for prompts that mean one thing, and of the best of the other three.
 * All estimates of the IoU are held against the IoU.
 *
 * @param masks    as `decodeMasks` gives them, for B prompts
 * @param targets  [B, h, w], the share of each pixel that belongs to the mask. SAM's are 0 or 1; shares keep an edge where it is between
 *                 the coarse pixels of a small model
 * @see Kirillov et al. 2023, appendix A, "Making the model ambiguity-aware" and "Losses"
 */
export function promptLoss({ masks, predictedIou }: DecodedMasks, targets: Tensor): PromptLoss {
  const [batch, count, height, width] = masks.shape as readonly number[];
  const logits = reshape(masks, [batch, count, height * width]);
  const truth = reshape(targets, [batch, 1, height * width]);
  const each = add(mul(focalLoss(logits, truth), FOCAL_WEIGHT), diceLoss(logits, truth)); // [B, 4]
  const best = min(slice(each, { axis: 1, start: 1, end: count }), { axes: 1, keepDims: true });
  const ofMasks = mean(add(slice(each, { axis: 1, start: 0, end: 1 }), best));
  const iou = maskIou(logits, truth);
  const ofEstimates = mean(pow(sub(predictedIou, iou), 2));
  return { loss: add(ofMasks, ofEstimates), iou };
}

/**
 * Mean of |t − p|^γ · cross-entropy over the pixels, p the sigmoid of the logits.
 *
 * For targets of 0 and 1 this is the focal loss without its weight α; for those in between its continuation.
 *
 * @param logits   [B, M, P]
 * @param targets  [B, 1, P]
 * @returns        [B, M]
 * @see Lin et al. 2017, equation 4; Li et al. 2020 (Generalized Focal Loss), equation 4
 */
export function focalLoss(logits: Tensor, targets: Tensor): Tensor {
  const entropy = sub(softplus(logits), mul(logits, targets));
  const miss = abs(sub(targets, sigmoid(logits)));
  return mean(mul(pow(miss, GAMMA), entropy), { axes: 2 });
}

/**
 * 1 − 2 Σ p·t / (Σ p + Σ t), both sums one pixel more, so that an empty mask of an empty target is right.
 *
 * @returns  [B, M]
 * @see Milletari et al. 2016; in SAM without squares
 */
export function diceLoss(logits: Tensor, targets: Tensor): Tensor {
  const shares = sigmoid(logits);
  const overlap = sum(mul(shares, targets), { axes: 2 });
  const total = add(sum(shares, { axes: 2 }), sum(targets, { axes: 2 }));
  return sub(1, div(add(mul(overlap, 2), 1), add(total, 1)));
}

/** IoU of logits above 0 with targets above one half, [B, M], without a gradient; 1 for two empty masks. */
function maskIou(logits: Tensor, targets: Tensor): Tensor {
  const [ours, truth] = [cast(greater(logits, 0), "float32"), cast(greater(targets, 0.5), "float32")];
  const overlap = sum(mul(ours, truth), { axes: 2 });
  const union = sub(add(sum(ours, { axes: 2 }), sum(truth, { axes: 2 })), overlap);
  const isEmpty = sub(1, cast(greater(union, 0), "float32"));
  return stopGradient(div(add(overlap, isEmpty), maximum(union, 1)));
}
