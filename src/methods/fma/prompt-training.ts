import { invalid } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import {
  add,
  constantRate,
  cosineRate,
  createGraph,
  gather,
  input,
  inSequence,
  l2Normalize,
  matmul,
  mul,
  type OptimizerDefinition,
  reshape,
  type Schedule,
  type Shape,
  slice,
  stopGradient,
  sub,
  sum,
  type Tensor,
  type TrainingGraph,
} from "../../engine/index.ts";
import { camSlope } from "./cam-slope.ts";
import type { FinishImage } from "./grad-cam.ts";
import { camLoss, contrastiveLoss } from "./losses.ts";

/** The frozen text side. Closures add constants to the graph of the tensor they get. */
export interface TextSide {
  /** Vectors of the context: [M, D] for one that all prompts share, [G, M, D] for one each. */
  readonly contextShape: readonly number[];
  /** Prompts with this context, encoded: [G, E] of any length, foreground classes first. */
  readonly encode: (context: Tensor) => Tensor;
  /** F, of the G prompts; the others are the background's. */
  readonly classCount: number;
  /** exp(logit_scale) */
  readonly scale: number;
}

/** Name of the trained tensor, in the trainer and in its checkpoints. */
export const CONTEXT_NAME = "context";

/** Plain SGD as published, for both prompt sets. */
export const promptOptimizer: OptimizerDefinition = { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 };

export interface PromptRateOptions {
  readonly warmupSteps: number;
  /** @default 1e-3 */
  readonly rate?: number;
}

/** A hundredth of the rate while warming up, then the rate, down to 0 at `steps` by half a cosine. */
export function promptRate(steps: number, { warmupSteps, rate = 1e-3 }: PromptRateOptions): Schedule {
  if (!(warmupSteps < steps))
    throw invalid("promptRate: warmupSteps", `fewer than ${steps} steps`, warmupSteps);
  const descent = cosineRate(rate, steps - warmupSteps);
  return warmupSteps === 0 ? descent : inSequence(constantRate(rate / 100), warmupSteps, descent);
}

/** A training graph and what `evaluate` can be asked of it: "texts" → { texts: [G, E] of unit length }. */
type PromptGraph = TrainingGraph & Required<Pick<TrainingGraph, "programs">>;

export interface ClassificationOptions {
  /** B, pictures in a step. */
  readonly batch: number;
  /** E */
  readonly embeddingLength: number;
  /** Parts of the batch that the loss is normalized in, one by one, as published accumulation does. @default 1 */
  readonly parts?: number;
}

/**
 * The graph that trains classification prompts: the contrastive loss of pictures and texts.
 *
 * Pictures do not move, so a step is fed their embeddings, which can be kept where nothing augments the pictures. All parts of
 * a batch share one pass through the text encoder: the same gradient as accumulating them, since texts are constant in a step.
 *
 * Inputs: `pictures` [B, E] of unit length, `present` [B, F]; parameter `context`.
 */
export function classificationTraining(text: TextSide, options: ClassificationOptions): PromptGraph {
  const { batch, embeddingLength, parts = 1 } = options;
  checkParts(batch, parts);
  const { context, texts } = openTexts(text);
  const { graph } = context;
  const pictures = input(graph, "pictures", [batch, embeddingLength]);
  const present = input(graph, "present", [batch, text.classCount]);
  const foreground = slice(texts, { axis: 0, end: text.classCount });
  const logits = matmul(pictures, foreground, { transposeB: true, alpha: text.scale });
  const length = batch / parts;
  const losses = Array.from({ length: parts }, (_, k) => {
    const range = { axis: 0, start: k * length, end: (k + 1) * length };
    return contrastiveLoss(slice(logits, range), slice(present, range));
  });
  const loss = mul(
    losses.reduce((a, b) => add(a, b)),
    1 / parts,
  );
  return { loss, parameters: [context], programs: { texts: { texts } } };
}

/** What the last block needs to go on, from the tokens that enter it. */
export type LastBlock = (tokens: Tensor) => { readonly activation: Tensor; readonly finish: FinishImage };

export interface SegmentationOptions {
  /** B, pictures in a step. */
  readonly batch: number;
  /** P, pairs of a picture and a class in it that one run has room for. */
  readonly rows: number;
  /** Patches of a picture. */
  readonly grid: Size;
  /** D */
  readonly dim: number;
  /** Pixels of the label maps. */
  readonly labelSize: Size;
}

/**
 * The graph that trains segmentation prompts: the CAM loss, whose gradient takes one VJP and one JVP of the last block and one
 * pass through the text encoder, however many rows there are.
 *
 * Inputs: `tokens` [B, T, D] that enter the last block, `present` [B, F], `labels` [B, H, W] int32, and for each row `picture`
 * [P] int64, `target` [P] int64 and `weight` [P], by which its pixels' sum is multiplied: `segmentationFeeds` fills them.
 * Parameter `context`; reports `foreground` and `background`.
 */
export function segmentationTraining(
  text: TextSide,
  lastBlock: LastBlock,
  { batch, rows, grid, dim, labelSize }: SegmentationOptions,
): PromptGraph {
  const { context, texts } = openTexts(text);
  const { graph } = context;
  const own = (name: string, shape: Shape): Tensor => gather(input(graph, name, shape), picture);
  const picture = input(graph, "picture", [rows], "int64");
  const tokens = own("tokens", [batch, 1 + grid.height * grid.width, dim]);
  const present = own("present", [batch, text.classCount]);
  const pixels = [batch, labelSize.height, labelSize.width];
  const labels = gather(input(graph, "labels", pixels, "int32"), picture);
  const target = input(graph, "target", [rows], "int64");
  const weight = input(graph, "weight", [rows]);

  const sides: Record<string, Tensor> = {};
  const { loss, slope } = camSlope(
    { ...lastBlock(tokens), texts: stopGradient(texts), scale: text.scale, present, target },
    (cam) => {
      const maps = reshape(cam, [rows, grid.height, grid.width]);
      const { foreground, background } = camLoss(maps, labels, target, { rowWeights: weight });
      Object.assign(sides, { foreground, background });
      return add(foreground, background);
    },
  );
  // A linear function of the texts that has the loss's slope and, by the second term, its value.
  const surrogate = sum(mul(stopGradient(slope), texts));
  return {
    loss: add(surrogate, stopGradient(sub(loss, surrogate))),
    parameters: [context],
    report: sides,
    programs: { texts: { texts } },
  };
}

function openTexts({ contextShape, encode }: TextSide): { context: Tensor; texts: Tensor } {
  const context = input(createGraph(), CONTEXT_NAME, contextShape);
  return { context, texts: l2Normalize(encode(context)) };
}

export function checkParts(batch: number, parts: number): void {
  if (!(Number.isInteger(parts) && parts >= 1 && batch % parts === 0))
    throw invalid("prompt training: parts", `a divisor of the batch of ${batch}`, parts);
}
