import { elementCount } from "../../core/array.ts";
import { segmenterTensors } from "../../models/segmenter/network.ts";
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
    const data = { photos, truths, classCount, normalization, side: recipe.side };
    const photoSeconds = await timed(() =>
      validateSegmenter(trainer, { ...data, ids: validation.slice(0, 1) }),
    );
    await trainer.dispose();
    const rounds = Math.ceil(recipe.steps / recipe.validateEvery);
    const seconds = recipe.steps * stepSeconds + rounds * validation.length * photoSeconds;
    return { images: training.length, seconds, bytes: checkpointBytes(), recipe, stepSeconds };

    /** Parameters and both moments, with averages, once; and the best of them. */
    function checkpointBytes(): number {
      const count = [...segmenterTensors(network).values()].reduce(
        (sum, shape) => sum + elementCount(shape),
        0,
      );
      const kept = recipe.averageDecay === null ? 1 : 2;
      const best = validation.length === 0 ? 0 : kept;
      return 4 * count * (2 + kept + best);
    }
  } finally {
    await open.close();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}
