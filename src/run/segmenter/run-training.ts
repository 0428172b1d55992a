import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { random } from "../../core/random.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../engine/checkpoint.ts";
import { writeAtomically } from "../files.ts";
import type { WorkContext } from "../stage.ts";
import { runTraining, type TrainingValidation } from "../train.ts";
import type { TrainLine } from "../train-log.ts";
import type { TrainingData } from "./check-training.ts";
import { createFeeder } from "./feeder.ts";
import type { OpenNetwork } from "./open-network.ts";
import type { SegmenterDescription } from "./segmenter-checkpoint.ts";
import { recipeSchedule, type SegmenterRecipe } from "./segmenter-recipe.ts";
import { startSegmenter } from "./start-segmenter.ts";
import { makeBatch } from "./training-batches.ts";
import { type ValidationData, validateSegmenter } from "./validate.ts";

/** What `train segmenter` writes into a checkpoint. */
export interface TrainedDescription extends SegmenterDescription {
  readonly training: {
    readonly recipe: SegmenterRecipe;
    /** SHA-256 of the weights it started from; null for random ones. */
    readonly init: string | null;
    readonly seed: number;
    readonly photos: number;
    readonly classWeights: readonly number[] | null;
    /** Digest of the photos and of what was learned of them. */
    readonly fingerprint: string;
  };
}

export interface SegmenterTraining {
  readonly description: TrainedDescription;
  readonly open: OpenNetwork;
  readonly data: TrainingData;
  /** File of the weights to start from. */
  readonly init: string | null;
  /** Photos to validate with; null for none. */
  readonly validation: Pick<ValidationData, "ids" | "photos" | "truths"> | null;
  readonly folder: string;
  readonly checkpointEvery: number;
}

export interface TrainedSegmenter {
  readonly lines: readonly TrainLine[];
  /** Share of the time in which a step waited for photos. */
  readonly waiting: number;
}

/** Trains as `runTraining` does, fed from the pool. */
export async function runSegmenterTraining(
  training: SegmenterTraining,
  context: WorkContext,
): Promise<TrainedSegmenter> {
  const { description, open, data, init, folder, checkpointEvery } = training;
  const { recipe, seed } = description.training;
  const { items, supervision } = data;
  const source = { ...open, items, recipe, seed };
  const feeder = createFeeder((step) => makeBatch(source, step, context.pool), {
    steps: recipe.steps,
    ahead: stepsAhead(context.pool.size, recipe.batch),
  });
  const { lines } = await runTraining(
    {
      name: "train",
      folder,
      config: description,
      seed,
      begin: () => ({ tensors: startSegmenter(open.network, seed, init) }),
      async open(start) {
        const { classWeights } = description.training;
        const trainer = await open.train(start, { recipe, classWeights, supervision });
        return { ...trainer, step: (feeds, rate) => feeder.run(() => trainer.step(feeds, rate)) };
      },
      batches: async (step) => [await feeder.of(step)],
      steps: recipe.steps,
      schedule: recipeSchedule(recipe),
      checkpointEvery,
      ...validationOf(training),
    },
    context,
  );
  return { lines, waiting: feeder.waitingShare() };
}

/** Enough that every thread has a photo to cut, and another one when it is done. */
export function stepsAhead(threads: number, batch: number): number {
  return Math.max(2, Math.ceil((2 * threads) / batch));
}

const BEST = "best.safetensors";

/** Keeps the first of the best: `best.safetensors`, without what only training needs. */
function validationOf({ description, validation, folder }: SegmenterTraining): {
  readonly validation?: TrainingValidation;
} {
  if (validation === null || validation.ids.length === 0) return {};
  const { normalization, side, classes, training } = description;
  const data: ValidationData = { ...validation, normalization, side, classCount: classes.length };
  const path = join(folder, BEST);
  let best = existsSync(path) ? bestOf(path) : Number.NEGATIVE_INFINITY;
  return {
    validation: {
      every: training.recipe.validateEvery,
      async measure(trainer) {
        const measured = await validateSegmenter(trainer, data);
        const miou = measured["val mIoU"];
        if (miou > best) {
          best = miou;
          const { tensors, optimizer } = await trainer.state();
          const { step } = optimizer;
          const state = { tensors, optimizer: { step, moments: new Map() }, step };
          const config = { ...description, validation: { step, miou } };
          writeAtomically(
            path,
            encodeCheckpoint({ ...state, random: random(training.seed).state(), config }),
          );
        }
        return measured;
      },
    },
  };
}

/** What an earlier run's best validation gave. */
function bestOf(path: string): number {
  const { config } = decodeCheckpoint(readFileSync(path), path);
  return (config as { validation: { miou: number } }).validation.miou;
}
