import { join, relative, resolve, sep } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { encodeInstances, type ImageInstances } from "../data/coco-instances.ts";
import { readFileBytes } from "../data/paths.ts";
import type { PromptSource } from "../data/prompts.ts";
import { decodeProposals } from "../data/proposal-file.ts";
import { fingerprint, stageKey } from "./artifact-key.ts";
import { checkSomeFinished, type RunSummary, secondsSince } from "./command.ts";
import { type Estimate, estimateStage } from "./estimate.ts";
import { writeAtomically } from "./files.ts";
import { fileOf, openPhotos } from "./label-input.ts";
import { overlayStage } from "./overlay.ts";
import type { ProposalModel } from "./propose.ts";
import { openRunDirectory, type RunDirectory } from "./run-directory.ts";
import { type SelectionOptions, selectIds } from "./selection.ts";
import { runStage, type StageOutcome, type WorkContext } from "./stage.ts";
import type { SegmentResult, SegmentTask } from "./tasks/segment.ts";
import { version } from "./version.ts";

export interface SegmentRequest extends SelectionOptions {
  readonly images: string;
  readonly prompts: PromptSource;
  readonly out: string;
  readonly model: ProposalModel;
  /** Also draw the masks over the photos. */
  readonly overlay: boolean;
}

export interface SegmentReport extends RunSummary {
  readonly objects: number;
  readonly bytes: number;
}

/** Changes whenever the masks of `regions` would. */
const REGIONS_VERSION = 1;

/**
 * Masks the objects that boxes or points mean: `OUT/objects/<id>.json` and `OUT/labels/<id>.png`, resumable, and at the end
 * `OUT/instances.json` of them all.
 */
export async function segment(request: SegmentRequest, context: WorkContext): Promise<SegmentReport> {
  const startMs = performance.now();
  const { images, prompts, out, model, overlay } = request;
  const photos = openPhotos(images);
  const ids = await promptedIds(request, photos);
  const options = { model, prompts: prompts.kind, classes: prompts.classes.classes.slice(1) };
  const inputs = { images: resolve(images), prompts: resolve(prompts.path) };
  const run = openRunDirectory(out, { command: "segment", options, inputs });
  try {
    const { finished, failures: failed } = await segmentStage(ids, photos, request, run, context);
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
}

/** What `segment` would take; writes nothing. */
export async function estimateSegment(request: SegmentRequest, { pool }: WorkContext): Promise<Estimate> {
  const photos = openPhotos(request.images);
  const ids = await promptedIds(request, photos);
  return await estimateStage(ids, async (id) => {
    const task = { ...taskOf(id, photos, request), out: null, stage: "", knownKey: null };
    return (await pool.run("segment", task)).result?.bytes ?? 0;
  });
}

/** The chosen photos that the prompts speak of. */
async function promptedIds(
  { images, prompts, ids, limit }: SegmentRequest,
  photos: ReadonlyMap<string, string>,
): Promise<string[]> {
  const missing = prompts.ids.filter((id) => !photos.has(id));
  if (missing.length > 0 && ids === undefined) {
    const few = missing.slice(0, 3).join(", ");
    const text = `${images}: expected the ${prompts.ids.length} images of ${prompts.path}, got none for ${missing.length} of them (${few}${missing.length > 3 ? ", …" : ""})`;
    throw new MaskwrightError("NOT_FOUND", text, { hint: "--ids FILE chooses the images to work on." });
  }
  const prompted = new Set(prompts.ids);
  const available = [...photos.keys()].filter((id) => prompted.has(id));
  const selection = { ...(ids === undefined ? {} : { ids }), ...(limit === undefined ? {} : { limit }) };
  return await selectIds(available, `${images} and ${prompts.path}`, selection);
}

function segmentStage(
  ids: readonly string[],
  photos: ReadonlyMap<string, string>,
  request: SegmentRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<SegmentResult>> {
  const { model, prompts } = request;
  const { palette } = prompts.classes;
  const stage = stageKey({
    name: "objects",
    version: REGIONS_VERSION,
    options: { model, categoryIds: categoryIdsOf(prompts), palette: palette && Array.from(palette) },
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
  { prompts }: SegmentRequest,
): Pick<SegmentTask, "id" | "photo" | "prompts" | "source" | "categoryIds" | "palette"> {
  return {
    id,
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
