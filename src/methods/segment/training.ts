import type { NdArray } from "../../core/array.ts";
import { invalid } from "../../core/error.ts";
import {
  add,
  cast,
  compileTraining,
  createGraph,
  type Graph,
  input,
  mul,
  type Runtime,
  sub,
  type Tensor,
  type Trainer,
  type TrainerStart,
  type TrainingGraph,
} from "../../engine/index.ts";
import type { Weights } from "../../models/sam/weights.ts";
import type { FrozenEncoder } from "../../models/segmenter/frozen-encoder.ts";
import { lightHead } from "../../models/segmenter/light-head.ts";
import {
  AVERAGE_PREFIX,
  type SegmenterNetwork,
  type SegmenterParts,
  segmenterTensors,
  segmentPixels,
} from "../../models/segmenter/network.ts";
import { type Normalization, normalizePixels } from "../../models/segmenter/normalization.ts";
import { type SegmentTraining, segmentInTraining } from "../../models/segmenter/segformer.ts";
import { branchCount, headChannels } from "./drops.ts";
import { pixelCrossEntropy, softCrossEntropy } from "./losses.ts";
import { isStatistic, type SegmenterRates, segmenterOptimizer } from "./optimizer.ts";

/** Pixels along a side for each of which shares of classes are given: SegFormer's own grid. */
export const SHARE_STRIDE = 4;

/** What is known of pixels: a class each, the same with how much it counts, or shares of classes. */
export type PixelSupervision = "classes" | "weighted" | "shares";

export interface SegmenterGraphOptions {
  readonly supervision: PixelSupervision;
  /** Pictures of a step. */
  readonly batch: number;
  /** Of the squares, px. */
  readonly side: number;
  /** Of each class. */
  readonly classWeights?: readonly number[];
  /** Whether averages of the parameters are kept, which `predict` then takes. */
  readonly averaged: boolean;
}

export interface SegmenterTrainingOptions extends SegmenterGraphOptions, SegmenterRates {
  readonly start: TrainerStart;
  /** Where an encoder's weights lie that are not read into memory. */
  readonly folder?: string;
}

/** A network to be trained, and the frozen encoder of a light head. */
export interface TrainedNetwork {
  readonly network: SegmenterNetwork;
  readonly encoder: FrozenEncoder | null;
  readonly normalization: Normalization;
}

/**
 * A segmenter ready to be trained. A step is fed `pixels` uint8 [B, 3, S, S]; `labels` uint8 [B, S, S], for weighted ones
 * `confidence` likewise (255 counts whole), or `shares` [B, classes, S/4, S/4]; what `drawDrops` gives; and with averages `blend` [1], see
 * `blendOf`. It reports the loss. `evaluate("predict", { pixels })` of one picture gives its `logits`.
 *
 * AdamW; norms and biases do not decay. The frozen encoder of a light head is run in every step: a crop that is augmented has features of its
 * own.
 */
export async function compileSegmenterTraining(
  trained: TrainedNetwork,
  runtime: Runtime,
  options: SegmenterTrainingOptions,
): Promise<Trainer> {
  const { start, averaged, folder } = options;
  const names = [...segmenterTensors(trained.network).keys()];
  return await compileTraining(segmenterTraining(trained, options), runtime, {
    start: averaged ? withAverages(start, names) : start,
    optimizer: segmenterOptimizer(names, options),
    ...(folder !== undefined && { folder }),
  });
}

/** The graph of a step. */
export function segmenterTraining(trained: TrainedNetwork, options: SegmenterGraphOptions): TrainingGraph {
  const { batch, side, averaged } = options;
  const graph = createGraph();
  const shapes = segmenterTensors(trained.network);
  const state = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, shape)]));
  const parameters = [...state].flatMap(([name, tensor]) => (isStatistic(name) ? [] : [tensor]));
  const pixels = input(graph, "pixels", [batch, 3, side, side], "uint8");
  const weights: Weights = (name) => state.get(name) as Tensor;
  const { logits, running } = forward(trained, weights, pixels);
  return {
    loss: pixelLoss(graph, logits, options),
    parameters,
    running: averaged ? [...running, ...average(graph, parameters)] : running,
    programs: { predict: predictProgram(trained, shapes, { side, averaged }) },
  };
}

