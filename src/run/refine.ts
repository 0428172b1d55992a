import { join } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { vocPalette } from "../core/label-map.ts";
import { type SegmentationScores, scores } from "../core/metrics.ts";
import type { ClassList } from "../data/class-list.ts";
import { openProposals } from "../data/proposal-source.ts";
import type { Compat, Variant } from "../methods/sepl/merge.ts";
import { fingerprint, stageKey } from "./artifact-key.ts";
import { checkSomeFinished, type RunSummary, secondsSince } from "./command.ts";
import { type Estimate, estimateStage } from "./estimate.ts";
import { type Evaluation, evaluateLabels } from "./evaluate.ts";
import { writeAtomically } from "./files.ts";
import { type CamReading, fileOf, type LabelInput, openLabels, openPhotos } from "./label-input.ts";
import { overlayStage } from "./overlay.ts";
import { estimatePropose, type ProposalModel, type ProposeStageRequest, proposeStage } from "./propose.ts";
import { openRunDirectory, type RunDirectory } from "./run-directory.ts";
import { type SelectionOptions, selectIds } from "./selection.ts";
import { type Failure, type Finished, runStage, type StageOutcome, type WorkContext } from "./stage.ts";
import type { RefineResult, RefineTask } from "./tasks/refine.ts";
import { version } from "./version.ts";

/** Where the proposals of a refinement come from. */
export type ProposalOrigin =
  | { readonly kind: "folder"; readonly folder: string }
  | {
      readonly kind: "photos";
      readonly folder: string;
      readonly model: ProposalModel;
      readonly maxProposals: number;
    };

export interface RefineRequest extends SelectionOptions {
  readonly labels: string;
  readonly proposals: ProposalOrigin;
  readonly out: string;
  readonly variant: Variant;
  readonly compat: Compat | null;
  readonly classes: ClassList;
  /** Ids at or above it belong to no class. */
  readonly classCount: number;
  readonly keepIgnore: boolean;
  readonly cams: CamReading;
  /** Ground truth to score before and after with; never seen by the method. */
  readonly truth: string | null;
  /** Photos to draw, where the proposals are not made from photos. */
  readonly photos?: string;
  /** Also draw the refined labels over the photos. */
  readonly overlay: boolean;
  /** For the report's page: its title, what to know before believing it, and how to repeat the run. */
  readonly title?: string;
  readonly notes?: readonly string[];
  readonly commandLine: string;
}

export interface RefineReport extends RunSummary {
  readonly pixels: number;
  readonly changed: number;
  readonly proposals: number;
  readonly taken: number;
  /** Images in which some class vanished. */
  readonly vanished: number;
  readonly ignoreLost: number;
  /** Data-set scores as fractions, when there was a ground truth. */
  readonly scores: { readonly before: SegmentationScores; readonly after: SegmentationScores } | null;
  readonly perImage: readonly RefinedImage[];
}

export interface RefinedImage {
  readonly id: string;
  /** Share of the pixels whose label changed. */
  readonly changed: number;
  /** mIoU of this image alone, when there was a ground truth. */
  readonly before?: number | null;
  readonly after?: number | null;
}

/** Changes whenever the refined labels would. */
const REFINE_VERSION = 1;

