import { join, resolve } from "node:path";
import { fingerprint, stageKey } from "./artifact-key.ts";
import { checkSomeFinished, type RunSummary, secondsSince } from "./command.ts";
import { type Estimate, estimateStage } from "./estimate.ts";
import { writeAtomically } from "./files.ts";
import { fileOf, openPhotos } from "./label-input.ts";
import { overlayStage } from "./overlay.ts";
import { openRunDirectory, type RunDirectory } from "./run-directory.ts";
import { type SelectionOptions, selectIds } from "./selection.ts";
import { runStage, type StageOutcome, type WorkContext } from "./stage.ts";
import type { ProposeResult } from "./tasks/propose.ts";
import { version } from "./version.ts";

/** Where masks come from. */
export type ProposalModel = "regions";

export interface ProposeRequest extends SelectionOptions {
  readonly images: string;
  readonly out: string;
  readonly model: ProposalModel;
  readonly maxProposals: number;
  /** Also draw the masks over the photos. */
  readonly overlay: boolean;
}

export interface ProposeReport extends RunSummary {
  readonly proposals: number;
  readonly bytes: number;
}

/** Changes whenever the proposals of `regions` would. */
const REGIONS_VERSION = 1;

/** Proposes masks for a folder of photos: `OUT/proposals/<id>.json`, resumable. */
export async function propose(request: ProposeRequest, context: WorkContext): Promise<ProposeReport> {
  const startMs = performance.now();
  const { images, out, model, maxProposals, overlay } = request;
  const photos = openPhotos(images);
  const ids = await selectIds([...photos.keys()], images, request);
  const options = { model, maxProposals };
  const run = openRunDirectory(out, { command: "propose", options, inputs: { images: resolve(images) } });
  try {
    const { finished, failures: failed } = await proposeStage(
      { ids, photos, model, maxProposals },
      run,
      context,
    );
    checkSomeFinished("propose", finished.length, failed);
    const layer = { kind: "proposals", folder: join(out, "proposals") } as const;
    const done = finished.map(({ id }) => id);
    const failures = overlay
      ? [...failed, ...(await overlayStage({ ids: done, photos, layer }, run, context))]
      : failed;
    const report: ProposeReport = {
      command: "propose",
      maskwright: version,
      options,
      images: finished.length,
      proposals: finished.reduce((sum, { result }) => sum + result.proposals, 0),
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

/** What `propose` would take; writes nothing. */
export async function estimatePropose(request: ProposeRequest, { pool }: WorkContext): Promise<Estimate> {
  const { images, maxProposals } = request;
  const photos = openPhotos(images);
  const ids = await selectIds([...photos.keys()], images, request);
  return await estimateStage(ids, async (id) => {
    const task = { id, photo: fileOf(photos, id), out: null, stage: "", knownKey: null, maxProposals };
    return (await pool.run("propose", task)).result?.bytes ?? 0;
  });
}

export interface ProposeStageRequest {
  readonly ids: readonly string[];
  /** File of each id. */
  readonly photos: ReadonlyMap<string, string>;
  readonly model: ProposalModel;
  readonly maxProposals: number;
}

/** The stage alone, for commands that need proposals on their way to something else. */
export function proposeStage(
  { ids, photos, model, maxProposals }: ProposeStageRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<ProposeResult>> {
  const stage = stageKey({ name: "proposals", version: REGIONS_VERSION, options: { model, maxProposals } });
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
        maxProposals,
      }),
    },
    run,
    context,
  );
}
