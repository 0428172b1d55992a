import { join, resolve } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { vocPalette } from "../core/label-map.ts";
import type { ClassList } from "../data/class-list.ts";
import type { FmaRecipe, SeedRecipe } from "../methods/fma/recipes.ts";
import { fingerprintOf } from "./artifact-key.ts";
import { estimateCamStages, type OpenedTags, openTagged, type TagSource } from "./cam.ts";
import { type CamSource, withCamThread } from "./cams/cam-source.ts";
import type { TaggedPhotos } from "./cams/classifier.ts";
import { checkSomeFinished, secondsSince, writeReport } from "./command.ts";
import type { Estimate } from "./estimate.ts";
import { openLabels, openPhotos } from "./label-input.ts";
import { proposerIdentity } from "./masks/mask-source.ts";
import { overlayStage } from "./overlay.ts";
import { estimateProposals } from "./propose.ts";
import type { ProposalOrigin } from "./refine.ts";
import { openSource, withProposalThreads } from "./refine-stage.ts";
import { inRunDirectory, type RunDirectory } from "./run-directory.ts";
import { type CamOrigin, camIdentity } from "./seeds/cam-origin.ts";
import { makeSeeds } from "./seeds/make-seeds.ts";
import { scoreRounds } from "./seeds/score-rounds.ts";
import { writeSeedPage } from "./seeds/seed-page.ts";
import { perImage, type SeedReport, totals } from "./seeds/seed-summary.ts";
import { type SelectionOptions, selectIds } from "./selection.ts";
import type { Failure, WorkContext } from "./stage.ts";
import { version } from "./version.ts";

export interface SeedRequest extends SelectionOptions {
  readonly images: string;
  /** Null where the CAMs of a folder say themselves which classes are there. */
  readonly tags: TagSource | null;
  readonly classes: ClassList;
  readonly cams: CamOrigin;
  readonly masks: ProposalOrigin;
  readonly recipe: SeedRecipe;
  /** Refine scores by a dense CRF before masks vote. */
  readonly crf: boolean;
  readonly out: string;
  /** Ground truth to score every stage with; never seen by the method. */
  readonly truth: string | null;
  /** Also draw the seeds over the photos. */
  readonly overlay: boolean;
  /** For the report's page: how to repeat the run. */
  readonly commandLine: string;
}

/** From tags, or CAMs, to seeds: `OUT/seeds/<id>.png`, every stage resumable, scored where there is truth. */
export async function seed(request: SeedRequest, context: WorkContext): Promise<SeedReport> {
  const startMs = performance.now();
  const { images, tags, cams, masks, out, truth } = request;
  const tagged = await openPhotosWithTags(request, context);
  const source = openSource(tagged.ids, masks);
  const identity = camIdentity(cams);
  const options = { ...identity.options, ...resolvedOptions(request) };
  const inputs = {
    images: resolve(images),
    ...(tags && { tags: resolve(tags.path) }),
    proposals: resolve(masks.folder),
    ...identity.inputs,
  };
  const truths = truth === null ? null : openLabels(truth);
  return await withProposalThreads(source, context, (maskContext) =>
    withCams(cams, context, async (camContext) => {
      return await inRunDirectory(out, { command: "seed", options, inputs }, async (run) => {
        const made = await makeSeeds(tagged, source, request, run, { context, maskContext, camContext });
        const round = made.rounds[made.rounds.length - 1];
        checkSomeFinished("seed", round.finished.ids.length, made.failures);
        const done = round.finished.ids;
        const drawn = request.overlay ? await drawSeeds(done, tagged, request, run, context) : [];
        const scored =
          truths === null ? null : await scoreRounds(done, truths, made.rounds, request, run, context);
        const report: SeedReport = {
          command: "seed",
          maskwright: version,
          options,
          images: done.length,
          ...totals(round.finished),
          losses: made.trainings.map(({ name, lines }) => ({ name, loss: lines.at(-1)?.loss ?? null })),
          scored: scored?.ids.length ?? 0,
          stages: scored?.stages ?? [],
          failures: [...tagged.absent, ...made.failures, ...drawn, ...(scored?.failures ?? [])],
          fingerprint: fingerprintOf(round.finished),
          perImage: perImage(round.finished, scored),
          timing: { seconds: secondsSince(startMs) },
        };
        writeReport(out, report);
        const page = { request, report, tagged, made, truths };
        await writeSeedPage(join(out, "report.html"), page, context);
        return report;
      });
    }),
  );
}

/**
 * What the masks and CAMs of `seed` would take; what follows takes a hundredth of those. Trainings of contexts are not counted, but named.
 * Writes nothing.
 */
