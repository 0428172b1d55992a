import { join, resolve } from "node:path";
import { invalid } from "../core/error.ts";
import type { PromptSource } from "../data/prompts.ts";
import type { EmbeddingPrecision } from "../models/sam/embedding.ts";
import { fingerprint } from "./artifact-key.ts";
import { type RunSummary, secondsSince, writeReport } from "./command.ts";
import { writeAtomically } from "./files.ts";
import { openPhotos } from "./label-input.ts";
import type { SamModel } from "./masks/mask-source.ts";
import { warnOfCrowdedPictures } from "./parts/crowded-pictures.ts";
import type { Supervision } from "./parts/part-labels.ts";
import type { PrompterDescription } from "./parts/prompter-checkpoint.ts";
import { type PrompterRecipe, recipeNetwork } from "./parts/prompter-recipe.ts";
import { trainOnTaught } from "./parts/prompter-training.ts";
import { type TaughtPictures, teachPictures } from "./parts/teach-pictures.ts";
import { openRunDirectory } from "./run-directory.ts";
import { splitTraining, type ValidationChoice } from "./segmenter/training-data.ts";
import { type SelectionOptions, selectPresent } from "./selection.ts";
import type { WorkContext } from "./stage.ts";
import { version } from "./version.ts";

/** Bytes of embeddings that stay in memory while a prompter trains: those of 2,000 pictures by `sam-tiny`, 250 by SAM. */
const MEMORY_BYTES = 2 ** 30;

export interface TrainPrompterRequest extends SelectionOptions {
  readonly images: string;
  readonly source: PromptSource;
  readonly supervision: Supervision;
  readonly out: string;
  /** Its cache is where embeddings lie while the prompter trains. */
  readonly model: SamModel;
  /** What they are kept in: float16 halves the room. Default float32. */
  readonly cachePrecision?: EmbeddingPrecision;
  readonly recipe: PrompterRecipe;
  /** Which of the pictures are kept out of the training. */
  readonly validation: ValidationChoice;
  /** Changed versions of each picture beside the picture itself. */
  readonly versions: number;
  readonly seed: number;
  readonly checkpointEvery: number;
}

export interface TrainPrompterReport extends RunSummary {
  readonly classes: readonly string[];
  /** Pictures that were kept out of the training. */
  readonly validation: number;
  readonly parts: number;
  readonly steps: number;
  /** What the last step reported. */
  readonly last: Readonly<Record<string, number>>;
}

/**
 * Trains a prompter on boxes or points of parts: `OUT/checkpoint.safetensors`, which says all that is needed to use it, `training.ndjson`,
 * `report.html`, and the ids in `train.txt` and `val.txt`. Goes on where an earlier run stopped, to the same bytes.
 */
export async function trainPrompter(
  request: TrainPrompterRequest,
  context: WorkContext,
): Promise<TrainPrompterReport> {
  const startMs = performance.now();
  const {
    images,
    source,
    supervision,
    out,
    model,
    cachePrecision = "float32",
    recipe,
    validation,
    versions,
    seed,
  } = request;
  checkRecipe(recipe);
  const photos = openPhotos(images);
  const { ids, absent } = await selectPresent(photos, images, source, request, context);
  const split = splitTraining(ids, validation, { photos, images, seed });
  const { name, sha256, precision, device } = model;
  const options = {
    ...{ model: name, sha256, precision, device },
    ...{ supervision, recipe, versions, seed },
    validation: validation.kind === "share" ? validation.share : fingerprint(validation.ids),
    ...(cachePrecision === "float16" && { cachePrecision }),
    classes: source.classes.classes.slice(1),
  };
  const inputs = { images: resolve(images), parts: resolve(source.path) };
  const run = openRunDirectory(out, { command: "train prompter", options, inputs });
  run.journal.close();
  for (const [file, list] of [
    ["train.txt", split.training],
    ["val.txt", split.validation],
  ] as const)
    writeAtomically(join(out, file), list.map((id) => `${id}\n`).join(""));
  const taught = await teachPictures(
    {
      ...{ ...request, cachePrecision, memoryBytes: MEMORY_BYTES, photos },
      ...{ training: split.training, held: split.validation },
    },
    context,
  );
  try {
    warnOfCrowdedPictures(taught, recipe.queries, source.path, context.progress);
    const description = describePrompter(request, taught);
    const { lines, steps } = await trainOnTaught(description, taught, request, context);
    const { step: _, ...last } = lines.at(-1) ?? { step: 0 };
    const report: TrainPrompterReport = {
      command: "train prompter",
      maskwright: version,
      options,
      images: new Set(taught.training.map(({ id }) => id)).size,
      classes: source.classes.classes.slice(1),
      validation: split.validation.length,
      parts: taught.training.reduce(
        (sum, { version, targets }) => sum + (version === 0 ? targets.classIds.length : 0),
        0,
      ),
      steps,
      last,
      failures: [...absent, ...taught.failures],
      fingerprint: description.training.fingerprint,
      timing: { seconds: secondsSince(startMs) },
    };
    writeReport(out, report);
    return report;
  } finally {
    await taught.close();
  }
}

function checkRecipe({ width }: PrompterRecipe): void {
  if (width % 8 !== 0) throw invalid("--width", "a multiple of the transformer's 8 heads", width);
}

function describePrompter(
  { source, supervision, model, recipe, versions, seed }: TrainPrompterRequest,
  { shape, training }: TaughtPictures,
): PrompterDescription {
  const { classes, categoryIds = classes.map((_, classId) => classId) } = source.classes;
  const { name, sha256, precision } = model;
  // One picture's numbers are text at a time: those of PartImageNet together have a gigabyte.
  const parts = function* (): Generator<string> {
    for (const { id, key, targets } of training)
      yield* [id, key, JSON.stringify([Array.from(targets.classIds), Array.from(targets.tokens.data)])];
  };
  return {
    kind: "prompter",
    model: { name, sha256, precision },
    classes,
    categoryIds,
    network: recipeNetwork(recipe, shape, classes.length - 1),
    training: {
      ...{ recipe, supervision, versions, seed },
      pictures: training.length,
      fingerprint: fingerprint(parts()),
    },
  };
}
