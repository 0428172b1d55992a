import { elementCount, type NdArray } from "../../core/array.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import type { ClassId } from "../../core/label-map.ts";
import { random, shuffled } from "../../core/random.ts";
import {
  compileTraining,
  constantRate,
  createGraph,
  formatShape,
  input,
  linear,
  mean,
  mul,
  type Runtime,
  softplus,
  sub,
  type Tensor,
  trainLoop,
} from "../../engine/index.ts";
import { measureScaling, scaleFeatures, unscaleLinear } from "./feature-scaling.ts";

/** What tells by a picture's features which classes it shows: a logit for each class, linear in the features. */
export interface TagHead {
  readonly classes: readonly ClassId[];
  /** [P, F] */
  readonly weight: NdArray<"float32">;
  /** [P] */
  readonly bias: Float32Array;
}

/** Pictures to learn from: the mean of each feature over the picture, and the classes that it shows. */
export interface TaggedFeatures {
  /** [N, F] */
  readonly features: NdArray<"float32">;
  readonly tags: readonly (readonly ClassId[])[];
}

/** How long a head learns, and how fast, where nothing else is said. */
export const tagHeadTraining = { steps: 500, rate: 3e-3 } as const;

export interface TrainTagHeadOptions {
  readonly seed: number | string;
  /** @default 500 */
  readonly steps?: number;
  /** @default 0.003 */
  readonly rate?: number;
  /** @default 0.1 */
  readonly weightDecay?: number;
  /** Pictures of a step; all of them when there are no more. @default 256 */
  readonly batch?: number;
  readonly onStep?: (step: number, loss: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * A linear head trained on tags by binary cross-entropy for each class and AdamW, on features brought to mean 0 and deviation 1. That scaling is
 * part of the result, which takes features as they are.
 *
 * @param classes  those that the head tells apart; tags of others are not looked at
 * @throws MaskwrightError INVALID_ARGUMENT without pictures or classes; SHAPE_MISMATCH when there are not as many features as tags
 */
export async function trainTagHead(
  { features, tags }: TaggedFeatures,
  classes: readonly ClassId[],
  runtime: Runtime,
  {
    seed,
    steps = tagHeadTraining.steps,
    rate = tagHeadTraining.rate,
    weightDecay = 0.1,
    batch = 256,
    onStep,
    signal,
  }: TrainTagHeadOptions,
): Promise<TagHead> {
  const [count, size] = features.shape;
  if (classes.length === 0) throw invalid("trainTagHead: classes", "at least one", classes);
  if (tags.length !== count || features.shape.length !== 2 || count === 0)
    throw shapeMismatch(
      "trainTagHead: features",
      `[${tags.length}, F] for ${tags.length} pictures`,
      formatShape(features.shape),
    );
  const scaling = measureScaling(features);
  const rows = Math.min(batch, count);

  const graph = createGraph();
  const [x, wanted] = [
    input(graph, "features", [rows, size]),
    input(graph, "wanted", [rows, classes.length]),
  ];
  const weight = input(graph, "weight", [classes.length, size]);
  const bias = input(graph, "bias", [classes.length]);
  const loss = binaryCrossEntropy(linear(x, weight, { bias, transposeWeight: true }), wanted);
  const zeros = (shape: readonly number[]): NdArray<"float32"> =>
    floats(shape, new Float32Array(elementCount(shape)));
  const trainer = await compileTraining({ loss, parameters: [weight, bias] }, runtime, {
    start: {
      tensors: new Map([
        ["weight", zeros([classes.length, size])],
        ["bias", zeros([classes.length])],
      ]),
    },
    optimizer: { kind: "adamw", weightDecay, groups: [{ names: ["bias"], weightDecay: 0 }] },
  });
  try {
    await trainLoop({
      steps,
      schedule: constantRate(rate),
      batches(step) {
        const picked = pickRows(count, rows, seed, step);
        const present = picked.flatMap((row) => classes.map((id) => Number(tags[row].includes(id))));
        return {
          features: floats([rows, size], scaleFeatures(features, picked, scaling)),
          wanted: floats([rows, classes.length], Float32Array.from(present)),
        };
      },
      step: (feeds, stepRate) => trainer.step([feeds], stepRate),
      onLog: ({ step, numbers }) => onStep?.(step, numbers.loss),
      ...(signal !== undefined && { signal }),
    });
    const { tensors } = await trainer.state();
    const [trainedWeight, trainedBias] = ["weight", "bias"].map(
      (name) => tensors.get(name)?.data as Float32Array,
    );
    const plain = unscaleLinear(trainedWeight, trainedBias, scaling);
    return { classes, weight: floats([classes.length, size], plain.weight), bias: plain.bias };
  } finally {
    await trainer.dispose();
  }
}

/** log(1 + eˣ) − x · t, the mean over everything. */
function binaryCrossEntropy(logits: Tensor, wanted: Tensor): Tensor {
  return mean(sub(softplus(logits), mul(logits, wanted)));
}

/** Rows of a step: each once per pass over the pictures, in an order that the seed and the pass decide. */
function pickRows(count: number, rows: number, seed: number | string, step: number): number[] {
  const all = Array.from({ length: count }, (_, row) => row);
  if (rows === count) return all;
  const perPass = Math.floor(count / rows);
  const order = shuffled(all, random(`${seed} pass ${Math.floor(step / perPass)}`));
  return order.slice((step % perPass) * rows, ((step % perPass) + 1) * rows);
}

function floats(shape: readonly number[], data: Float32Array): NdArray<"float32"> {
  return { dtype: "float32", shape, data };
}
