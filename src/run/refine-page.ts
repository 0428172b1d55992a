import { formatCount } from "../core/count.ts";
import { vocPalette } from "../core/label-map.ts";
import type { ClassList } from "../data/class-list.ts";
import { writeAtomically } from "./files.ts";
import { type CamReading, fileOf, type LabelInput, openLabels } from "./label-input.ts";
import type { RefineReport } from "./refine-summary.ts";
import { chooseImages } from "./report/choose-images.ts";
import { renderReport } from "./report/render.ts";
import type { ReportImage } from "./report/report.ts";
import type { WorkContext } from "./stage.ts";
import { describeVersions } from "./version.ts";

export interface RefinePageInputs {
  readonly title: string;
  /** What the reader must know before believing the figures. */
  readonly notes: readonly string[];
  readonly report: RefineReport;
  readonly labels: LabelInput;
  readonly cams: CamReading;
  /** Folder of proposals, any layout. */
  readonly proposals: string;
  readonly refined: LabelInput;
  readonly truth: string;
  /** Photos by id; an image without one is drawn over gray. */
  readonly photos: ReadonlyMap<string, string>;
  readonly classes: ClassList;
  readonly commandLine: string;
}

/** Writes the page of a scored refinement: figures before and after, and pictures of the best and worst images. */
export async function writeRefinePage(
  path: string,
  inputs: RefinePageInputs,
  context: WorkContext,
): Promise<void> {
  const { title, notes, report, labels, cams, proposals, refined, truth, photos, classes, commandLine } =
    inputs;
  if (report.scores === null) return;
  const { before, after } = report.scores;
  const palette = classes.palette ?? vocPalette();
  const images = report.perImage.map(
    ({ id, changed, before = null, after = null }): ReportImage => ({ id, changed, before, after }),
  );
  const { best, worst } = chooseImages(images);
  const truths = openLabels(truth).files;
  const pictures = await Promise.all(
    [...best, ...worst].map(({ id }) =>
      context.pool.run("panels", {
        id,
        photo: photos.get(id) ?? null,
        before: fileOf(labels.files, id),
        cams,
        proposals,
        after: fileOf(refined.files, id),
        truth: fileOf(truths, id),
        palette,
      }),
    ),
  );
  const page = renderReport({
    title,
    summary: summarize(report),
    notes,
    stages: [
      { name: "before", scores: before },
      { name: "after", scores: after },
    ],
    trainings: [],
    images,
    pictures,
    classNames: classes.classes,
    palette,
    facts: facts(report, commandLine),
  });
  writeAtomically(path, page);
}

/** "mIoU 60.94 → 66.20 (+5.26) over 49 images" */
export function summarize({ scores, images }: RefineReport): string {
  const before = scores?.before.miou ?? null;
  const after = scores?.after.miou ?? null;
  if (before === null || after === null) return formatCount(images, "image");
  const gain = 100 * (after - before);
  const sign = gain < 0 ? "−" : "+";
  return `mIoU ${(100 * before).toFixed(2)} → ${(100 * after).toFixed(2)} (${sign}${Math.abs(gain).toFixed(2)}) over ${formatCount(images, "image")}`;
}

function facts(report: RefineReport, commandLine: string): { name: string; value: string }[] {
  const { options, images, failures, pixels, changed, proposals, taken, vanished, fingerprint } = report;
  const share = (part: number, whole: number): string =>
    `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
  return [
    { name: "command", value: commandLine },
    { name: "options", value: JSON.stringify(options) },
    {
      name: "images",
      value: failures.length === 0 ? `${images}` : `${images}, and ${failures.length} failed`,
    },
    { name: "pixels changed", value: share(changed, pixels) },
    { name: "proposals taken", value: `${taken} of ${proposals} (${share(taken, proposals)})` },
    { name: "images that lost a class", value: String(vanished) },
    { name: "data fingerprint", value: fingerprint },
    { name: "maskwright", value: describeVersions() },
  ];
}
