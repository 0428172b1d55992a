import {
  abs,
  add,
  cast,
  div,
  equal,
  formatShape,
  greater,
  logicalAnd,
  logicalNot,
  logSumExp,
  max,
  maximum,
  mean,
  mul,
  opError,
  reshape,
  resize,
  softplus,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from "../../engine/index.ts";

export interface ContrastiveLossOptions {
  /** Factor on the logits, which carry CLIP's own scale already. @default 1 */
  readonly scale?: number;
  /** Mean over all pairs of picture and class (published), or over pictures of the mean over their classes. @default "pairs" */
  readonly reduction?: "pairs" | "pictures";
}

/** A logit that no other can be compared with: its exp is 0. */
const ABSENT = -1e9;

/**
 * The multi-label contrastive loss of classification prompts: each class in a picture against the foreground classes that
 * are not, −log(e^s / (e^s + Σ e^s⁻)); other classes in the picture are neither. Pictures with all classes or none say
 * nothing; without any that does, the loss is 0.
 *
 * Written as softplus(log Σ e^s⁻ − s): the same number without the overflow that the published exp has above 88.
 *
 * @param logits   [B, F] of the foreground classes
 * @param present  [B, F] float, 1 or 0
 * @returns        one number
 * @see HAL-42/FMA-WSSS, `cl_loss.py`
 */
export function contrastiveLoss(
  logits: Tensor,
  present: Tensor,
  { scale = 1, reduction = "pairs" }: ContrastiveLossOptions = {},
): Tensor {
  if (formatShape(logits.shape) !== formatShape(present.shape))
    throw opError("contrastiveLoss: present", formatShape(logits.shape), formatShape(present.shape));
  const scores = scale === 1 ? logits : mul(logits, scale);
  const isPresent = greater(present, 0.5);
  const absent = logSumExp(where(isPresent, ABSENT, scores), { axes: 1, keepDims: true });
  const positives = sum(present, { axes: 1, keepDims: true }); // [B, 1]
  const isTelling = logicalAnd(
    greater(positives, 0.5),
    greater(sub(logits.shape[1] as number, positives), 0.5),
  );
  const terms = mul(softplus(sub(absent, scores)), present);
  const telling = cast(isTelling, "float32");
  if (reduction === "pairs") {
    const count = maximum(sum(mul(positives, telling)), 1);
    return div(sum(mul(terms, telling)), count);
  }
  const perPicture = div(sum(terms, { axes: 1, keepDims: true }), maximum(positives, 1));
  return div(sum(mul(perPicture, telling)), maximum(sum(telling), 1));
}

export interface CamLossOptions {
  /** Distance of a pixel from where it should be: |x|, or x²/2. @default "l1" */
  readonly distance?: "l1" | "l2";
  /** Mean over all pixels of all rows, or half the mean over each side's pixels, of all rows or row by row. @default "pixels" */
  readonly reduction?: "pixels" | "sides" | "sides-by-row";
  /** Whether the maximum that foreground pixels are drawn to is a constant of the differentiation. @default true */
  readonly fixedMaximum?: boolean;
  /** Activation up to which background pixels are left alone. @default 0 */
  readonly backgroundLimit?: number;
  /**
   * [P] factor on the sum over each row's pixels, in place of a reduction: 1 / the pixels of the part of the batch that the
   * row belongs to, 0 for rows that only fill up.
   */
  readonly rowWeights?: Tensor;
}

export interface CamLoss {
  readonly foreground: Tensor;
  readonly background: Tensor;
}

/** Keeps a side without pixels from dividing by zero; published. */
const EPSILON = 1e-5;
const IGNORED = 255;

/**
 * The CAM activation loss of segmentation prompts: pixels of the row's class are drawn up to the highest activation among
 * them (at least 0), all others down to 0; other classes count as background, ignored pixels not at all.
 *
 * Differs: where all pixels are ignored the loss is 0 (the published mean is 0 / 0).
 *
 * @param cam     [P, h, w], stretched to the label maps (bilinear)
 * @param labels  [P, H, W] int32 label map of each row's picture: 0 background, c + 1 for class c, 255 ignore
 * @param target  [P] int64 class of each row, from 0
 * @see Yang and Gong 2024 (FMA-WSSS); `cam_lb.py`
 */
export function camLoss(cam: Tensor, labels: Tensor, target: Tensor, options: CamLossOptions = {}): CamLoss {
  const { distance = "l1", reduction = "pixels", fixedMaximum = true, backgroundLimit = 0 } = options;
  const [rows, height, width] = labels.shape as readonly number[];
  const stretched = isStretched(cam, labels)
    ? cam
    : reshape(resize(cam, { height, width }), [rows, height, width]);
  const ids = add(reshape(cast(target, "int32"), [rows, 1, 1]), 1);
  const isOwn = equal(labels, ids);
  const own = cast(isOwn, "float32");
  const other = cast(logicalAnd(logicalNot(isOwn), logicalNot(equal(labels, IGNORED))), "float32");

  const inside = mul(stretched, own);
  // Outside its pixels the product is 0, so the maximum is below 0 only where they fill the picture.
  const highest = maximum(max(inside, { axes: [1, 2], keepDims: true }), 0);
  const lack = mul(measure(sub(fixedMaximum ? stopGradient(highest) : highest, inside), distance), own);
  const excess = sub(maximum(mul(stretched, other), backgroundLimit), backgroundLimit);
  const surplus = mul(measure(excess, distance), other);
  if (options.rowWeights !== undefined) {
    const weights = reshape(options.rowWeights, [rows, 1, 1]);
    return { foreground: sum(mul(lack, weights)), background: sum(mul(surplus, weights)) };
  }
  return reduce({ lack, surplus, own, other }, reduction);
}

function isStretched(cam: Tensor, labels: Tensor): boolean {
  if (cam.shape.length !== 3 || labels.shape.length !== 3 || cam.shape[0] !== labels.shape[0])
    throw opError("camLoss: labels", "[P, H, W] with the rows of the CAM", formatShape(labels.shape));
  return formatShape(cam.shape) === formatShape(labels.shape);
}

function measure(x: Tensor, distance: "l1" | "l2"): Tensor {
  return distance === "l1" ? abs(x) : mul(mul(x, x), 0.5);
}

interface Sides {
  readonly lack: Tensor;
  readonly surplus: Tensor;
  readonly own: Tensor;
  readonly other: Tensor;
}

function reduce(
  { lack, surplus, own, other }: Sides,
  reduction: NonNullable<CamLossOptions["reduction"]>,
): CamLoss {
  if (reduction === "pixels") {
    const count = maximum(add(sum(own), sum(other)), 1);
    return { foreground: div(sum(lack), count), background: div(sum(surplus), count) };
  }
  const axes = reduction === "sides-by-row" ? { axes: [1, 2] } : {};
  const half = (loss: Tensor, mask: Tensor): Tensor =>
    mul(mean(div(sum(loss, axes), add(sum(mask, axes), EPSILON))), 0.5);
  return { foreground: half(lack, own), background: half(surplus, other) };
}
