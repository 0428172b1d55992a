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
  reshape,
  slice,
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
  /** B, pictures of a step, each with a text of its own. */
  readonly batch: number;
  /** Of the pictures, px. @default that of the configuration */
  readonly side?: number;
  /** N, nouns that each have a text in every step, and how many of them, C, are classes; the classes are first. */
  readonly nouns: number;
  readonly classes: number;
  /** T, tokens of a text. */
  readonly length: number;
}

/** The largest logarithm of the factor on cosine similarities, as published: a factor of 100. */
export const MAX_LOGIT_SCALE: number = Math.log(100);

/** How much what each patch shows counts beside what the whole picture shows. */
const PATCH_WEIGHT = 3;

/**
 * The graph that trains CLIP where it is known what each picture shows, and where: pictures, their patches and texts that belong together
 * become alike.
 *
 * Inputs: `pixels` [B, 3, S, S], normalised; `tokens` [N + B, T] int32, `ends` [N + B] int32, the nouns' texts before those of the pictures;
 * `subjects` [B, C], the classes that each is a picture of, adding up to 1, or to 0 for one of none; `patches` [B · P, N], the shares of
 * nouns in each patch, adding up to 1; `rows` and `columns` [B, B], how right each picture's text is for the others, see `alignmentLoss`.
 * Both the class token and the mean of the patches are compared with texts: the one is CLIP's embedding, the other that of FMA-WSSS, which
 * no training of CLIP has seen.
 *
 * @see Radford et al. 2021, figure 3. Differs: texts of nouns beside the captions, and patches that have texts
 */
export function clipTraining(
  config: ClipConfig,
  { batch, side = config.vision.side, nouns, classes, length }: ClipTrainingOptions,
): TrainingGraph {
  const graph = createGraph();
  const parameters = new Map(
    [...clipTensors(config)].map(([name, shape]) => [name, input(graph, name, shape)] as const),
  );
  const weights = (name: string): Tensor => parameters.get(name) as Tensor;
  const pixels = input(graph, "pixels", [batch, 3, side, side]);
  const tokens = input(graph, "tokens", [nouns + batch, length], "int32");
  const ends = input(graph, "ends", [nouns + batch], "int32");
  const subjects = input(graph, "subjects", [batch, classes]);
  const targets = {
    rows: input(graph, "rows", [batch, batch]),
    columns: input(graph, "columns", [batch, batch]),
  };

  const image = encodeClipImage(weights, pixels, config);
  const vectors = gather(weights("token_embedding.weight"), tokens);
  const texts = l2Normalize(encodeClipText(weights, vectors, ends, config));
  const scale = exp(clip(weights("logit_scale"), { max: MAX_LOGIT_SCALE }));
  const compare = (embeddings: Tensor, range: { start?: number; end?: number }): Tensor =>
    mul(matmul(l2Normalize(embeddings), slice(texts, { axis: 0, ...range }), { transposeB: true }), scale);
  const [ofClass, ofMean] = [image.classEmbedding, image.meanEmbedding].map((pictures) => {
    const logits = compare(pictures, { end: classes });
    return {
      subjects: crossEntropy(logits, subjects),
      captions: alignmentLoss(compare(pictures, { start: nouns }), targets),
      right: shareRight(logits, subjects),
    };
  });
  const patchCount = image.patchEmbeddings.shape[1] as number;
  const all = reshape(image.patchEmbeddings, [batch * patchCount, config.dim]);
  const shares = input(graph, "patches", [batch * patchCount, nouns]);
  const ofPatches = crossEntropy(compare(all, { end: nouns }), shares);
  const mean2 = (a: Tensor, b: Tensor): Tensor => mul(add(a, b), 0.5);
  const found = mean2(ofClass.subjects, ofMean.subjects);
  const captions = mean2(ofClass.captions, ofMean.captions);
  return {
    loss: add(add(found, captions), mul(ofPatches, PATCH_WEIGHT)),
    parameters: [...parameters.values()],
    report: {
      "of classes": found,
      "of captions": captions,
      "of patches": ofPatches,
      right: ofMean.right,
      scale,
    },
  };
}

/** The mean over rows. @param targets  [B, N], rows add up to 1, or to 0 where there is nothing to find */
function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return mul(sum(mul(logSoftmax(logits), targets)), -1 / (logits.shape[0] as number));
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

/** The share of rows whose most likely text is right. */
function shareRight(logits: Tensor, rows: Tensor): Tensor {
  const found = cast(oneHot(argMax(logits), logits.shape[1] as number), "float32");
  return mean(sum(mul(found, cast(greater(rows, 0), "float32")), { axes: 1 }));
}

/** AdamW as published, for a small network; what is no matrix does not decay. */
export function clipOptimizer(config: ClipConfig): OptimizerDefinition {
  const names = [...clipTensors(config)].filter(([, shape]) => shape.length < 2).map(([name]) => name);
  return { kind: "adamw", beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1, groups: [{ names, weightDecay: 0 }] };
}
