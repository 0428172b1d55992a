import { join, resolve } from "node:path";
import { vocPalette } from "../core/label-map.ts";
import { scores } from "../core/metrics.ts";
import type { ClassList } from "../data/class-list.ts";
import { openProposals } from "../data/proposal-source.ts";
import type { Compat, Variant } from "../methods/sepl/merge.ts";
import { fingerprintOf } from "./artifact-key.ts";
import { checkSomeFinished, secondsSince, writeReport } from "./command.ts";
import { type Estimate, estimateStage } from "./estimate.ts";
import { evaluateLabels } from "./evaluate.ts";
import { type CamReading, fileOf, type LabelInput, openLabels, openPhotos } from "./label-input.ts";
import { type Proposer, proposerIdentity } from "./masks/mask-source.ts";
import { overlayStage } from "./overlay.ts";
import { estimatePropose } from "./propose.ts";
import { mergeSettings, openSource, proposalsFor, refineStage, withProposalThreads } from "./refine-stage.ts";
import { perImage, type RefineReport, type Scored, totals, warnings } from "./refine-summary.ts";
import { inRunDirectory, type RunDirectory } from "./run-directory.ts";
import { type SelectionOptions, selectIds } from "./selection.ts";
import type { Failure, WorkContext } from "./stage.ts";
import { version } from "./version.ts";

/** Where the proposals of a refinement come from. */
export type ProposalOrigin =
  | { readonly kind: "folder"; readonly folder: string }
  | {
      readonly kind: "photos";
      readonly folder: string;
      readonly proposer: Proposer;
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

/** Refines a folder of pseudo labels with SEPL: `OUT/pseudo/<id>.png`, resumable, scored where there is truth. */
export async function refine(request: RefineRequest, context: WorkContext): Promise<RefineReport> {
  const startMs = performance.now();
  const { labels: folder, out, truth, classes } = request;
  const labels = openLabels(folder);
  const ids = await selectIds([...labels.files.keys()], folder, request);
  const options = resolvedOptions(request, labels);
  const source = openSource(ids, request.proposals);
  const inputs = { labels: resolve(folder), proposals: resolve(request.proposals.folder) };
  return await withProposalThreads(source, context, async (maskContext) => {
    return await inRunDirectory(out, { command: "refine", options, inputs }, async (run) => {
      const proposed = await proposalsFor(ids, source, run, maskContext);
      if (proposed.warning !== null) context.progress.warn(proposed.warning);
      const outcome = await refineStage(
        { ids: proposed.ids, labels, proposals: proposed.folder, request },
        run,
        context,
      );
      const drawn = request.overlay ? await drawLabels(outcome.finished.ids, request, run, context) : [];
      checkSomeFinished("refine", outcome.finished.ids.length, [...proposed.failures, ...outcome.failures]);
      const done = outcome.finished.ids;
      const scored = truth === null ? null : await scoreBoth(done, labels, truth, request, run, context);
      const unscored = scored === null ? [] : [...scored.before.failures, ...scored.after.failures];
      const failures = [...proposed.failures, ...outcome.failures, ...drawn, ...unscored];
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
        fingerprint: fingerprintOf(outcome.finished),
        perImage: perImage(outcome.finished, scored),
        timing: { seconds: secondsSince(startMs) },
      };
      for (const message of warnings(outcome.finished, report)) context.progress.warn(message);
      writeReport(out, report);
      if (truth !== null)
        await writePage(report, { request, labels, proposals: proposed.folder, truth }, context);
      return report;
    });
  });
}

/** What `refine` would take, with the proposals where there are none yet; writes nothing. */
export async function estimateRefine(request: RefineRequest, context: WorkContext): Promise<Estimate> {
  const { labels: folder, proposals } = request;
  const labels = openLabels(folder);
  const ids = await selectIds([...labels.files.keys()], folder, request);
  if (proposals.kind === "photos") {
    // Merging takes a hundredth of proposing.
    const { folder: images, proposer } = proposals;
    const { out, overlay, ids, limit } = request;
    const selection = { ...(ids === undefined ? {} : { ids }), ...(limit === undefined ? {} : { limit }) };
    return await estimatePropose({ images, proposer, out, overlay, ...selection }, context);
  }
  const source = openProposals(proposals.folder).folder;
  const nothing = { proposals: source, out: null, stage: "", knownKey: null };
  const merge = async (id: string): Promise<number> => {
    const task = { ...mergeSettings(request), ...nothing, id, labels: fileOf(labels.files, id) };
    return (await context.pool.run("refine", task)).result?.bytes ?? 0;
  };
  return await estimateStage(ids, merge, { keepGoing: context.keepGoing });
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
    ...(proposals.kind === "photos" ? proposerIdentity(proposals.proposer).options : {}),
  };
}

async function drawLabels(
  ids: readonly string[],
  request: RefineRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<readonly Failure[]> {
  const { files } = openLabels(join(run.dir, "pseudo"));
  const layer = { kind: "labels", files, palette: request.classes.palette ?? vocPalette() } as const;
  return await overlayStage({ ids, photos: photosOf(request), layer }, run, context);
}

/** The photos of the images, where the user has given any. */
function photosOf({ proposals, photos }: RefineRequest): ReadonlyMap<string, string> | null {
  const folder = proposals.kind === "photos" ? proposals.folder : photos;
  return folder === undefined ? null : openPhotos(folder);
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
  const { writeRefinePage } = await import("./refine-page.ts");
  await writeRefinePage(
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
