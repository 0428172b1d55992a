import { IGNORE } from "../../core/label-map.ts";
import {
  cast,
  constant,
  div,
  equal,
  logicalNot,
  logSumExp,
  maximum,
  mul,
  reshape,
  resize,
  sub,
  sum,
  type Tensor,
} from "../../engine/index.ts";

export interface PixelLossOptions {
  /** How much a pixel of each class counts. Default 1. */
  readonly classWeights?: readonly number[];
  /** How much each pixel counts besides, [B, H, W]: how sure a seed is of it. Default 1. */
  readonly confidence?: Tensor;
}

/**
 * Cross-entropy of pixels: the weighted mean of −log softmax(logits) at the label, over pixels that are not ignore. The logits are enlarged to
 * the labels' size first. Without any pixel that counts it is 0.
 *
 * @param logits  [B, classes, h, w]
 * @param labels  int32 [B, H, W], `IGNORE` where nothing is known
 * @see torch.nn.functional.cross_entropy, whose mean with class weights divides by the weights' sum
 */
export function pixelCrossEntropy(logits: Tensor, labels: Tensor, options: PixelLossOptions = {}): Tensor {
  const [batch, height, width] = labels.shape as readonly number[];
  const classes = logits.shape[1] as number;
  const ids = constant(
    logits.graph,
    Array.from({ length: classes }, (_, id) => id),
    {
      shape: [1, classes, 1, 1],
      dtype: "int32",
    },
  );
  const plane = reshape(labels, [batch, 1, height, width]);
  const targets = cast(equal(plane, ids), "float32"); // [B, classes, H, W]
  const known = cast(
    logicalNot(equal(plane, constant(logits.graph, [IGNORE], { shape: [1], dtype: "int32" }))),
    "float32",
  );
  return softCrossEntropy(logits, targets, { ...options, known });
}

/**
 * The same for labels that are shares of classes.
 *
 * @param targets  [B, classes, H, W]; where they sum to 0 a pixel does not count
 */
export function softCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  { classWeights, confidence, known }: PixelLossOptions & { readonly known?: Tensor } = {},
): Tensor {
  const [batch, classes, height, width] = targets.shape as readonly number[];
  const scores = resize(logits, { height, width });
  const overClasses = (x: Tensor): Tensor => sum(x, { axes: 1, keepDims: true });
  const weighted =
    classWeights === undefined
      ? targets
      : mul(targets, constant(logits.graph, classWeights, { shape: [1, classes, 1, 1] }));
  // −Σ t·log softmax = Σ t·(log Σ exp − x): one plane of logarithms instead of one for each class.
  const mass = classWeights === undefined && known !== undefined ? known : overClasses(weighted);
  const misses = sub(
    mul(mass, logSumExp(scores, { axes: 1, keepDims: true })),
    overClasses(mul(weighted, scores)),
  );
  const counts = confidence === undefined ? null : reshape(confidence, [batch, 1, height, width]);
  const total = sum(counts === null ? mass : mul(mass, counts));
  return div(sum(counts === null ? misses : mul(misses, counts)), maximum(total, 1e-12));
}
