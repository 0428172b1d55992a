import { invalid } from "../../core/error.ts";
import type { ClassList } from "../class-list.ts";
import { cocoToLabels } from "./coco-to-labels.ts";
import type { ConvertJob, ConvertWatch } from "./job.ts";
import { labelsToCoco } from "./labels-to-coco.ts";
import { hasLosses, type LossLedger, openLedger } from "./ledger.ts";
import { writeWhole } from "./output.ts";
import { foldersToProposals, proposalsToFolders } from "./proposals.ts";

/**
 * What can be converted: a folder of label PNGs, COCO JSON with polygons or with run lengths, a folder of proposals
 * JSON, and folders of mask PNGs.
 */
export const convertFormats = ["labels", "coco", "coco-rle", "proposals", "sepl-folder"] as const;
export type ConvertFormat = (typeof convertFormats)[number];

const converters: Readonly<
  Partial<Record<`${ConvertFormat} → ${ConvertFormat}`, (job: ConvertJob) => Promise<void>>>
> = {
  "labels → coco": (job) => labelsToCoco(job, "polygons"),
  "labels → coco-rle": (job) => labelsToCoco(job, "rle"),
  "coco → labels": cocoToLabels,
  "coco-rle → labels": cocoToLabels,
  "proposals → sepl-folder": proposalsToFolders,
  "sepl-folder → proposals": foldersToProposals,
};

export interface ConvertOptions {
  readonly from: ConvertFormat;
  readonly to: ConvertFormat;
  /** Names and colors of the classes; by default COCO's own categories, or numbers. */
  readonly classes?: ClassList;
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
 * @param output  a file for COCO JSON, a folder for all others; nothing or an empty folder may be there
 * @throws MaskwrightError INVALID_ARGUMENT for a pair of formats without conversion or an output that is not free;
 *         what the reader of the input throws
 */
export async function convert(input: string, output: string, options: ConvertOptions): Promise<Conversion> {
  const { from, to, classes = null, strict = false, watch = unwatched } = options;
  const converter = converters[`${from} → ${to}`];
  if (converter === undefined)
    throw invalid("convert", `one of ${Object.keys(converters).join(", ")}`, `${from} → ${to}`);
  const ledger = openLedger();
  const kind = to === "coco" || to === "coco-rle" ? "file" : "folder";
  return writeWhole(output, kind, async (temporary) => {
    await converter({ input, output: temporary, classes, ledger, watch });
    const closed = ledger.close();
    return { from, to, written: !(strict && hasLosses(closed)), ...closed };
  });
}

const unwatched: ConvertWatch = { begin: () => {}, advance: async () => {} };