export async function estimateSeed(request: SeedRequest, context: WorkContext): Promise<Estimate> {
  const { cams, masks } = request;
  const { ids, photos, tags } = await openPhotosWithTags(request, context);
  const source = openSource(ids, masks);
  const parts: Estimate[] = [];
  if (source.kind === "photos") parts.push(await estimateProposals({ ...source, ids }, context));
  if (cams.kind !== "folder")
    parts.push(await estimateCamStages({ ids, photos, tags }, sourceOf(cams), context));
  const sum = (of: (part: Estimate) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const failures = new Map(parts.flatMap(({ failures: own = [] }) => own.map((each) => [each.id, each])));
  return {
    images: ids.length - failures.size,
    seconds: sum(({ seconds }) => seconds),
    bytes: sum(({ bytes }) => bytes),
    ...(cams.kind === "learned" && { uncounted: trainingsOf(cams.recipe) }),
    ...(failures.size > 0 && { failures: [...failures.values()] }),
  };
}

/** "training contexts, 1800 and 17000 steps of 16 photos, and the CAMs of the second round" */
function trainingsOf({ classification, segmentation }: FmaRecipe): string {
  const steps = `${classification.usedStep} and ${segmentation.usedStep} steps of ${segmentation.batch} photos`;
  return `training contexts, ${steps}, and the CAMs of the second round`;
}

/** The chosen photos, with the classes that may be in them. */
async function openPhotosWithTags(request: SeedRequest, context: WorkContext): Promise<OpenedTags> {
  const { images, tags, cams } = request;
  if (cams.kind !== "folder" && tags === null)
    throw new MaskwrightError("INVALID_ARGUMENT", "seed: expected --tags FILE or --cams DIR, got neither");
  const tagged = tags === null ? null : await openTagged({ ...request, tags }, context);
  if (cams.kind !== "folder") return tagged as OpenedTags;
  const photos = tagged?.photos ?? openPhotos(images);
  const ids = tagged?.ids ?? (await selectIds([...cams.files.keys()], cams.folder, request));
  const [missingCam, missingPhoto] = [cams.files, photos].map((files) => ids.filter((id) => !files.has(id)));
  const refuse = (where: string, what: string, missing: readonly string[]): never => {
    const text = `${where}: expected ${what} for each of ${ids.length} images, got none for ${missing.length} (${missing.slice(0, 3).join(", ")})`;
    throw new MaskwrightError("NOT_FOUND", text, { hint: "--ids FILE chooses the images to work on." });
  };
  if (missingCam.length > 0) refuse(cams.folder, "a CAM", missingCam);
  if (missingPhoto.length > 0) refuse(images, "a photo", missingPhoto);
  return { ids, photos, tags: tagged?.tags ?? new Map(), absent: tagged?.absent ?? [] };
}

/** Calls `work` with a thread that makes the CAMs, where they are not there yet. */
function withCams<T>(
  cams: CamOrigin,
  context: WorkContext,
  work: (context: WorkContext) => Promise<T>,
): Promise<T> {
  if (cams.kind === "folder") return work(context);
  return withCamThread(sourceOf(cams), context, work);
}

/** What has to be opened for CAMs that are made. */
function sourceOf(cams: Exclude<CamOrigin, { readonly kind: "folder" }>): CamSource {
  if (cams.kind === "made") return cams.source;
  return { kind: "clip", clip: cams.clip, texts: cams.recipe.texts };
}

async function drawSeeds(
  ids: readonly string[],
  { photos }: TaggedPhotos,
  { classes }: SeedRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<readonly Failure[]> {
  const { files } = openLabels(join(run.dir, "seeds"));
  const layer = { kind: "labels", files, palette: classes.palette ?? vocPalette() } as const;
  return await overlayStage({ ids, photos, layer }, run, context);
}

/** What decides the pixels besides the CAMs. */
function resolvedOptions({ classes, masks, recipe, crf, cams }: SeedRequest): Record<string, unknown> {
  if (cams.kind === "learned") return { classes: classes.classes.slice(1), crf, ...maskOptions(masks) };
  const isRefined = cams.kind === "made" || cams.attention !== null;
  return {
    classes: classes.classes.slice(1),
    affinity: isRefined ? recipe.affinity : null,
    power: recipe.power,
    crf,
    ...maskOptions(masks),
  };
}

function maskOptions(masks: ProposalOrigin): Readonly<Record<string, unknown>> {
  return masks.kind === "photos" ? proposerIdentity(masks.proposer).options : {};
}
