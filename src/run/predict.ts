import { join, relative, resolve, sep } from "node:path";
import { vocPalette } from "../core/label-map.ts";
import { rleArea, rleBox } from "../core/rle.ts";
import { encodeInstances, type ImageInstances } from "../data/coco-instances.ts";
import { cocoMask } from "../data/coco-segmentation.ts";
import { parseJson } from "../data/json-file.ts";
import { decodePartPredictions } from "../data/part-predictions.ts";
import { readFileBytes } from "../data/paths.ts";
import { promptedKey, stageKey } from "./artifact-key.ts";
import { checkSomeFinished, type RunSummary, summarizeRun, sumOf, writeReport } from "./command.ts";
import type { Estimate } from "./estimate.ts";
import { writeAtomically } from "./files.ts";
import { heldItems } from "./held-items.ts";
import { fileOf, openPhotos } from "./label-input.ts";
import { estimateMasks } from "./masks/estimate-masks.ts";
import { segmenterIdentity, withMaskThreads } from "./masks/mask-source.ts";
import { overlayStage } from "./overlay.ts";
import type { PartBound } from "./parts/part-bound.ts";
import type { PartFinder } from "./parts/part-finder.ts";
import { inRunDirectory, type RunDirectory } from "./run-directory.ts";
import { type PresentSelection, type SelectionOptions, selectIds, selectPresent } from "./selection.ts";
import { runStage, type StageOutcome, type WorkContext } from "./stage.ts";
import type { PredictResult, PredictTask } from "./tasks/predict.ts";

export interface PredictRequest extends SelectionOptions {
  readonly images: string;
  readonly out: string;
  readonly finder: PartFinder;
  /** True parts, of which the teacher's masks are drawn in place of what the prompter finds; null for photos that nobody has labeled. */
  readonly bound: PartBound | null;
  /** Also draw the part maps over the photos. */
  readonly overlay: boolean;
}

export interface PredictReport extends RunSummary {
  readonly parts: number;
  readonly bytes: number;
}

const NOTHING_FOUND =
  "no part was found in any photo: all queries of the prompter say background. `recall` in the report.html of its training says how many parts it finds in what it learned from, and whether it should learn for longer";

/** Changes whenever the parts that are found would. */
const PREDICT_VERSION = 2;

/**
 * Finds, names and masks the parts of a folder of photos: `OUT/parts/<id>.json` and `OUT/labels/<id>.png`, resumable, and at the end
 * `OUT/instances.json` of all that the run has. With `bound` the photos are those that it speaks of, and with `keepGoing` those of them
 * that are missing are failures.
 */
export async function predictParts(request: PredictRequest, context: WorkContext): Promise<PredictReport> {
  const startMs = performance.now();
  const { images, out, finder, bound, overlay } = request;
  const photos = openPhotos(images);
  const { ids, absent } = await selectPhotos(photos, request, context);
  if (bound !== null && bound.source.leftOut !== null)
    context.progress.warn(`${bound.source.path}: left out ${bound.source.leftOut}`);
  const options = partOptions(request);
  const inputs = {
    images: resolve(images),
    ...(bound !== null && { parts: resolve(bound.source.path) }),
  };
  return await withMaskThreads({ kind: "sam", model: finder.model }, context, async (maskContext) => {
    return await inRunDirectory(out, { command: "predict", options, inputs }, async (run) => {
      const { finished, failures: failed } = await predictStage(ids, photos, request, run, maskContext);
      checkSomeFinished("predict", finished.ids.length, failed);
      const done = finished.ids;
      writeInstances(done, photos, request, run);
      const files = new Map(done.map((id) => [id, join(out, "labels", `${id}.png`)]));
      const layer = { kind: "labels", files, palette: vocPalette() } as const;
      const drawn = overlay ? await overlayStage({ ids: done, photos, layer }, run, context) : [];
      const failures = [...absent, ...failed, ...drawn];
      const parts = sumOf(finished, (result) => result.parts);
      if (parts === 0 && bound === null) context.progress.warn(NOTHING_FOUND);
      const report = summarizeRun(
        { command: "predict", options, finished, failures, startMs },
        { parts, bytes: sumOf(finished, (result) => result.bytes) },
      );
      writeReport(out, report);
      return report;
    });
  });
}

