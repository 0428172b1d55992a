import { join, resolve } from "node:path";
import { settingsOf } from "../methods/proposals/sam-auto/options.ts";
import { stageKey } from "./artifact-key.ts";
import { checkSomeFinished, type RunSummary, summarizeRun, sumOf, writeReport } from "./command.ts";
import type { Estimate } from "./estimate.ts";
import { fileOf, openPhotos } from "./label-input.ts";
import { estimateMasks } from "./masks/estimate-masks.ts";
import { type Proposer, proposerIdentity, withMaskThreads } from "./masks/mask-source.ts";
import { overlayStage } from "./overlay.ts";
import { inRunDirectory, type RunDirectory } from "./run-directory.ts";
import { type SelectionOptions, selectIds } from "./selection.ts";
import { type FinishedItems, runStage, type StageOutcome, type WorkContext } from "./stage.ts";
import type { ProposeResult } from "./tasks/propose.ts";

export interface ProposeRequest extends SelectionOptions {
  readonly images: string;
  readonly out: string;
  readonly proposer: Proposer;
  /** "original": boxes are written as SAM writes them, one pixel short. */
  readonly compat?: "original";
  /** Also draw the masks over the photos. */
  readonly overlay: boolean;
}

export interface ProposeReport extends RunSummary {
  readonly proposals: number;
  readonly bytes: number;
}

/** Proposes masks for a folder of photos: `OUT/proposals/<id>.json`, resumable. */
export async function propose(request: ProposeRequest, context: WorkContext): Promise<ProposeReport> {
  const startMs = performance.now();
  const { images, out, proposer, compat, overlay } = request;
  const photos = openPhotos(images);
  const ids = await selectIds([...photos.keys()], images, request);
  const options = { ...proposerIdentity(proposer).options, ...(compat && { compat }) };
  return await withMaskThreads(proposer, context, async (maskContext) => {
    const inputs = { images: resolve(images) };
    return await inRunDirectory(out, { command: "propose", options, inputs }, async (run) => {
      const stage = { ids, photos, proposer, ...(compat && { compat }) };
      const { finished, failures: failed } = await proposeStage(stage, run, maskContext);
      checkSomeFinished("propose", finished.ids.length, failed);
      const nothing = describeNothing(proposer, finished);
      if (nothing !== null) context.progress.warn(nothing);
      const layer = { kind: "proposals", folder: join(out, "proposals") } as const;
      const done = finished.ids;
      const failures = overlay
        ? [...failed, ...(await overlayStage({ ids: done, photos, layer }, run, context))]
        : failed;
      const report = summarizeRun(
        { command: "propose", options, finished, failures, startMs },
        {
          proposals: sumOf(finished, (result) => result.proposals),
          bytes: sumOf(finished, (result) => result.bytes),
        },
      );
      writeReport(out, report);
      return report;
    });
  });
}

/** What to tell whoever asked a model for everything and got nothing in any image; null when there is nothing to tell. */
export function describeNothing(proposer: Proposer, finished: FinishedItems<ProposeResult>): string | null {
  const { length } = finished.ids;
  if (proposer.kind !== "sam" || length === 0 || sumOf(finished, ({ proposals }) => proposals) > 0)
    return null;
  const { minPredictedIou, minStability } = settingsOf(proposer.generator);
  const where = length === 1 ? "the image" : `any of ${length} images`;
  return `${proposer.model.name}: no mask in ${where} has a predicted IoU above ${minPredictedIou} and a stability of ${minStability}; lower --pred-iou-thresh and --stability-score-thresh (0 takes all)`;
}

/** What `propose` would take; writes nothing. */
export async function estimatePropose(request: ProposeRequest, context: WorkContext): Promise<Estimate> {
  const { images, proposer } = request;
  const photos = openPhotos(images);
  const ids = await selectIds([...photos.keys()], images, request);
  return await estimateProposals({ ids, photos, proposer }, context);
}

/** What the stage alone would take. */
export function estimateProposals(
  { ids, photos, proposer }: ProposeStageRequest,
  context: WorkContext,
): Promise<Estimate> {
  return estimateMasks(proposer, ids, context, async (id, trial, pool) => {
    const task = { id, photo: fileOf(photos, id), out: null, stage: "", knownKey: null, proposer: trial };
    return (await pool.run("propose", task)).result?.bytes ?? 0;
  });
}

export interface ProposeStageRequest {
  readonly ids: readonly string[];
  /** File of each id. */
  readonly photos: ReadonlyMap<string, string>;
  readonly proposer: Proposer;
  readonly compat?: "original";
}

/**
 * The stage alone, for commands that need proposals on their way to something else.
 *
 * @param context  of `withMaskThreads`
 */
export function proposeStage(
  { ids, photos, proposer, compat }: ProposeStageRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<ProposeResult>> {
  const { version, options } = proposerIdentity(proposer);
  const stage = stageKey({ name: "proposals", version, options: { ...options, ...(compat && { compat }) } });
  return runStage(
    {
      name: "proposals",
      worker: "propose",
      ids,
      task: (id, knownKey) => ({
        id,
        photo: fileOf(photos, id),
        out: join(run.dir, "proposals", `${id}.json`),
        stage,
        knownKey,
        proposer,
        ...(compat && { compat }),
      }),
    },
    run,
    context,
  );
}
