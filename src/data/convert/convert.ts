import { invalid } from "../../core/error.ts";
import type { ClassList } from "../class-list.ts";
import { splitIds } from "../split.ts";
import { cocoPolygons, cocoRle } from "./coco.ts";
import { cocoPanoptic } from "./coco-panoptic.ts";
import { cvat } from "./cvat.ts";
import type { AnnotationFormat } from "./format.ts";
import { huggingFace } from "./hf.ts";
import type { ConvertJob, ConvertWatch } from "./job.ts";
import { labelStudio } from "./label-studio.ts";
import { labelme } from "./labelme.ts";
import { labelFolder } from "./labels.ts";
import { hasLosses, type LossLedger, openLedger } from "./ledger.ts";
import { mmseg } from "./mmseg.ts";
import { writeWhole } from "./output.ts";
import { foldersToProposals, proposalsToFolders } from "./proposals.ts";
import { transfer } from "./transfer.ts";
import { voc } from "./voc.ts";
import { yoloSeg } from "./yolo.ts";

/** Formats of annotated pictures: any of them becomes any other. */
type AnnotationFormatName =
  | "labels"
  | "coco"
  | "coco-rle"
  | "coco-panoptic"
  | "yolo-seg"
  | "voc"
  | "label-studio"
  | "cvat"
  | "labelme"
  | "mmseg"
  | "hf";

const annotationFormats: Readonly<Record<AnnotationFormatName, AnnotationFormat>> = {
  labels: labelFolder,
  coco: cocoPolygons,
  "coco-rle": cocoRle,
  "coco-panoptic": cocoPanoptic,
  "yolo-seg": yoloSeg,
  voc,
  "label-studio": labelStudio,
  cvat,
  labelme,
  mmseg,
  hf: huggingFace,
};

export type ConvertFormat = AnnotationFormatName | "proposals" | "sepl-folder";

/** What can be converted; proposals and folders of their masks become one another only. */
export const convertFormats: readonly ConvertFormat[] = [
  ...(Object.keys(annotationFormats) as AnnotationFormatName[]),
  "proposals",
  "sepl-folder",
];

export interface ConvertOptions {
  readonly from: ConvertFormat;
  readonly to: ConvertFormat;
  /** Names and colors of the classes; by default those of the input, or numbers. */
  readonly classes?: ClassList;
  /** The folder of photos, for formats that hold photos or do not tell sizes. */
  readonly images?: string;
  /** How photos come into a format that has a place for them. @default "link" */
  readonly photos?: "link" | "copy";
  /** The pictures to validate with: a share of them, or their ids. By default pictures stay in the splits they have. */
  readonly validation?: number | readonly string[];
  /** Write nothing when the target cannot hold everything. @default false */
  readonly strict?: boolean;
  readonly watch?: ConvertWatch;
}

export interface Conversion extends LossLedger {
  readonly from: ConvertFormat;
  readonly to: ConvertFormat;
  /** false when `strict` refused the losses. */
  readonly written: boolean;
}

/**
 * Converts a data set from one format to another, reads the result back and accounts for what was lost on the way.
 * The output appears when it is complete: a failure or a refusal leaves nothing.
 *
 * @param output  a file for COCO JSON and CVAT's XML, a folder for all others; nothing or an empty folder may be there
 * @throws MaskwrightError INVALID_ARGUMENT for a pair of formats without conversion or an output that is not free;
 *         what the reader of the input throws
 */
export async function convert(input: string, output: string, options: ConvertOptions): Promise<Conversion> {
  const { from, to, classes = null, strict = false, watch = unwatched } = options;
  const { images = null, photos = "link", validation } = options;
  const { kind, run } = converterOf(from, to);
  const ledger = openLedger();
  return writeWhole(output, kind, async (temporary) => {
    await run({
      input,
      output: temporary,
      classes,
      images,
      photos,
      validation: validation === undefined ? null : validationSet(validation),
      ledger,
      watch,
    });
    const closed = ledger.close();
    return { from, to, written: !(strict && hasLosses(closed)), ...closed };
  });
}

interface Converter {
  readonly kind: "file" | "folder";
  run(job: ConvertJob): Promise<void>;
}

function converterOf(from: ConvertFormat, to: ConvertFormat): Converter {
  if (isAnnotation(from) && isAnnotation(to)) {
    const [source, target] = [annotationFormats[from], annotationFormats[to]];
    return { kind: target.output, run: (job) => transfer(job, source, target) };
  }
  if (from === "proposals" && to === "sepl-folder") return { kind: "folder", run: proposalsToFolders };
  if (from === "sepl-folder" && to === "proposals") return { kind: "folder", run: foldersToProposals };
  const pairs = `any two of ${Object.keys(annotationFormats).join(", ")}, or proposals and sepl-folder`;
  throw invalid("convert", pairs, `${from} → ${to}`);
}

function isAnnotation(format: ConvertFormat): format is keyof typeof annotationFormats {
  return format in annotationFormats;
}

function validationSet(
  validation: number | readonly string[],
): (ids: readonly string[]) => ReadonlySet<string> {
  return (ids) => {
    if (typeof validation === "number") return new Set(splitIds(ids, { share: validation }).validation);
    const all = new Set(ids);
    const unknown = validation.find((id) => !all.has(id));
    if (unknown !== undefined) throw invalid("convert: validation", "ids of pictures in the input", unknown);
    return new Set(validation);
  };
}

const unwatched: ConvertWatch = { begin: () => {}, advance: async () => {} };
