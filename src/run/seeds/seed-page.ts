import { join } from "node:path";
import { formatCount } from "../../core/count.ts";
import { vocPalette } from "../../core/label-map.ts";
import type { TaggedPhotos } from "../cams/classifier.ts";
import { writeAtomically } from "../files.ts";
import { fileOf, type LabelInput } from "../label-input.ts";
import { chooseImages } from "../report/choose-images.ts";
import { renderReport } from "../report/render.ts";
import type { ReportImage } from "../report/report.ts";
import type { SeedRequest } from "../seed.ts";
import type { WorkContext } from "../stage.ts";
import { describeVersions } from "../version.ts";
import type { MadeSeeds } from "./make-seeds.ts";
import type { SeedReport } from "./seed-summary.ts";
import { thresholdTable } from "./threshold-table.ts";

export interface SeedPage {
  readonly request: SeedRequest;
  readonly report: SeedReport;
  readonly tagged: TaggedPhotos;
  readonly made: MadeSeeds;
  readonly truths: LabelInput | null;
}

/** Images that are shown of a run without truth. */
const SHOWN = 20;

/** Writes the page of a run: scores after each stage, the thresholds, the trainings' curves, and heat maps, masks and seeds of some images. */
export async function writeSeedPage(path: string, page: SeedPage, context: WorkContext): Promise<void> {
  const { request, report, tagged, made, truths } = page;
  const { classes, out, crf, tags } = request;
  const palette = classes.palette ?? vocPalette();
  const images = report.perImage.map(({ id, before, after }): ReportImage => ({ id, before, after }));
  const shown = chooseShown(images);
  const pictures = await Promise.all(
    shown.map(({ id }) =>
      context.pool.run("seed-panels", {
        id,
        photo: fileOf(tagged.photos, id),
        rounds: made.rounds.map(({ prefix, label, cams, isRefined }) => ({
          label,
          cam: cams(id),
          refined: isRefined ? join(out, `${prefix}refined`, `${id}.safetensors`) : null,
          seed: join(out, `${prefix}seeds`, `${id}.png`),
        })),
        proposals: made.proposals,
        truth: truths?.files.get(id) ?? null,
        palette,
      }),
    ),
  );
  const rendered = renderReport({
    title: "Seeds from tags",
    summary: summarize(report),
    notes: notesOf(page),
    stages: report.stages,
    tables: [
      thresholdTable(made.rounds, {
        classNames: classes.classes,
        tags: tags === null ? null : tagged.tags,
        crf,
        stages: report.stages,
      }),
    ],
    trainings: made.trainings,
    images,
    pictures,
    classNames: classes.classes,
    palette,
    facts: factsOf(page),
  });
  writeAtomically(path, rendered);
}

/** The best and the worst by gain, or of a run that has no scores some that are spread over it. */
function chooseShown(images: readonly ReportImage[]): readonly ReportImage[] {
  const { best, worst } = chooseImages(images);
  if (best.length > 0) return [...best, ...worst];
  const count = Math.min(SHOWN, images.length);
  return Array.from({ length: count }, (_, k) => images[Math.floor((k * images.length) / count)]);
}

/** "mIoU 27.40 → 28.90 over 49 images", or how much is labeled. */
function summarize({ stages, scored, images, labeled, pixels }: SeedReport): string {
  const [before, after] = [stages[0], stages[stages.length - 1]].map((stage) => stage?.scores.miou ?? null);
  if (before === null || after === null)
    return `${formatCount(images, "image")}, ${percent(labeled, pixels)} of the pixels labeled`;
  return `mIoU ${(100 * before).toFixed(2)} → ${(100 * after).toFixed(2)} over ${formatCount(scored, "image")}`;
}

function notesOf({ request, report, made }: SeedPage): string[] {
  const { cams } = request;
  const { isRefined, recipe } = made.rounds[made.rounds.length - 1];
  const notes: string[] = [];
  if (cams.kind === "made" && cams.source.kind === "classifier")
    notes.push("CAMs are of a classifier whose head was trained on the tags of these very photos.");
  if (cams.kind === "made" && cams.source.kind === "clip")
    notes.push("CAMs are CLIP's, told what the classes are called (CLIP-ES): nothing was trained.");
  if (cams.kind === "made" && cams.source.kind === "contexts")
    notes.push("CAMs are CLIP's, with contexts that an earlier run learned.");
  if (cams.kind === "folder" && !cams.isRefined && !isRefined && recipe.affinity !== null)
    notes.push("There is no attention beside the CAMs, so no affinity refined them.");
  if (report.stages.length > 0 && report.scored < report.images)
    notes.push(`${report.scored} of the ${report.images} images have a truth.`);
  return notes;
}

function factsOf({ request, report }: SeedPage): { name: string; value: string }[] {
  const { images, failures, pixels, labeled, masks, lost, options, fingerprint } = report;
  return [
    { name: "command", value: request.commandLine },
    { name: "options", value: JSON.stringify(options) },
    {
      name: "images",
      value: failures.length === 0 ? `${images}` : `${images}, and ${failures.length} failures`,
    },
    { name: "pixels labeled", value: percent(labeled, pixels) },
    { name: "masks", value: `${masks} (${(masks / Math.max(images, 1)).toFixed(1)} an image)` },
    { name: "images that lost a class", value: String(lost) },
    { name: "data fingerprint", value: fingerprint },
    { name: "maskwright", value: describeVersions() },
  ];
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
}
