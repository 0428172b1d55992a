import { join, resolve } from "node:path";
import { vocPalette } from "../../core/label-map.ts";
import { stageKey } from "../artifact-key.ts";
import { checkSomeFinished, type RunSummary, summarizeRun, sumOf, writeReport } from "../command.ts";
import { type Estimate, estimateStage } from "../estimate.ts";
import { writeAtomically } from "../files.ts";
import { fileOf, openPhotos } from "../label-input.ts";
import { overlayStage } from "../overlay.ts";
import { inRunDirectory, type RunDirectory } from "../run-directory.ts";
import { type SelectionOptions, selectIds } from "../selection.ts";
import { type FinishedItems, runStage, type StageOutcome, type WorkContext } from "../stage.ts";
import type { LabelPhotoResult } from "../tasks/label-photo.ts";
import type { LookOptions } from "./predict-look.ts";
import type { PixelModel } from "./predict-model.ts";
import { type ThreadModel, withPixelThreads } from "./predict-thread.ts";

export interface PredictLabelsRequest extends SelectionOptions {
  readonly images: string;
  readonly out: string;
  readonly choice: ThreadModel;
  readonly look: LookOptions;
  /** Also keep the probabilities of the classes found. */
  readonly keepsProbabilities: boolean;
  /** Also draw the label maps over the photos. */
  readonly overlay: boolean;
}

export interface PredictLabelsReport extends RunSummary {
  /** How many of the images have a pixel of each class, without the background. */
  readonly found: Readonly<Record<string, number>>;
  readonly bytes: number;
}

/** Changes whenever the labels would. */
const PREDICT_LABELS_VERSION = 1;

/**
 * Labels the pixels of a folder of photos: `OUT/labels/<id>.png`, where it is asked for `OUT/probabilities/<id>.safetensors`, and `OUT/classes.json`,
 * the names by class id. Resumable.
 */
export async function predictLabels(
  request: PredictLabelsRequest,
  context: WorkContext,
): Promise<PredictLabelsReport> {
  const startMs = performance.now();
  const { images, out, choice, overlay } = request;
  const { classes } = choice.model;
  const photos = openPhotos(images);
  const ids = await selectIds([...photos.keys()], images, request);
  const options = runOptions(request);
  return await withPixelThreads(choice, request.look, context, async (own, opened) => {
    const description = { command: "predict", options, inputs: { images: resolve(images) } };
    return await inRunDirectory(out, description, async (run) => {
      writeAtomically(join(out, "classes.json"), `${JSON.stringify(classes, null, 2)}\n`);
      const stage = { ...request, choice: opened };
      const { finished, failures: failed } = await labelStage(ids, photos, stage, run, own);
      checkSomeFinished("predict", finished.ids.length, failed);
      const done = finished.ids;
      const files = new Map(done.map((id) => [id, join(out, "labels", `${id}.png`)]));
      const layer = { kind: "labels", files, palette: vocPalette() } as const;
      const failures = overlay
        ? [...failed, ...(await overlayStage({ ids: done, photos, layer }, run, context))]
        : failed;
      const report = summarizeRun(
        { command: "predict", options, finished, failures, startMs },
        {
          found: countFound(finished, classes),
          bytes: sumOf(finished, (result) => result.bytes),
        },
      );
      writeReport(out, report);
      return report;
    });
  });
}

/** What `predictLabels` would take; writes nothing. */
export async function estimatePredictLabels(
  request: PredictLabelsRequest,
  context: WorkContext,
): Promise<Estimate> {
  const { images, choice, look } = request;
  const photos = openPhotos(images);
  const ids = await selectIds([...photos.keys()], images, request);
  return await withPixelThreads(choice, request.look, context, ({ pool }, opened) =>
    estimateStage(
      ids,
      async (id) => {
        const nothing = { out: null, stage: "", knownKey: null };
        const task = { photo: fileOf(photos, id), choice: opened, look, ...nothing };
        return (await pool.run("label-photo", task)).result?.bytes ?? 0;
      },
      { most: 2, keepGoing: context.keepGoing },
    ),
  );
}

/** Everything that decides the labels besides the photos. */
function runOptions({ choice, look, keepsProbabilities }: PredictLabelsRequest): Record<string, unknown> {
  const { model, precision, device } = choice;
  return { ...modelIdentity(model), precision, device, ...look, keepsProbabilities };
}

function modelIdentity({ sha256, network, classes }: PixelModel): Record<string, unknown> {
  const encoder = network.kind === "light" ? network.encoder.sha256 : null;
  return { checkpoint: sha256, encoder, classes: classes.slice(1) };
}

function labelStage(
  ids: readonly string[],
  photos: ReadonlyMap<string, string>,
  request: PredictLabelsRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<LabelPhotoResult>> {
  const { choice, look, keepsProbabilities } = request;
  const stage = stageKey({ name: "labels", version: PREDICT_LABELS_VERSION, options: runOptions(request) });
  return runStage(
    {
      name: "labels",
      worker: "label-photo",
      ids,
      task: (id, knownKey) => ({
        photo: fileOf(photos, id),
        choice,
        look,
        out: {
          labels: join(run.dir, "labels", `${id}.png`),
          probabilities: keepsProbabilities ? join(run.dir, "probabilities", `${id}.safetensors`) : null,
        },
        stage,
        knownKey,
      }),
    },
    run,
    context,
  );
}

function countFound(
  finished: FinishedItems<LabelPhotoResult>,
  classes: readonly string[],
): Record<string, number> {
  const counts = classes.map(() => 0);
  for (const { result } of finished) for (const id of result.classes) counts[id]++;
  return Object.fromEntries(
    [...counts.entries()]
      .slice(1)
      .filter(([, count]) => count > 0)
      .map(([id, count]) => [classes[id], count]),
  );
}
