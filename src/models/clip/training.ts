import {
  add,
  argMax,
  cast,
  clip,
  createGraph,
  exp,
  gather,
  greater,
  input,
  l2Normalize,
  logSoftmax,
  matmul,
  mean,
  mul,
  type OptimizerDefinition,
  oneHot,
  sum,
  type Tensor,
  type TrainingGraph,
  transpose,
} from "../../engine/index.ts";
import type { ClipConfig } from "./config.ts";
import { encodeClipText } from "./text.ts";
import { encodeClipImage } from "./vision.ts";
import { clipTensors } from "./weights.ts";

export interface ClipTrainingOptions {
  /** B, pictures of a step, and as many texts. */
  readonly batch: number;
  /** T, tokens of a text. */
  readonly length: number;
}

/** The largest logarithm of the factor on cosine similarities, as published: a factor of 100. */
export const MAX_LOGIT_SCALE: number = Math.log(100);

/**
 * The graph that trains CLIP: pictures and texts that belong together become alike.
 *
 * Inputs: `pixels` [B, 3, S, S], normalised; `tokens` [B, T] int32, `ends` [B] int32; `rows` and `columns` [B, B], how right each text is for
 * a picture and each picture for a text, see `alignmentLoss`. Both the class token and the mean of the patches are compared with the texts:
 * the one is CLIP's embedding, the other that of FMA-WSSS, which no training of CLIP has seen.
 *
 * @see Radford et al. 2021, figure 3
 */
export function clipTraining(config: ClipConfig, { batch, length }: ClipTrainingOptions): TrainingGraph {
  const { side } = config.vision;
  const graph = createGraph();
  const parameters = new Map(
    [...clipTensors(config)].map(([name, shape]) => [name, input(graph, name, shape)] as const),
  );
  const weights = (name: string): Tensor => parameters.get(name) as Tensor;
  const pixels = input(graph, "pixels", [batch, 3, side, side]);
  const tokens = input(graph, "tokens", [batch, length], "int32");
  const ends = input(graph, "ends", [batch], "int32");
  const targets = {
    rows: input(graph, "rows", [batch, batch]),
    columns: input(graph, "columns", [batch, batch]),
  };

  const { classEmbedding, meanEmbedding } = encodeClipImage(weights, pixels, config);
  const vectors = gather(weights("token_embedding.weight"), tokens);
  const texts = l2Normalize(encodeClipText(weights, vectors, ends, config));
  const scale = exp(clip(weights("logit_scale"), { max: MAX_LOGIT_SCALE }));
  const [ofClass, ofMean] = [classEmbedding, meanEmbedding].map((pictures) => {
    const logits = mul(matmul(l2Normalize(pictures), texts, { transposeB: true }), scale);
    return { loss: alignmentLoss(logits, targets), right: shareRight(logits, targets.rows) };
  });
  return {
    loss: mul(add(ofClass.loss, ofMean.loss), 0.5),
    parameters: [...parameters.values()],
    report: { "class token": ofClass.loss, "mean patch": ofMean.loss, right: ofMean.right, scale },
  };
}

/** What should be found: distributions over texts for each picture, and over pictures for each text. */
export interface AlignmentTargets {
  /** [B, B], rows add up to 1 */
  readonly rows: Tensor;
  /** [B, B], columns add up to 1 */
  readonly columns: Tensor;
}

/**
 * The symmetric contrastive loss: the mean cross entropy of pictures over texts and of texts over pictures. With the identity for both
 * targets it is CLIP's; with others a text may be right for several pictures.
 *
 * @param logits  [B, B], pictures by texts
 * @see Radford et al. 2021; Yang et al. 2022 (UniCL) for targets of several
 */
export function alignmentLoss(logits: Tensor, { rows, columns }: AlignmentTargets): Tensor {
  const batch = logits.shape[0] as number;
  const toTexts = sum(mul(logSoftmax(logits), rows));
  const toPictures = sum(mul(logSoftmax(transpose(logits, [1, 0])), transpose(columns, [1, 0])));
  return mul(add(toTexts, toPictures), -0.5 / batch);
}

/** The share of pictures whose most likely text is right. */
function shareRight(logits: Tensor, rows: Tensor): Tensor {
  const found = cast(oneHot(argMax(logits), logits.shape[1] as number), "float32");
  return mean(sum(mul(found, cast(greater(rows, 0), "float32")), { axes: 1 }));
}

/** AdamW as published, for a small network; what is no matrix does not decay. */
export function clipOptimizer(config: ClipConfig): OptimizerDefinition {
  const names = [...clipTensors(config)].filter(([, shape]) => shape.length < 2).map(([name]) => name);
  return { kind: "adamw", beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1, groups: [{ names, weightDecay: 0 }] };
}
