import { resolve } from "node:path";
import type { ClassTexts } from "../core/class-texts.ts";
import { MaskwrightError } from "../core/error.ts";
import type { ClassList } from "../data/class-list.ts";
import { readPhoto } from "../data/photo.ts";
import type { PromptRecipe } from "../methods/fma/recipes.ts";
import { openTagged, type TagSource } from "./cam.ts";
import { type ClipModel, clipIdentity } from "./cams/cam-source.ts";
import { CONTEXTS_COMMAND } from "./cams/contexts.ts";
import { checkSomeFinished, type RunSummary, secondsSince, writeReport } from "./command.ts";
import { fileOf, openLabels } from "./label-input.ts";
import { inLanes } from "./lanes.ts";
import { readSeedClasses } from "./prompts/seed-classes.ts";
import { trainPrompts } from "./prompts/train-prompts.ts";
import { inRunDirectory } from "./run-directory.ts";
import type { SelectionOptions } from "./selection.ts";
import { type Failure, isBadImage, type WorkContext } from "./stage.ts";
import { version } from "./version.ts";

export interface LearnContextsRequest extends SelectionOptions {
  readonly images: string;
  readonly tags: TagSource;
  readonly classes: ClassList;
  /** Folder of label maps that segmentation contexts learn from; null for classification contexts, which learn from tags. */
  readonly seeds: string | null;
  readonly clip: ClipModel;
  readonly texts: ClassTexts;
  readonly recipe: PromptRecipe;
  /** Of the batches; where contexts start is the recipe's. */
  readonly seed: number;
  readonly out: string;
}

export interface LearnContextsReport extends RunSummary {
  readonly steps: number;
  /** Of the last step. */
  readonly loss: number | null;
}

/**
 * Learns one set of text contexts: `OUT/texts.safetensors` is what CAMs are made with, beside checkpoint, log and `report.html`. A run that
 * is stopped goes on from its last step.
 *
 * With `keepGoing`, photos that are missing, cannot be read or have no good seed are failures, and it learns from the others.
 *
 * @throws MaskwrightError NOT_FOUND when a photo has no seed, BAD_FORMAT when one has other classes, before anything is written; or as
 *         `openTagged` and `trainPrompts`
 */
export async function learnContexts(
  request: LearnContextsRequest,
  context: WorkContext,
): Promise<LearnContextsReport> {
  const startMs = performance.now();
  const { images, tags, classes, seeds: seedFolder, clip, texts, recipe, seed, out } = request;
  const tagged = await openTagged(request, context);
  const seeds = seedFolder === null ? null : openSeeds(seedFolder);
  const name = seeds === null ? "classification" : "segmentation";
  // Photos without tags take no part.
  const wanted = tagged.ids.filter((id) => (tagged.tags.get(id) ?? []).length > 0);
  const inputsOf = { photos: tagged.photos, seeds, classCount: texts.classes.length };
  const { ids, failures: bad } = await leaveOutBad(wanted, inputsOf, context);
  checkSomeFinished(CONTEXTS_COMMAND, ids.length, bad);
  const options = {
    set: name,
    ...clipIdentity(clip),
    texts,
    recipe,
    seed,
    classes: classes.classes.slice(1),
  };
  const inputs = {
    images: resolve(images),
    tags: resolve(tags.path),
    ...(seedFolder !== null && { seeds: resolve(seedFolder) }),
  };
  return await inRunDirectory(out, { command: CONTEXTS_COMMAND, options, inputs }, async (run) => {
    const { key, lines } = await trainPrompts(
      {
        ...tagged,
        ...{ ids, name, folder: out, clip, texts, recipe, seed },
        seeds: seeds && ((id) => fileOf(seeds, id)),
      },
      run,
      context,
    );
    const report: LearnContextsReport = {
      command: CONTEXTS_COMMAND,
      maskwright: version,
      options,
      images: ids.length,
      steps: lines.length,
      loss: lines.at(-1)?.loss ?? null,
      failures: [...tagged.absent, ...bad],
      fingerprint: key,
      timing: { seconds: secondsSince(startMs) },
    };
    writeReport(out, report);
    return report;
  });
}

function openSeeds(path: string): ReadonlyMap<string, string> {
  const { kind, folder, files } = openLabels(path);
  if (kind === "labels") return files;
  throw new MaskwrightError("BAD_FORMAT", `${folder}: expected label maps, got CAM files`, {
    hint: "`maskwright seed` makes label maps of CAMs.",
  });
}

interface PhotoInputs {
  /** File of each id. */
  readonly photos: ReadonlyMap<string, string>;
  readonly seeds: ReadonlyMap<string, string> | null;
  readonly classCount: number;
}

/** The photos to learn from: all of them, or with `keepGoing` those that are good. A training cannot pass over a photo on its way. */
async function leaveOutBad(
  ids: readonly string[],
  { photos, seeds, classCount }: PhotoInputs,
  { keepGoing, progress, signal }: WorkContext,
): Promise<{ readonly ids: readonly string[]; readonly failures: readonly Failure[] }> {
  const failures = new Map<string, Failure>();
  const check = async (id: string): Promise<void> => {
    try {
      if (seeds !== null) {
        if (!seeds.has(id))
          throw new MaskwrightError("NOT_FOUND", `--seeds: expected a label map of ${id}, got none`);
        readSeedClasses(fileOf(seeds, id), classCount);
      }
      // Without `keepGoing` its own step says what is wrong with it.
      if (keepGoing) await readPhoto(fileOf(photos, id));
    } catch (error) {
      if (!keepGoing || !isBadImage(error)) throw error;
      failures.set(id, { id, message: error.message });
      progress.warn(error.message);
    }
  };
  await inLanes(ids, 4, check, signal);
  if (signal.aborted)
    throw new MaskwrightError("ABORTED", `${CONTEXTS_COMMAND}: stopped before the first step`);
  return {
    ids: ids.filter((id) => !failures.has(id)),
    failures: ids.flatMap((id) => failures.get(id) ?? []),
  };
}
