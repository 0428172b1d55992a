import { join } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { openProposals } from "../data/proposal-source.ts";
import { stageKey } from "./artifact-key.ts";
import { fileOf, type LabelInput, openPhotos } from "./label-input.ts";
import { withMaskThreads } from "./masks/mask-source.ts";
import { describeNothing, type ProposeStageRequest, proposeStage } from "./propose.ts";
import type { ProposalOrigin, RefineRequest } from "./refine.ts";
import type { RunDirectory } from "./run-directory.ts";
import { runStage, type StageOutcome, type WorkContext } from "./stage.ts";
import type { RefineResult, RefineTask } from "./tasks/refine.ts";

/** Changes whenever the refined labels would. */
const REFINE_VERSION = 1;

export interface Proposed {
  readonly folder: string;
  readonly ids: readonly string[];
  readonly failures: StageOutcome<unknown>["failures"];
  /** What to tell the user, see `describeNothing`. */
  readonly warning: string | null;
}

/** Where proposals come from, once it is known to be there. */
export type ProposalSource =
  | { readonly kind: "folder"; readonly folder: string }
  | (Omit<ProposeStageRequest, "ids"> & { readonly kind: "photos" });

/** Looks into the inputs before a run directory is made: a wrong path must leave none behind. */
export function openSource(ids: readonly string[], origin: ProposalOrigin): ProposalSource {
  if (origin.kind === "folder") return { kind: "folder", folder: openProposals(origin.folder).folder };
  const { folder, proposer } = origin;
  const photos = openPhotos(folder);
  const missing = ids.filter((id) => !photos.has(id));
  if (missing.length === 0) return { kind: "photos", photos, proposer };
  const text = `${folder}: expected a photo for each of the ${ids.length} labels, got none for ${missing.length} (${missing.slice(0, 3).join(", ")})`;
  throw new MaskwrightError("NOT_FOUND", text, { hint: "--ids FILE chooses the labels to refine." });
}

/** Calls `work` with threads that make the proposals, where they are not made yet; see `withMaskThreads`. */
export function withProposalThreads<T>(
  source: ProposalSource,
  context: WorkContext,
  work: (context: WorkContext) => Promise<T>,
): Promise<T> {
  return source.kind === "folder" ? work(context) : withMaskThreads(source.proposer, context, work);
}

/**
 * The folder of proposals: the given one, or this run's own after proposing from the photos.
 *
 * @param context  of `withProposalThreads`
 */
export async function proposalsFor(
  ids: readonly string[],
  source: ProposalSource,
  run: RunDirectory,
  context: WorkContext,
): Promise<Proposed> {
  if (source.kind === "folder") return { folder: source.folder, ids, failures: [], warning: null };
  const { finished, failures } = await proposeStage({ ...source, ids }, run, context);
  const warning = describeNothing(source.proposer, finished);
  return { folder: join(run.dir, "proposals"), ids: finished.ids, failures, warning };
}

export interface RefineStageRequest {
  readonly ids: readonly string[];
  readonly labels: LabelInput;
  readonly proposals: string;
  readonly request: RefineRequest;
}

/** Merges the proposals into each label map: `OUT/pseudo/<id>.png`. */
export function refineStage(
  { ids, labels, proposals, request }: RefineStageRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<RefineResult>> {
  const shared = mergeSettings(request);
  const { options, cams } = shared;
  const stage = stageKey({
    name: "pseudo",
    version: REFINE_VERSION,
    options: { ...options, ...(labels.kind === "cams" ? { cams } : {}) },
  });
  return runStage(
    {
      name: "pseudo",
      worker: "refine",
      ids,
      task: (id, knownKey) => ({
        ...shared,
        id,
        labels: fileOf(labels.files, id),
        proposals,
        out: join(run.dir, "pseudo", `${id}.png`),
        stage,
        knownKey,
      }),
    },
    run,
    context,
  );
}

/** What every image of a refinement has in common. */
export function mergeSettings(request: RefineRequest): Pick<RefineTask, "cams" | "options" | "palette"> {
  const { variant, compat, classCount, keepIgnore, cams, classes } = request;
  const options = { variant, classCount, keepIgnore, ...(compat === null ? {} : { compat }) };
  return { cams, options, palette: classes.palette ?? null };
}
