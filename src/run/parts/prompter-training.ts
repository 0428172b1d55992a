import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import type { Arrays, TrainerStart } from "../../engine/index.ts";
import { openWorkerRuntime } from "../../engine/node.ts";
import { packTargets } from "../../methods/wps/targets.ts";
import { compilePartTraining } from "../../methods/wps/training.ts";
import { type HeldPicture, validateParts } from "../../methods/wps/validation.ts";
import { drawPrompter } from "../../models/prompter/initial.ts";
import { measureFeatures, whitenNeck } from "../../models/prompter/whitening.ts";
import type { SamModel } from "../masks/mask-source.ts";
import { pictureOrder } from "../picture-order.ts";
import type { WorkContext } from "../stage.ts";
import { runTraining, type TrainingResult, type TrainingValidation } from "../train.ts";
import type { PrompterDescription } from "./prompter-checkpoint.ts";
import { recipeSchedule, recipeSteps } from "./prompter-recipe.ts";
import type { TaughtParts, TaughtPictures } from "./teach-pictures.ts";

export interface PrompterTraining {
  readonly out: string;
  readonly model: Pick<SamModel, "device" | "threads">;
  readonly checkpointEvery: number;
}

/** Trains the prompter that is described on pictures that are embedded already, and validates it on those held out; see `runTraining`. */
export async function trainOnTaught(
  description: PrompterDescription,
  taught: TaughtPictures,
  { out, model: { device, threads }, checkpointEvery }: PrompterTraining,
  context: WorkContext,
): Promise<Pick<TrainingResult, "lines"> & { readonly steps: number }> {
  const {
    network,
    training: { recipe, seed },
  } = description;
  const { training, held } = taught;
  const count = training.length;
  const batch = Math.min(recipe.batch, count);
  const steps = recipeSteps({ ...recipe, batch }, count);
  const runtime = await openWorkerRuntime({ device, ...(threads === null ? {} : { threads }) });
  try {
    const { lines } = await runTraining(
      {
        name: "train",
        folder: out,
        config: description,
        seed,
        begin: () => drawStart(description, taught),
        open: (start) => compilePartTraining(network, runtime, { batch, start, losses: recipe.losses }),
        batches: async (step) => [
          await batchOf(
            taught,
            pictureOrder(count, batch, step, seed).map((k) => training[k]),
          ),
        ],
        steps,
        schedule: recipeSchedule(recipe, steps),
        checkpointEvery,
        ...(held.length > 0 && { validation: validationOf(taught, Math.ceil(count / batch), steps) }),
      },
      context,
    );
    return { lines, steps };
  } finally {
    await runtime.close();
  }
}

/** Pictures whose embeddings tell how embeddings are spread. */
const MEASURED = 64;

async function drawStart(
  { network, training: { recipe, seed } }: PrompterDescription,
  { training, features }: TaughtPictures,
): Promise<TrainerStart> {
  const tensors = drawPrompter(network, random(`${seed} prompter`));
  if (recipe.start === "published") return { tensors };
  const step = Math.ceil(training.length / MEASURED);
  const embeddings = async function* (): AsyncGenerator<NdArray<"float32">> {
    for (let k = 0; k < training.length; k += step) yield await features(training[k]);
  };
  return { tensors: whitenNeck(tensors, await measureFeatures(embeddings())) };
}

async function batchOf(taught: TaughtPictures, pictures: readonly TaughtParts[]): Promise<Arrays> {
  const { channels, grid, tokens } = taught.shape;
  const size = channels * grid * grid;
  const data = new Float32Array(pictures.length * size);
  for (const [b, picture] of pictures.entries()) data.set((await taught.features(picture)).data, b * size);
  return {
    features: { dtype: "float32", shape: [pictures.length, channels, grid, grid], data },
    ...packTargets(
      pictures.map(({ targets }) => targets),
      [tokens, channels],
    ),
  };
}

/** Of a long run, what is measured on all held pictures after every epoch would be measured too often. */
const MOST_VALIDATIONS = 50;

function validationOf(
  { held, features }: TaughtPictures,
  epochSteps: number,
  steps: number,
): TrainingValidation {
  const pictures = async function* (): AsyncGenerator<HeldPicture> {
    for (const picture of held) yield { features: await features(picture), targets: picture.targets };
  };
  return {
    every: Math.max(epochSteps, Math.ceil(steps / MOST_VALIDATIONS)),
    async measure(trainer) {
      const numbers = Object.entries(await validateParts(trainer, pictures()));
      return Object.fromEntries(numbers.map(([name, value]) => [`val ${name}`, value]));
    },
  };
}