/** What `predictParts` would take; writes nothing. */
export async function estimatePredict(request: PredictRequest, context: WorkContext): Promise<Estimate> {
  const { images, finder } = request;
  const photos = openPhotos(images);
  const { ids } = await selectPhotos(photos, request, context);
  const source = { kind: "sam", model: finder.model } as const;
  return await estimateMasks(source, ids, context, async (id, { model }, pool) => {
    const nothing = { out: null, stage: "", knownKey: null };
    const task = taskOf(id, photos, { ...request, finder: { ...finder, model } });
    return (await pool.run("predict", { ...task, ...nothing })).result?.bytes ?? 0;
  });
}

async function selectPhotos(
  photos: ReadonlyMap<string, string>,
  { images, bound, ...selection }: PredictRequest,
  context: WorkContext,
): Promise<PresentSelection> {
  if (bound !== null) return await selectPresent(photos, images, bound.source, selection, context);
  return { ids: await selectIds([...photos.keys()], images, selection), absent: [] };
}

function partOptions({ finder, bound }: PredictRequest): Readonly<Record<string, unknown>> {
  const { prompter, model, tokens } = finder;
  const { options } = segmenterIdentity({ kind: "sam", model });
  return {
    ...{ ...options, checkpoint: prompter.sha256, classes: prompter.classes.slice(1) },
    tokens: bound === null ? tokens : bound.supervision,
  };
}

function predictStage(
  ids: readonly string[],
  photos: ReadonlyMap<string, string>,
  request: PredictRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<PredictResult>> {
  const stage = partsKey(request);
  return runStage(
    {
      name: "parts",
      worker: "predict",
      ids,
      task: (id, knownKey) => ({
        ...taskOf(id, photos, request),
        out: { parts: partsFile(run, id), labels: join(run.dir, "labels", `${id}.png`) },
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
  { images, finder, bound }: PredictRequest,
): Omit<PredictTask, "out" | "stage" | "knownKey"> {
  const photo = fileOf(photos, id);
  const truth = bound && {
    prompts: bound.source.promptsOf(id),
    size: bound.source.sizeOf(id),
    supervision: bound.supervision,
    source: bound.source.path,
  };
  return { id, photo, file: relative(images, photo).split(sep).join("/"), finder, truth };
}

/** The identity of the stage that finds parts. */
function partsKey(request: PredictRequest): string {
  return stageKey({ name: "parts", version: PREDICT_VERSION, options: partOptions(request) });
}

function partsFile({ dir }: RunDirectory, id: string): string {
  return join(dir, "parts", `${id}.json`);
}

/** Gathers the parts of all images that the run has, in the order of the folder; one image is held at a time. */
function writeInstances(
  made: readonly string[],
  photos: ReadonlyMap<string, string>,
  request: PredictRequest,
  run: RunDirectory,
): void {
  const { finder, bound } = request;
  const { classes, categoryIds } = finder.prompter;
  const categories = classes.map((name, k) => ({ id: categoryIds[k], name })).slice(1);
  const stage = partsKey(request);
  const held = heldItems(photos.keys(), made, {
    run,
    stage: "parts",
    fileOf: (id) => partsFile(run, id),
    keyOf: (id) => promptedKey(stage, readFileBytes(fileOf(photos, id)), bound?.source.promptsOf(id)),
  });
  const pictures = function* (): Generator<ImageInstances> {
    for (const id of held) {
      const { file } = taskOf(id, photos, request);
      yield { ...readInstances(partsFile(run, id)), file };
    }
  };
  writeAtomically(join(run.dir, "instances.json"), encodeInstances(pictures(), categories));
}

function readInstances(path: string): Omit<ImageInstances, "file" | "imageId"> {
  const none = { images: [], categories: [] };
  const { dataset, scores } = decodePartPredictions(parseJson(readFileBytes(path), path), path, none);
  const [image] = dataset.images;
  const { height, width, instances } = image;
  const objects = instances.map((instance) => {
    const { id, categoryId } = instance;
    const rle = cocoMask(instance, image);
    return { rle, area: rleArea(rle), box: rleBox(rle), categoryId, score: scores.get(id) as number };
  });
  return { height, width, objects };
}