function forward(
  { network, encoder, normalization }: TrainedNetwork,
  weights: Weights,
  pixels: Tensor,
): SegmentTraining {
  const { graph } = pixels;
  const batch = pixels.shape[0] as number;
  const image = normalizePixels(pixels, normalization);
  const channels = input(graph, "channels", [batch, headChannels(network), 1, 1]);
  if (network.kind === "light")
    return {
      logits: lightHead(weights, encodeFrozen(encoder, image), network.config, channels),
      running: [],
    };
  const branches = input(graph, "branches", [branchCount(network), batch]);
  return segmentInTraining(weights, image, network.config, { branches, channels });
}

function encodeFrozen(encoder: FrozenEncoder | null, image: Tensor): Tensor[] {
  if (encoder === null) throw invalid("segmenterTraining: encoder", "the encoder of a light head", encoder);
  return encoder.encode(image);
}

function pixelLoss(
  graph: Graph,
  logits: Tensor,
  { batch, side, supervision, classWeights }: SegmenterGraphOptions,
): Tensor {
  const weighting = classWeights === undefined ? {} : { classWeights };
  if (supervision === "shares") {
    const cells = side / SHARE_STRIDE;
    const shares = input(graph, "shares", [batch, logits.shape[1], cells, cells]);
    return softCrossEntropy(logits, shares, weighting);
  }
  const bytes = (name: string): Tensor => input(graph, name, [batch, side, side], "uint8");
  const labels = cast(bytes("labels"), "int32");
  if (supervision === "classes") return pixelCrossEntropy(logits, labels, weighting);
  const confidence = mul(cast(bytes("confidence"), "float32"), 1 / 255);
  return pixelCrossEntropy(logits, labels, { ...weighting, confidence });
}

/** Averages move towards the parameters that a step begins with. */
function average(graph: Graph, parameters: readonly Tensor[]): NonNullable<TrainingGraph["running"]> {
  const blend = input(graph, "blend", [1]);
  return parameters.map((parameter) => {
    const { name } = parameter.node.attributes as { name: string };
    const state = input(graph, AVERAGE_PREFIX + name, parameter.shape);
    return { state, next: add(state, mul(sub(parameter, state), blend)) };
  });
}

/** Prediction in training has a graph of its own: it uses running statistics, and averages where they are kept. */
function predictProgram(
  trained: TrainedNetwork,
  shapes: ReadonlyMap<string, readonly number[]>,
  { side, averaged }: Pick<SegmenterGraphOptions, "side" | "averaged">,
): Readonly<Record<string, Tensor>> {
  const graph = createGraph();
  const known = new Map<string, Tensor>();
  const weights: Weights = (name) => {
    const key = averaged && !isStatistic(name) ? AVERAGE_PREFIX + name : name;
    const tensor = known.get(key) ?? input(graph, key, shapes.get(name) as readonly number[]);
    known.set(key, tensor);
    return tensor;
  };
  const pixels = input(graph, "pixels", [1, 3, side, side], "uint8");
  const { encoder, normalization } = trained;
  const parts: SegmenterParts = { weights, encoder, normalization };
  return { logits: segmentPixels(trained.network, parts, pixels) };
}

/** A start whose averages are the parameters, unless it has some. */
function withAverages(start: TrainerStart, names: readonly string[]): TrainerStart {
  const tensors = new Map<string, NdArray>(start.tensors);
  for (const name of names) {
    const tensor = tensors.get(name);
    const key = AVERAGE_PREFIX + name;
    if (tensor !== undefined && !isStatistic(name) && !tensors.has(key)) tensors.set(key, tensor);
  }
  return { ...start, tensors };
}
