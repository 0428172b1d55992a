import { join, resolve } from "node:path";
import type { PromptSource } from "../data/prompts.ts";
import { stageKey } from "./artifact-key.ts";
import { checkSomeFinished, type RunSummary, summarizeRun, sumOf, writeReport } from "./command.ts";
import type { Estimate } from "./estimate.ts";
import { fileOf, openPhotos } from "./label-input.ts";
import { checkAskable } from "./masks/check-askable.ts";
import { estimateMasks } from "./masks/estimate-masks.ts";
import { type Segmenter, segmenterIdentity, withMaskThreads } from "./masks/mask-source.ts";
import { overlayStage } from "./overlay.ts";
import { inRunDirectory, type RunDirectory } from "./run-directory.ts";
import { categoryIdsOf, writeInstances } from "./segment-instances.ts";
import { type PresentSelection, type SelectionOptions, selectPresent } from "./selection.ts";
import { runStage, type StageOutcome, type WorkContext } from "./stage.ts";
import type { SegmentResult, SegmentTask } from "./tasks/segment.ts";

export interface SegmentRequest extends SelectionOptions {
  readonly images: string;
  readonly prompts: PromptSource;
  readonly out: string;
  readonly segmenter: Segmenter;
  /** Also draw the masks over the photos. */
  readonly overlay: boolean;
}

export interface SegmentReport extends RunSummary {
  readonly objects: number;
  readonly bytes: number;
}

/**
 * Masks the objects that boxes or points mean: `OUT/objects/<id>.json` and `OUT/labels/<id>.png`, resumable, and at the end
 * `OUT/instances.json` of all that the run has. With `keepGoing`, prompts whose photos are missing are failures.
 *
 * @throws MaskwrightError before anything is written, as `selectLabeled` and `checkAskable`
 */
export async function segment(request: SegmentRequest, context: WorkContext): Promise<SegmentReport> {
  const startMs = performance.now();
  const { images, prompts, out, segmenter, overlay } = request;
  const photos = openPhotos(images);
  const { ids, absent } = await selectPrompted(photos, request, context);
  if (prompts.leftOut !== null) context.progress.warn(`${prompts.path}: left out ${prompts.leftOut}`);
  const options = {
    ...segmenterIdentity(segmenter).options,
    prompts: prompts.kind,
    classes: prompts.classes.classes.slice(1),
  };
  return await withMaskThreads(segmenter, context, async (maskContext) => {
    const inputs = { images: resolve(images), prompts: resolve(prompts.path) };
    return await inRunDirectory(out, { command: "segment", options, inputs }, async (run) => {
      const stage = objectsKey(request);
      const outcome = await segmentStage(ids, photos, request, stage, run, maskContext);
      const { finished } = outcome;
      checkSomeFinished("segment", finished.ids.length, outcome.failures);
      const done = finished.ids;
      writeInstances(done, { run, stage, images, photos, prompts });
      const layer = { kind: "proposals", folder: join(out, "objects") } as const;
      const drawn = overlay ? await overlayStage({ ids: done, photos, layer }, run, context) : [];
      const failures = [...absent, ...outcome.failures, ...drawn];
      const report = summarizeRun(
        { command: "segment", options, finished, failures, startMs },
        {
          objects: sumOf(finished, (result) => result.objects),
          bytes: sumOf(finished, (result) => result.bytes),
        },
      );
      writeReport(out, report);
      return report;
    });
  });
}

/** What `segment` would take; writes nothing. */
export async function estimateSegment(request: SegmentRequest, context: WorkContext): Promise<Estimate> {
  const { images, segmenter: own } = request;
  const photos = openPhotos(images);
  const { ids } = await selectPrompted(photos, request, context);
  return await estimateMasks(own, ids, context, async (id, segmenter, pool) => {
    const nothing = { out: null, stage: "", knownKey: null };
    const task = { ...taskOf(id, photos, { ...request, segmenter }), ...nothing };
    return (await pool.run("segment", task)).result?.bytes ?? 0;
  });
}

/** The photos to work on, once it is known that their prompts can be answered, and the failures of those that are missing. */
async function selectPrompted(
  photos: ReadonlyMap<string, string>,
  { images, prompts, segmenter, ...selection }: SegmentRequest,
  context: WorkContext,
): Promise<PresentSelection> {
  const selected = await selectPresent(photos, images, prompts, selection, context);
  checkAskable(selected.ids, prompts, segmenter);
  return selected;
}

/** The identity of the stage that makes objects. */
function objectsKey({ segmenter, prompts }: SegmentRequest): string {
  const { palette } = prompts.classes;
  const { version, options } = segmenterIdentity(segmenter);
  return stageKey({
    name: "objects",
    version,
    options: { ...options, categoryIds: categoryIdsOf(prompts), palette: palette && Array.from(palette) },
  });
}

function segmentStage(
  ids: readonly string[],
  photos: ReadonlyMap<string, string>,
  request: SegmentRequest,
  stage: string,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<SegmentResult>> {
  return runStage(
    {
      name: "objects",
      worker: "segment",
      ids,
      task: (id, knownKey) => ({
        ...taskOf(id, photos, request),
        out: {
          objects: join(run.dir, "objects", `${id}.json`),
          labels: join(run.dir, "labels", `${id}.png`),
        },
        stage,
        knownKey,
      }),
    },
    run,
    context,
  );
}

function taskOf(
  id: string,
  photos: ReadonlyMap<string, string>,
  { prompts, segmenter }: SegmentRequest,
): Omit<SegmentTask, "out" | "stage" | "knownKey"> {
  return {
    id,
    segmenter,
    photo: fileOf(photos, id),
    prompts: prompts.promptsOf(id),
    size: prompts.sizeOf(id),
    source: prompts.path,
    categoryIds: categoryIdsOf(prompts),
    palette: prompts.classes.palette ?? null,
  };
}
