import { formatCount } from "../../core/count.ts";
import { vocPalette } from "../../core/label-map.ts";
import type { ClassList } from "../../data/class-list.ts";
import { writeAtomically } from "../files.ts";
import { fileOf, type LabelInput } from "../label-input.ts";
import { chooseImages } from "../report/choose-images.ts";
import { formatPercent } from "../report/figures.ts";
import { renderReport } from "../report/render.ts";
import type { ReportFact, ReportImage, ReportTraining } from "../report/report.ts";
import type { WorkContext } from "../stage.ts";
import type { LayerFile } from "../tasks/layers.ts";
import { describeVersions } from "../version.ts";
import type { RecipeReport } from "./recipe-report.ts";
import type { StageLayer } from "./recipe-stage.ts";
import type { JudgedLayer } from "./score-layers.ts";

export interface RecipePage {
  readonly title: string;
  /** What to know before believing the figures. */
  readonly notes: readonly string[];
  readonly report: RecipeReport;
  readonly layers: readonly StageLayer[];
  readonly judged: readonly JudgedLayer[];
  readonly trainings: readonly ReportTraining[];
  /** Photos to choose from. */
  readonly ids: readonly string[];
  readonly photos: ReadonlyMap<string, string>;
  readonly truth: LabelInput | null;
  readonly classes: ClassList;
  readonly commandLine: string;
}

/** Photos that are shown of a run without truth. */
const SHOWN = 20;

/** Writes the page of a run: scores after each stage, curves of what was trained, and all layers of some photos. */
export async function writeRecipePage(path: string, page: RecipePage, context: WorkContext): Promise<void> {
  const { title, notes, report, judged, trainings, ids, photos, classes } = page;
  const palette = classes.palette ?? vocPalette();
  const [first, last] = [judged[0], judged[judged.length - 1]];
  const images = ids.map((id): ReportImage => {
    const before = first?.perImage.get(id) ?? null;
    return { id, before, after: last === first ? null : (last?.perImage.get(id) ?? null) };
  });
  const pictures = await Promise.all(
    chooseShown(images, judged.length > 1).map(({ id }) =>
      context.pool.run("layers", { id, photo: fileOf(photos, id), layers: layersOf(id, page), palette }),
    ),
  );
  const rendered = renderReport({
    title,
    summary: summarize(report),
    notes: [...notes, ...scoreNotes(report)],
    stages: report.scores,
    trainings,
    images,
    pictures,
    classNames: classes.classes,
    palette,
    facts: factsOf(page),
  });
  writeAtomically(path, rendered);
}

/** The best and the worst by gain, or without gains some that are spread over the run. */
function chooseShown(images: readonly ReportImage[], isCompared: boolean): readonly ReportImage[] {
  const { best, worst } = chooseImages(images);
  if (isCompared && best.length > 0) return [...best, ...worst];
  const count = Math.min(SHOWN, images.length);
  return Array.from({ length: count }, (_, k) => images[Math.floor((k * images.length) / count)]);
}

/** What there is of a photo, and its truth. */
function layersOf(id: string, { layers, truth }: RecipePage): LayerFile[] {
  const files = layers.flatMap((layer): LayerFile[] => {
    const { name: caption } = layer;
    if (layer.kind === "proposals") return [{ kind: "proposals", caption, folder: layer.folder }];
    const { input, cams } = layer;
    const path = input.files.get(id);
    if (path === undefined) return [];
    return input.kind === "cams"
      ? [{ kind: "cam", caption, path, keyBase: cams.keyBase }]
      : [{ kind: "labels", caption, path }];
  });
  const path = truth?.files.get(id);
  return path === undefined ? files : [...files, { kind: "labels", caption: "truth", path }];
}

/** "mIoU 27.40 → 28.90 over 49 images" */
function summarize({ scores, images }: RecipeReport): string {
  const [before, after] = [scores[0], scores[scores.length - 1]];
  if (after === undefined) return `${formatCount(images, "image")}.`;
  const miou =
    scores.length === 1
      ? formatPercent(after.scores.miou)
      : `${formatPercent(before.scores.miou)} → ${formatPercent(after.scores.miou)}`;
  return `mIoU ${miou} over ${formatCount(after.images, "image")}.`;
}

function scoreNotes({ scores, unseen, images }: RecipeReport): string[] {
  const counts = new Set(scores.map((layer) => layer.images));
  const [count] = counts;
  return [
    ...(counts.size > 1
      ? [
          `Stages were scored over different photos: ${scores.map(({ name, images }) => `${name} ${images}`).join(", ")}.`,
        ]
      : []),
    ...(counts.size === 1 && count < images ? [`${count} of the ${images} photos have a truth.`] : []),
    ...(unseen.length === 0
      ? []
      : [
          `Of the ${formatCount(unseen[0].images, "photo")} that no network was trained on, mIoU: ${unseen.map(({ name, scores }) => `${name} ${formatPercent(scores.miou)}`).join(", ")}.`,
        ]),
  ];
}

function factsOf({ report, commandLine }: RecipePage): ReportFact[] {
  const { stages, images, failures, options, fingerprint } = report;
  return [
    { name: "command", value: commandLine },
    {
      name: "images",
      value: failures.length === 0 ? `${images}` : `${images}, and ${failures.length} failures`,
    },
    ...stages.map(({ folder, title }) => ({ name: folder, value: title })),
    ...stages.flatMap(({ figures }) => figures),
    { name: "recipe", value: JSON.stringify(options, null, 1) },
    { name: "data fingerprint", value: fingerprint },
    { name: "maskwright", value: describeVersions() },
  ];
}