/** Refines a folder of pseudo labels with SEPL: `OUT/pseudo/<id>.png`, resumable, scored where there is truth. */
export async function refine(request: RefineRequest, context: WorkContext): Promise<RefineReport> {
  const startMs = performance.now();
  const { labels: folder, out, truth, classes } = request;
  const labels = openLabels(folder);
  const ids = await selectIds([...labels.files.keys()], folder, request);
  const options = resolvedOptions(request, labels);
  const source = openSource(ids, request.proposals);
  const run = openRunDirectory(out, { command: "refine", options });
  try {
    const proposed = await proposalsFor(ids, source, run, context);
    const outcome = await refineStage(
      { ids: proposed.ids, labels, proposals: proposed.folder, request },
      run,
      context,
    );
    const drawn = request.overlay ? await drawLabels(outcome.finished, request, run, context) : [];
    const failures = [...proposed.failures, ...outcome.failures, ...drawn];
    checkSomeFinished("refine", outcome.finished.length, failures);
    const done = outcome.finished.map(({ id }) => id);
    const scored = truth === null ? null : await scoreBoth(done, labels, truth, request, run, context);
    const report: RefineReport = {
      command: "refine",
      maskwright: version,
      options,
      images: done.length,
      ...totals(outcome.finished),
      scores: scored && {
        before: scores(scored.before.confusion, classes.classes),
        after: scores(scored.after.confusion, classes.classes),
      },
      failures,
      fingerprint: fingerprint(outcome.finished.flatMap(({ id, key }) => [id, key])),
      perImage: perImage(outcome.finished, scored),
      timing: { seconds: secondsSince(startMs) },
    };
    for (const message of warnings(outcome.finished, report)) context.progress.warn(message);
    writeAtomically(join(out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    if (truth !== null)
      await writePage(report, { request, labels, proposals: proposed.folder, truth }, context);
    return report;
  } finally {
    run.journal.close();
  }
}

/** What `refine` would take, with the proposals where there are none yet; writes nothing. */
export async function estimateRefine(request: RefineRequest, context: WorkContext): Promise<Estimate> {
  const { labels: folder, proposals } = request;
  const labels = openLabels(folder);
  const ids = await selectIds([...labels.files.keys()], folder, request);
  if (proposals.kind === "photos") {
    // Merging takes a hundredth of proposing.
    const { folder: images, model, maxProposals } = proposals;
    return await estimatePropose({ ...request, images, model, maxProposals }, context);
  }
  const source = openProposals(proposals.folder).folder;
  const nothing = { proposals: source, out: null, stage: "", knownKey: null };
  return await estimateStage(ids, async (id) => {
    const task = { ...mergeSettings(request), ...nothing, id, labels: fileOf(labels.files, id) };
    return (await context.pool.run("refine", task)).result?.bytes ?? 0;
  });
}

/** What decides the pixels, for `run.json` and the stage's key. */
function resolvedOptions(request: RefineRequest, labels: LabelInput): Record<string, unknown> {
  const { variant, compat, classCount, keepIgnore, cams, proposals } = request;
  return {
    variant,
    compat,
    classCount,
    keepIgnore,
    ...(labels.kind === "cams" ? { cams } : {}),
    ...(proposals.kind === "photos" ? { model: proposals.model, maxProposals: proposals.maxProposals } : {}),
  };
}

interface Proposed {
  readonly folder: string;
  readonly ids: readonly string[];
  readonly failures: StageOutcome<unknown>["failures"];
}

/** Where proposals come from, once it is known to be there. */
type ProposalSource =
  | { readonly kind: "folder"; readonly folder: string }
  | (Omit<ProposeStageRequest, "ids"> & { readonly kind: "photos" });

/** Looks into the inputs before a run directory is made: a wrong path must leave none behind. */
function openSource(ids: readonly string[], origin: ProposalOrigin): ProposalSource {
  if (origin.kind === "folder") return { kind: "folder", folder: openProposals(origin.folder).folder };
  const { folder, model, maxProposals } = origin;
  const photos = openPhotos(folder);
  const missing = ids.filter((id) => !photos.has(id));
  if (missing.length === 0) return { kind: "photos", photos, model, maxProposals };
  const text = `${folder}: expected a photo for each of the ${ids.length} labels, got none for ${missing.length} (${missing.slice(0, 3).join(", ")})`;
  throw new MaskwrightError("NOT_FOUND", text, { hint: "--ids FILE chooses the labels to refine." });
}

/** The folder of proposals: the given one, or this run's own after proposing from the photos. */
async function proposalsFor(
  ids: readonly string[],
  source: ProposalSource,
  run: RunDirectory,
  context: WorkContext,
): Promise<Proposed> {
  if (source.kind === "folder") return { folder: source.folder, ids, failures: [] };
  const { finished, failures } = await proposeStage({ ...source, ids }, run, context);
  return { folder: join(run.dir, "proposals"), ids: finished.map(({ id }) => id), failures };
}

interface RefineStageRequest {
  readonly ids: readonly string[];
  readonly labels: LabelInput;
  readonly proposals: string;
  readonly request: RefineRequest;
}

function refineStage(
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
function mergeSettings(request: RefineRequest): Pick<RefineTask, "cams" | "options" | "palette"> {
  const { variant, compat, classCount, keepIgnore, cams, classes } = request;
  const options = { variant, classCount, keepIgnore, ...(compat === null ? {} : { compat }) };
  return { cams, options, palette: classes.palette ?? null };
}

async function drawLabels(
  finished: readonly Finished<RefineResult>[],
  request: RefineRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<readonly Failure[]> {
  const { files } = openLabels(join(run.dir, "pseudo"));
  const layer = { kind: "labels", files, palette: request.classes.palette ?? vocPalette() } as const;
  return await overlayStage(
    { ids: finished.map(({ id }) => id), photos: photosOf(request), layer },
    run,
    context,
  );
}

/** The photos of the images, where the user has given any. */
function photosOf({ proposals, photos }: RefineRequest): ReadonlyMap<string, string> | null {
  const folder = proposals.kind === "photos" ? proposals.folder : photos;
  return folder === undefined ? null : openPhotos(folder);
}

interface Scored {
  readonly before: Evaluation;
  readonly after: Evaluation;
}

async function scoreBoth(
  ids: readonly string[],
  labels: LabelInput,
  truth: string,
  { classes, cams }: RefineRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<Scored> {
  const shared = { truth, ids, classCount: classes.classes.length, running: false, boundary: false, cams };
  const before = await evaluateLabels({ ...shared, pred: labels }, context);
  const after = await evaluateLabels({ ...shared, pred: openLabels(join(run.dir, "pseudo")) }, context);
  return { before, after };
}

interface PageInputs {
  readonly request: RefineRequest;
  readonly labels: LabelInput;
  readonly proposals: string;
  readonly truth: string;
}

async function writePage(report: RefineReport, inputs: PageInputs, context: WorkContext): Promise<void> {
  const { request, labels, proposals, truth } = inputs;
  const { title = "SEPL: refined pseudo labels", notes = [], cams, classes, commandLine, out } = request;
  const { writeRefineReport } = await import("./refine-report.ts");
  await writeRefineReport(
    join(out, "report.html"),
    {
      title,
      notes,
      report,
      labels,
      cams,
      proposals,
      refined: openLabels(join(out, "pseudo")),
      truth,
      photos: photosOf(request) ?? new Map(),
      classes,
      commandLine,
    },
    context,
  );
}

function totals(
  finished: readonly Finished<RefineResult>[],
): Pick<RefineReport, "pixels" | "changed" | "proposals" | "taken" | "vanished" | "ignoreLost"> {
  const total = { pixels: 0, changed: 0, proposals: 0, taken: 0, vanished: 0, ignoreLost: 0 };
  for (const { result } of finished) {
    total.pixels += result.pixels;
    total.changed += result.changed;
    total.proposals += result.proposals;
    total.taken += result.taken;
    total.vanished += result.vanished.length > 0 ? 1 : 0;
    total.ignoreLost += result.ignoreLost;
  }
  return total;
}

function perImage(finished: readonly Finished<RefineResult>[], scored: Scored | null): RefinedImage[] {
  const before = new Map(scored?.before.items.map(({ id, miou }) => [id, miou]));
  const after = new Map(scored?.after.items.map(({ id, miou }) => [id, miou]));
  return finished.map(({ id, result: { changed, pixels } }) => ({
    id,
    changed: changed / pixels,
    ...(scored === null ? {} : { before: before.get(id) ?? null, after: after.get(id) ?? null }),
  }));
}

/** What the user should know of the whole run: each kind of warning once, with a count. */
function warnings(finished: readonly Finished<RefineResult>[], { ignoreLost }: RefineReport): string[] {
  const counts = new Map<string, number>();
  for (const { result } of finished)
    for (const text of result.warnings) counts.set(text, (counts.get(text) ?? 0) + 1);
  const messages = [...counts].map(([text, count]) => `${text} (${count} images)`);
  if (ignoreLost > 0)
    messages.push(
      `${ignoreLost} ignore pixels (255) became background or a class; --keep-ignore keeps those that no proposal paints`,
    );
  return messages;
}
