import { join, relative, resolve, sep } from "node:path";
import { encodeInstances, type ImageInstances } from "../data/coco-instances.ts";
import { readFileBytes } from "../data/paths.ts";
import type { PromptSource } from "../data/prompts.ts";
import { decodeProposals } from "../data/proposal-file.ts";
import { fingerprint, stageKey } from "./artifact-key.ts";
import { checkSomeFinished, type RunSummary, secondsSince } from "./command.ts";
import type { Estimate } from "./estimate.ts";
import { writeAtomically } from "./files.ts";
import { fileOf, openPhotos } from "./label-input.ts";
import { estimateMasks } from "./masks/estimate-masks.ts";
import { type Segmenter, segmenterIdentity, withMaskThreads } from "./masks/mask-source.ts";
import { overlayStage } from "./overlay.ts";
import { openRunDirectory, type RunDirectory } from "./run-directory.ts";
import { type SelectionOptions, selectLabeled } from "./selection.ts";
import { runStage, type StageOutcome, type WorkContext } from "./stage.ts";
import type { SegmentResult, SegmentTask } from "./tasks/segment.ts";
import { version } from "./version.ts";

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
 * `OUT/instances.json` of them all.
 */
export async function segment(request: SegmentRequest, context: WorkContext): Promise<SegmentReport> {
  const startMs = performance.now();
  const { images, prompts, out, segmenter, overlay } = request;
  const photos = openPhotos(images);
  const ids = await selectLabeled(photos, images, prompts, request);
  if (prompts.leftOut !== null) context.progress.warn(`${prompts.path}: left out ${prompts.leftOut}`);
  const options = {
    ...segmenterIdentity(segmenter).options,
    prompts: prompts.kind,
    classes: prompts.classes.classes.slice(1),
  };
  return await withMaskThreads(segmenter, context, async (maskContext) => {
    const inputs = { images: resolve(images), prompts: resolve(prompts.path) };
    const run = openRunDirectory(out, { command: "segment", options, inputs });
    try {
      const { finished, failures: failed } = await segmentStage(ids, photos, request, run, maskContext);
      checkSomeFinished("segment", finished.length, failed);
      const done = finished.map(({ id }) => id);
      writeInstances(done, photos, request);
      const layer = { kind: "proposals", folder: join(out, "objects") } as const;
      const failures = overlay
        ? [...failed, ...(await overlayStage({ ids: done, photos, layer }, run, context))]
        : failed;
      const report: SegmentReport = {
        command: "segment",
        maskwright: version,
        options,
        images: done.length,
        objects: finished.reduce((sum, { result }) => sum + result.objects, 0),
        bytes: finished.reduce((sum, { result }) => sum + result.bytes, 0),
        failures,
        fingerprint: fingerprint(finished.flatMap(({ id, key }) => [id, key])),
        timing: { seconds: secondsSince(startMs) },
      };
      writeAtomically(join(out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
      return report;
    } finally {
      run.journal.close();
    }
  });
}

/** What `segment` would take; writes nothing. */
export async function estimateSegment(request: SegmentRequest, context: WorkContext): Promise<Estimate> {
  const { images, prompts, segmenter: own } = request;
  const photos = openPhotos(images);
  const ids = await selectLabeled(photos, images, prompts, request);
  return await estimateMasks(own, ids, context, async (id, segmenter, pool) => {
    const nothing = { out: null, stage: "", knownKey: null };
    const task = { ...taskOf(id, photos, { ...request, segmenter }), ...nothing };
    return (await pool.run("segment", task)).result?.bytes ?? 0;
  });
}

function segmentStage(
  ids: readonly string[],
  photos: ReadonlyMap<string, string>,
  request: SegmentRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<SegmentResult>> {
  const { segmenter, prompts } = request;
  const { palette } = prompts.classes;
  const { version, options } = segmenterIdentity(segmenter);
  const stage = stageKey({
    name: "objects",
    version,
    options: { ...options, categoryIds: categoryIdsOf(prompts), palette: palette && Array.from(palette) },
  });
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
    source: prompts.path,
    categoryIds: categoryIdsOf(prompts),
    palette: prompts.classes.palette ?? null,
  };
}

/** Index = class id; by default a class is its own category. */
function categoryIdsOf({ classes: { classes, categoryIds } }: PromptSource): readonly number[] {
  return categoryIds ?? classes.map((_, classId) => classId);
}

/** Gathers what was written for each image; one image is held at a time. */
function writeInstances(
  ids: readonly string[],
  photos: ReadonlyMap<string, string>,
  { images, prompts, out }: SegmentRequest,
): void {
  const categoryIds = categoryIdsOf(prompts);
  const categories = prompts.classes.classes.map((name, k) => ({ id: categoryIds[k], name })).slice(1);
  const pictures = function* (): Generator<ImageInstances> {
    for (const id of ids) {
      const path = join(out, "objects", `${id}.json`);
      const { height, width, proposals } = decodeProposals(readFileBytes(path), path);
      const imageId = prompts.imageIds?.get(id);
      yield {
        file: relative(images, fileOf(photos, id)).split(sep).join("/"),
        height,
        width,
        objects: proposals,
        categoryIds: prompts.promptsOf(id).map(({ classId }) => categoryIds[classId]),
        ...(imageId === undefined ? {} : { imageId }),
      };
    }
  };
  writeAtomically(join(out, "instances.json"), encodeInstances(pictures(), categories));
}
