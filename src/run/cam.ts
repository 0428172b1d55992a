import { join, resolve } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { vocPalette } from "../core/label-map.ts";
import type { ClassList } from "../data/class-list.ts";
import type { WeakLabels } from "../data/tags.ts";
import { type CamSource, sourceIdentity, withCamThread } from "./cams/cam-source.ts";
import { camStages } from "./cams/cam-stage.ts";
import type { TaggedPhotos } from "./cams/classifier.ts";
import { checkSomeFinished, type RunSummary, summarizeRun, sumOf, writeReport } from "./command.ts";
import { type Estimate, estimateStage } from "./estimate.ts";
import { fileOf, openPhotos } from "./label-input.ts";
import { overlayStage } from "./overlay.ts";
import { inRunDirectory } from "./run-directory.ts";
import { type SelectionOptions, selectPresent } from "./selection.ts";
import type { Failure, WorkContext } from "./stage.ts";

/** Tags as a file has them. */
export interface TagSource {
  readonly path: string;
  readonly labels: WeakLabels<"tags">;
}

export interface CamRequest extends SelectionOptions {
  readonly images: string;
  readonly tags: TagSource;
  readonly classes: ClassList;
  readonly source: CamSource;
  /** Also keep how positions resemble each other, which refines CAMs. */
  readonly keepsAttention: boolean;
  readonly out: string;
  /** Also draw heat maps over the photos. */
  readonly overlay: boolean;
}

export interface CamReport extends RunSummary {
  /** Maps of all images. */
  readonly maps: number;
  readonly bytes: number;
  /** Of the training's last step, if there was one. */
  readonly loss: number | null;
}

/** CAMs of tagged photos: `OUT/cams/<id>.safetensors`, resumable. */
export async function makeCams(request: CamRequest, context: WorkContext): Promise<CamReport> {
  const startMs = performance.now();
  const { images, tags, classes, source, keepsAttention, out } = request;
  const tagged = await openTagged(request, context);
  const options = { ...sourceIdentity(source), classes: classes.classes.slice(1), keepsAttention };
  const inputs = { images: resolve(images), tags: resolve(tags.path) };
  return await withCamThread(source, context, async (camContext) => {
    return await inRunDirectory(out, { command: "cam", options, inputs }, async (run) => {
      const { finished, failures: failed, lines } = await camStages(tagged, request, run, camContext);
      checkSomeFinished("cam", finished.ids.length, failed);
      const files = new Map(finished.ids.map((id) => [id, join(run.dir, "cams", `${id}.safetensors`)]));
      const layer = { kind: "cam", files, palette: classes.palette ?? vocPalette() } as const;
      const drawn = { ids: [...files.keys()], photos: tagged.photos, layer };
      const undrawn = request.overlay ? await overlayStage(drawn, run, context) : [];
      const failures = [...tagged.absent, ...failed, ...undrawn];
      const report = summarizeRun(
        { command: "cam", options, finished, failures, startMs },
        {
          maps: sumOf(finished, (result) => result.maps),
          bytes: sumOf(finished, (result) => result.bytes),
          loss: lines.at(-1)?.loss ?? null,
        },
      );
      writeReport(out, report);
      return report;
    });
  });
}

/** What `makeCams` would take; writes nothing. */
export async function estimateCams(
  request: Pick<CamRequest, "images" | "tags" | "source"> & SelectionOptions,
  context: WorkContext,
): Promise<Estimate> {
  return await estimateCamStages(await openTagged(request, context), request.source, context);
}

/** What the stages from tagged photos to CAMs would take. */
export function estimateCamStages(
  { ids, photos }: TaggedPhotos,
  source: CamSource,
  context: WorkContext,
): Promise<Estimate> {
  return withCamThread(source, context, async ({ pool, keepGoing }) => {
    const seen = await estimateStage(
      ids,
      async (id) => (await pool.run("look", { photo: fileOf(photos, id), source })).bytes,
      { most: 2, keepGoing },
    );
    // A classifier sees each photo once more for its CAM, which is as small as its features.
    const passes = source.kind === "classifier" ? 2 : 1;
    return { ...seen, seconds: passes * seen.seconds, bytes: passes * seen.bytes };
  });
}

/** Photos with their tags, and the failures of those that are missing. */
export interface OpenedTags extends TaggedPhotos {
  readonly absent: readonly Failure[];
}

/**
 * The chosen photos that have a line in the tags, with their classes.
 *
 * @throws MaskwrightError NOT_FOUND when none of them has a tag, or as `selectPresent`
 */
export async function openTagged(
  request: Pick<CamRequest, "images" | "tags"> & SelectionOptions,
  context: WorkContext,
): Promise<OpenedTags> {
  const { images, tags } = request;
  const photos = openPhotos(images);
  const labeled = { ids: [...tags.labels.keys()], path: tags.path };
  const { ids, absent } = await selectPresent(photos, images, labeled, request, context);
  const classesOf = new Map(ids.map((id) => [id, tags.labels.get(id)?.classes ?? []]));
  if ([...classesOf.values()].every(({ length }) => length === 0))
    throw new MaskwrightError("NOT_FOUND", `${tags.path}: expected photos with tags, got none with any`);
  return { ids, photos, tags: classesOf, absent };
}
