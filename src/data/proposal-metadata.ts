import { badFormat } from "../core/error.ts";
import { type Box, boxFromCoco, boxToCoco, type CocoBox, type Point } from "../core/geometry.ts";
import type { Proposal, ProposalSet } from "../core/proposal.ts";
import { decodeText } from "./json-file.ts";
import { quote } from "./problems.ts";

/** The columns SAM's `scripts/amg.py` writes, in its order. */
const COLUMNS = [
  "id,area,bbox_x0,bbox_y0,bbox_w,bbox_h,point_input_x,point_input_y",
  "predicted_iou,stability_score,crop_box_x0,crop_box_y0,crop_box_w,crop_box_h",
].join(",");

/** What a `metadata.csv` says about one mask file. */
export interface MaskMetadata {
  readonly predictedIou: number;
  readonly stability: number;
  readonly point?: Point;
  readonly cropBox?: Box;
}

/** `metadata.csv` of a folder of masks, one line for each "k.png". `bbox` is in whole pixels (SAM's is one short), NaN an empty field. */
export function encodeMaskMetadata({ proposals }: ProposalSet): string {
  const lines = proposals.map((proposal, k) => toFields(proposal, k).map(toField).join(","));
  return `${[COLUMNS, ...lines].join("\n")}\n`;
}

function toFields(proposal: Proposal, k: number): number[] {
  const { rle, area, box, predictedIou, stability, point, cropBox } = proposal;
  const whole = { x0: 0, y0: 0, x1: rle.width, y1: rle.height };
  return [
    k,
    area,
    ...boxToCoco(box ?? { x0: 0, y0: 0, x1: 0, y1: 0 }),
    ...(point === undefined ? [Number.NaN, Number.NaN] : [point.x, point.y]),
    predictedIou,
    stability,
    ...boxToCoco(cropBox ?? whole),
  ];
}

function toField(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

/**
 * The lines of a `metadata.csv` by their `id`, the name of the mask file without ".png". Columns are found by
 * name; of them only the qualities, the point and the crop are read, and an empty or absent one is unknown.
 *
 * SAM writes plain numbers, so lines are cut at every comma: a hundred times faster than a parser of all
 * that CSV allows, and this file is read once a picture.
 *
 * @throws MaskwrightError BAD_FORMAT with the line and column
 */
export function decodeMaskMetadata(bytes: Uint8Array, where: string): Map<string, MaskMetadata> {
  const [header, ...lines] = decodeText(bytes, where).split(/\r?\n/);
  const columns = header.split(",").map((name) => name.trim());
  if (!columns.includes("id")) throw badFormat(`${where}:1`, `a header line ${COLUMNS}`, quote(header));
  const found = new Map<string, MaskMetadata>();
  for (const [n, line] of lines.entries()) {
    if (line === "") continue;
    const fields = line.split(",");
    if (fields.length !== columns.length)
      throw badFormat(`${where}:${n + 2}`, `${columns.length} fields`, `${fields.length}`);
    const read = (name: string): number =>
      readNumber(fields[columns.indexOf(name)], `${where}:${n + 2}: ${name}`);
    const point = { x: read("point_input_x"), y: read("point_input_y") };
    const crop = ["x0", "y0", "w", "h"].map((name) => read(`crop_box_${name}`));
    found.set(fields[columns.indexOf("id")].trim(), {
      predictedIou: read("predicted_iou"),
      stability: read("stability_score"),
      ...(!Number.isNaN(point.x) && !Number.isNaN(point.y) && { point }),
      ...(!crop.some(Number.isNaN) && { cropBox: boxFromCoco(crop as unknown as CocoBox) }),
    });
  }
  return found;
}

/** NaN for a field that is empty or absent. */
function readNumber(field: string | undefined, where: string): number {
  const text = field?.trim() ?? "";
  if (text === "" || text === "nan") return Number.NaN;
  const value = Number(text);
  if (!Number.isFinite(value)) throw badFormat(where, "a number", quote(text));
  return value;
}
