import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { NdArray } from "../../core/array.ts";
import type { ClassTexts } from "../../core/class-texts.ts";
import { readFileBytes } from "../../data/paths.ts";
import { compileTraining } from "../../engine/index.ts";
import { clipLastBlock, clipTextSide } from "../../methods/fma/clip-sides.ts";
import { rowsPerRun } from "../../methods/fma/prompt-batches.ts";
import {
  CONTEXT_NAME,
  classificationTraining,
  promptOptimizer,
  promptRate,
  segmentationTraining,
} from "../../methods/fma/prompt-training.ts";
import { type PromptRecipe, promptTexts } from "../../methods/fma/recipes.ts";
import { drawContext, seedOfText } from "../../models/clip/context-init.ts";
import { layoutNames } from "../../models/clip/text-layout.ts";
import { artifactKey, stageKey } from "../artifact-key.ts";
import { type ClipModel, clipIdentity } from "../cams/cam-source.ts";
import { openTokenizer } from "../cams/clip-tokenizer.ts";
import { writeTexts } from "../cams/text-file.ts";
import { type OpenClip, openClip } from "../cams/thread-clip.ts";
import { fileOf } from "../label-input.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { WorkContext } from "../stage.ts";
import { runTraining, type TrainingRun } from "../train.ts";
import { openTrainLog, type TrainLine } from "../train-log.ts";
import { classificationBatches, type PromptPhotos, segmentationBatches } from "./batches.ts";
import { type FeatureStore, openFeatureStore } from "./feature-store.ts";
import { readSeedClasses } from "./seed-classes.ts";

export interface TrainPromptsRequest extends PromptPhotos {
  /** Which set of contexts. */
  readonly name: "classification" | "segmentation";
  /** Where they go. */
  readonly folder: string;
  readonly clip: ClipModel;
  readonly texts: ClassTexts;
  readonly recipe: PromptRecipe;
}

/** Trained contexts, as the embeddings of the texts they make. */
export interface TrainedPrompts {
  /** Of the texts' embeddings, classes first. */
  readonly path: string;
  /** What they were made from. */
  readonly key: string;
  readonly lines: readonly TrainLine[];
}

/** Changes whenever trained contexts would. */
const PROMPTS_VERSION = 3;
const CHECKPOINT_EVERY = 100;
/** Of features kept while contexts train: 13,000 photos for segmentation. */
const MAX_FEATURE_BYTES = 8e9;

/**
 * Trains a set of text contexts: its folder has its checkpoint, log and page, and `texts.safetensors`. A run that is stopped goes on from
 * its last step. Where the recipe augments nothing, CLIP looks at each photo once, and `features` has what it saw until the training is done.
 *
 * @throws MaskwrightError ABORTED when the signal fires, after a checkpoint; BAD_FORMAT for a seed with ids that are none of the classes
 */
export async function trainPrompts(
  request: TrainPromptsRequest,
  { journal }: RunDirectory,
  context: WorkContext,
): Promise<TrainedPrompts> {
  const { name, folder, clip: model, texts, recipe } = request;
  const path = join(folder, "texts.safetensors");
  const key = keyOf(request);
  if (existsSync(path) && journal.find("prompts", name)?.key === key) {
    const log = openTrainLog(join(folder, "training.ndjson"), recipe.usedStep);
    log.close();
    return { path, key, lines: log.lines };
  }
  const open = await openClip(model);
  try {
    const tokenizer = await openTokenizer(model);
    const layout = layoutNames(promptTexts(texts, recipe), tokenizer, {
      ...recipe.layout,
      maxLength: model.config.text.context,
    });
    const vectors = await open.clip.lookUpTokens(layout.tokens);
    const { logitScale: scale } = open.clip;
    const text = clipTextSide(open.source, { layout, vectors, classCount: texts.classes.length, scale });
    const start = drawContext(await seedOfText(recipe.start.seed), text.contextShape, recipe.start.std);
    const features = join(folder, "features");
    // Named after what they are made from: a key of its own has features of its own.
    const store = openFeatureStore(join(features, key.slice(0, 16)), MAX_FEATURE_BYTES);
    const training = trainingOf(request, text, open, store);
    const { checkpoint, lines } = await runTraining(
      {
        name,
        folder,
        // The key tells texts, recipe and photos; they themselves would be megabytes.
        config: { prompts: name, steps: recipe.steps, key },
        seed: request.seed,
        begin: () => ({ tensors: new Map([[CONTEXT_NAME, start]]) }),
        ...training,
        steps: recipe.usedStep,
        schedule: promptRate(recipe.steps, { warmupSteps: recipe.warmupSteps }),
        checkpointEvery: CHECKPOINT_EVERY,
      },
      context,
    );
    const trained = checkpoint.tensors.get(CONTEXT_NAME) as NdArray<"float32">;
    writeTexts(path, await open.clip.encodeLayout(layout, trained));
    rmSync(features, { recursive: true, force: true });
    journal.finish("prompts", name, { key, result: { loss: lines.at(-1)?.loss ?? null } });
    return { path, key, lines };
  } finally {
    await open.close();
  }
}

function trainingOf(
  request: TrainPromptsRequest,
  text: Parameters<typeof classificationTraining>[0],
  open: OpenClip,
  store: FeatureStore,
): Pick<TrainingRun, "open" | "batches"> {
  const { name, recipe } = request;
  const { batch, parts, side } = recipe;
  const { config } = open.clip;
  const { folder } = open.source;
  if (name === "classification") {
    const options = { batch, parts, embeddingLength: config.dim };
    return {
      open: (start) =>
        compileTraining(classificationTraining(text, options), open.runtime, {
          start,
          optimizer: promptOptimizer,
          folder,
        }),
      batches: classificationBatches(request, open.clip, store, text.classCount),
    };
  }
  const patches = side / config.vision.patch;
  const counts = classCounts(request);
  const rows = rowsPerRun(counts, batch);
  const options = {
    batch,
    rows,
    grid: { height: patches, width: patches },
    dim: config.vision.dim,
    labelSize: { height: side, width: side },
  };
  const most = counts.reduce((most, count) => Math.max(most, count), 1);
  return {
    open: (start) =>
      compileTraining(segmentationTraining(text, clipLastBlock(open.source), options), open.runtime, {
        start,
        optimizer: promptOptimizer,
        microBatches: Math.ceil((batch * most) / rows),
        folder,
      }),
    batches: segmentationBatches(request, open.clip, store, {
      ...options,
      parts,
      classCount: text.classCount,
    }),
  };
}

/** How many classes a square of each picture has at most. */
function classCounts({ ids, tags, seeds, texts, recipe }: TrainPromptsRequest): number[] {
  if (seeds === null || recipe.classesFrom === "tags") return ids.map((id) => tags.get(id)?.length ?? 0);
  return ids.map((id) => readSeedClasses(seeds(id), texts.classes.length).length);
}

/** Everything that a trained context depends on. */
function keyOf({ name, clip, texts, recipe, seed, ids, photos, tags, seeds }: TrainPromptsRequest): string {
  const { clip: model, ...computed } = clipIdentity(clip);
  const options = { name, texts, recipe, seed, ...computed, ids: ids.map((id) => [id, tags.get(id) ?? []]) };
  const stage = stageKey({ name: "prompts", version: PROMPTS_VERSION, options, model });
  const digests = ids.map((id) => {
    const files = [fileOf(photos, id), ...(seeds === null ? [] : [seeds(id)])];
    return Buffer.from(artifactKey("", files.map(readFileBytes)));
  });
  return artifactKey(stage, digests);
}
