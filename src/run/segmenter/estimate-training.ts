import { elementCount } from "../../core/array.ts";
import { type SegmenterNetwork, segmenterTensors } from "../../models/segmenter/network.ts";
import type { Estimate } from "../estimate.ts";
import type { WorkContext } from "../stage.ts";
import type { TrainSegmenterRequest } from "../train-segmenter.ts";
import { createFeeder } from "./feeder.ts";
import { openNetwork } from "./open-network.ts";
import { stepsAhead } from "./run-training.ts";
import type { SegmenterRecipe } from "./segmenter-recipe.ts";
import { startSegmenter } from "./start-segmenter.ts";
import { makeBatch } from "./training-batches.ts";
import { itemsOf, supervisionOf, truthsOf } from "./training-data.ts";
import { validateSegmenter } from "./validate.ts";

/** What a training would take. */
export interface TrainingEstimate extends Estimate {
  readonly recipe: SegmenterRecipe;
  /** Of one step, after the first ones. */
  readonly stepSeconds: number;
}

/** Steps that are timed, after one that makes room in memory. */
const TIMED_STEPS = 3;

/**
 * Tries a few steps and the validation of one photo, and scales up; writes nothing.
 *
 * @throws MaskwrightError as `trainSegmenter`, for what it sees
 */
export async function estimateTraining(
  request: TrainSegmenterRequest,
  { pool }: Pick<WorkContext, "pool">,
): Promise<TrainingEstimate> {
  const { folders, selection, classes, network: choice, recipe, seed } = request;
  const { training, validation, photos } = selection;
  const truths = truthsOf(selection, request.validationLabels);
  const classCount = classes.classes.length;
  const items = training.map(itemsOf(selection, { reading: folders.reading, classCount }));
  const open = await openNetwork(choice, classCount, recipe.side);
  try {
    const { network, normalization } = open;
    const init = choice.network.kind === "segformer" ? (choice.network.init?.path ?? null) : null;
    const trainer = await open.train(
      { tensors: startSegmenter(network, seed, init) },
      { recipe, classWeights: null, supervision: supervisionOf(selection) },
    );
    const source = { items, network, normalization, recipe, seed };
    const feeder = createFeeder((step) => makeBatch(source, step, pool), {
      steps: TIMED_STEPS + 1,
      ahead: stepsAhead(pool.size, recipe.batch),
    });
    await trainer.step([await feeder.of(0)], recipe.rate);
    const stepSeconds =
      (await timed(async () => {
        for (let step = 1; step <= TIMED_STEPS; step++)
          await trainer.step([await feeder.of(step)], recipe.rate);
      })) / TIMED_STEPS;
    const one = { photos, truths, classCount, normalization, side: recipe.side, ids: validation.slice(0, 1) };
    await validateSegmenter(trainer, one);
    const photoSeconds = await timed(() => validateSegmenter(trainer, one));
    await trainer.dispose();
    const rounds = Math.ceil(recipe.steps / recipe.validateEvery);
    const seconds = recipe.steps * stepSeconds + rounds * validation.length * photoSeconds;
    const bytes =
      checkpointBytes(network, recipe) + (validation.length === 0 ? 0 : weightBytes(network, recipe));
    return { images: training.length, seconds, bytes, recipe, stepSeconds };
  } finally {
    await open.close();
  }
}

/** Parameters, and averages of them. */
function weightBytes(network: SegmenterNetwork, { averageDecay }: SegmenterRecipe): number {
  const count = [...segmenterTensors(network).values()].reduce((sum, shape) => sum + elementCount(shape), 0);
  return Float32Array.BYTES_PER_ELEMENT * count * (averageDecay === null ? 1 : 2);
}

/** The same, and both moments. */
function checkpointBytes(network: SegmenterNetwork, recipe: SegmenterRecipe): number {
  return weightBytes(network, recipe) + 2 * weightBytes(network, { ...recipe, averageDecay: null });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}
