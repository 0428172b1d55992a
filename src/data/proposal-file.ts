import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { badFormat, type MaskwrightError } from "../core/error.ts";
import {
  type Box,
  boxFromCoco,
  boxToCoco,
  boxToSam,
  type CocoBox,
  isWholePicture,
  type Point,
  type Size,
} from "../core/geometry.ts";
import { checkSize, MAX_PROPOSALS } from "../core/limits.ts";
import type { Proposal, ProposalSet } from "../core/proposal.ts";
import { type Rle, rleArea, rleBox, validateRle } from "../core/rle.ts";
import { decodeRleString, encodeRleString } from "../core/rle-string.ts";
import { parseJson } from "./json-file.ts";
import { pathFault, pictureId } from "./picture-id.ts";
import { quote } from "./problems.ts";

/** Bytes of JSON, after decompression; V8's longest string is a little over. */
const MAX_BYTES = 500_000_000;

/**
 * Proposals from one of three kinds of JSON, plain or gzip:
 *
 * - ours: `{ image: { id, height, width }, model, annotations: [record, …] }`;
 * - SA-1B's, whose `image` has `image_id` and `file_name` instead of `id`;
 * - a bare list of records, as `SamAutomaticMaskGenerator` returns it with `output_mode="coco_rle"` or
 *   `"uncompressed_rle"`. An empty list does not say the picture's size: 0×0.
 *
 * Area and box are recomputed from the run lengths, never taken from the record: SAM's own boxes are one
 * pixel short. A quality number that is absent or null is NaN. Keys not named here are ignored.
 *
 * @param where  the file's path: names it in messages, and gives the id when the content has none
 * @throws MaskwrightError BAD_FORMAT with the key, e.g. "a.json: annotations[3].predicted_iou: expected …"
 */
export function decodeProposals(file: Uint8Array | string, where: string): ProposalSet {
  const content = parse(typeof file === "string" ? Buffer.from(file) : file, where);
  if (Array.isArray(content)) {
    const size = content.length === 0 ? { height: 0, width: 0 } : firstSize(content[0], where);
    return { id: stem(where), ...size, proposals: readRecords(content, size, `${where}: `) };
  }
  const { image, model, annotations } = asObject(content, where);
  if (!Array.isArray(annotations)) throw fault(`${where}: annotations`, "a list", annotations);
  const header = asObject(image, `${where}: image`);
  const size = { height: header.height as number, width: header.width as number };
  // An empty set may not know its picture's size; see `ProposalSet`.
  const isUnknown = annotations.length === 0 && size.height === 0 && size.width === 0;
  if (!isUnknown) checkSize(`${where}: image`, size);
  return {
    id: headerId(header, `${where}: image`) ?? stem(where),
    ...size,
    ...(typeof model === "string" ? { model } : {}),
    proposals: readRecords(annotations, size, `${where}: annotations`),
  };
}

export interface EncodeProposalsOptions {
  /** Of each mask, for masks whose class is known: `category_id`, which readers of proposals pass over. */
  readonly categoryIds?: readonly number[];
  /** Write boxes as SAM does, one pixel short on the right and bottom; default false. Readers go by the masks either way. */
  readonly shortBoxes?: boolean;
}

/**
 * The JSON of a proposal set, in the first form of `decodeProposals`: one record a line, `bbox` in whole
 * pixels as COCO means it (SAM's is one short), `crop_box` the whole picture where a proposal has none, NaN qualities as null.
 */
export function encodeProposals(
  { id, height, width, model, proposals }: ProposalSet,
  options: EncodeProposalsOptions = {},
): string {
  const { categoryIds, shortBoxes = false } = options;
  const image = JSON.stringify({ id, height, width });
  const head = model === undefined ? `"image":${image}` : `"image":${image},"model":${JSON.stringify(model)}`;
  const records = proposals.map((proposal, k) =>
    JSON.stringify({
      ...toRecord(proposal, shortBoxes),
      ...(categoryIds === undefined ? {} : { category_id: categoryIds[k] }),
    }),
  );
  return `{${head},"annotations":[${records.length === 0 ? "" : `\n${records.join(",\n")}\n`}]}\n`;
}

function toRecord(proposal: Proposal, shortBoxes: boolean): object {
  const { rle, area, box, predictedIou, stability, point, cropBox, level } = proposal;
  return {
    segmentation: { size: [rle.height, rle.width], counts: encodeRleString(rle) },
    area,
    bbox: box === null ? [0, 0, 0, 0] : shortBoxes ? shortBox(box) : boxToCoco(box),
    predicted_iou: predictedIou, // JSON has no NaN: stringify writes null
    stability_score: stability,
    point_coords: point === undefined ? [] : [[point.x, point.y]],
    crop_box: cropBox === undefined ? [0, 0, rle.width, rle.height] : boxToCoco(cropBox),
    ...(level === undefined ? {} : { level }),
  };
}

/** SAM takes the last column and row for the end of a box (segment-anything, `utils/amg.py`, `box_xyxy_to_xywh`). */
function shortBox(box: Box): readonly number[] {
  const [x0, y0, x1, y1] = boxToSam(box);
  return [x0, y0, x1 - x0, y1 - y0];
}

/** Straight to the engine's parser, which does not recurse; ours knows the byte order mark and says where a fault is. */
function parse(bytes: Uint8Array, where: string): unknown {
  const plain = unpack(bytes, where);
  if (plain.length > MAX_BYTES) throw badFormat(where, `at most ${MAX_BYTES} bytes`, String(plain.length));
  try {
    return JSON.parse(Buffer.from(plain.buffer, plain.byteOffset, plain.length).toString());
  } catch {
    return parseJson(plain, where);
  }
}

function unpack(bytes: Uint8Array, where: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES }); // the limit stops a bomb before it is allocated
  } catch (cause) {
    throw badFormat(where, `gzip of at most ${MAX_BYTES} bytes`, (cause as Error).message);
  }
}

function readRecords(records: readonly unknown[], size: Size, where: string): Proposal[] {
  if (records.length > MAX_PROPOSALS)
    throw badFormat(where.replace(/: $/, ""), `at most ${MAX_PROPOSALS} proposals`, String(records.length));
  return records.map((record, k) => readRecord(record, size, `${where}[${k}]`));
}

function readRecord(value: unknown, size: Size, where: string): Proposal {
  const record = asObject(value, where);
  const rle = readSegmentation(record.segmentation, size, `${where}.segmentation`);
  const point = readPoint(record.point_coords, where);
  const cropBox = readCropBox(record.crop_box, size, where);
  const level = readLevel(record.level, where);
  return {
    rle,
    area: rleArea(rle),
    box: rleBox(rle),
    predictedIou: readQuality(record.predicted_iou, where, "predicted_iou"),
    stability: readQuality(record.stability_score, where, "stability_score"),
    ...(point !== null && { point }),
    ...(cropBox !== null && { cropBox }),
    ...(level !== null && { level }),
  };
}

function readSegmentation(value: unknown, picture: Size, where: string): Rle {
  const { size, counts } = asObject(value, where);
  const { height, width } = readSize(size, where);
  if (height !== picture.height || width !== picture.width)
    throw badFormat(`${where}.size`, `[${picture.height}, ${picture.width}]`, `[${height}, ${width}]`);
  if (typeof counts === "string") return decodeRleString(counts, picture, where);
  if (Array.isArray(counts)) return validateRle({ height, width, counts }, where);
  throw fault(`${where}.counts`, "a COCO string or a list of run lengths", counts);
}

function firstSize(record: unknown, where: string): Size {
  const { segmentation } = asObject(record, `${where}: [0]`);
  return readSize(asObject(segmentation, `${where}: [0].segmentation`).size, `${where}: [0].segmentation`);
}

function readSize(value: unknown, where: string): Size {
  if (!Array.isArray(value) || value.length !== 2) throw fault(`${where}.size`, "[height, width]", value);
  return { height: value[0], width: value[1] };
}

function readQuality(value: unknown, where: string, key: string): number {
  if (typeof value === "number") return value;
  if (value === undefined || value === null) return Number.NaN;
  throw fault(`${where}.${key}`, "a number", value);
}

/** SAM writes a list of one point. */
function readPoint(value: unknown, where: string): Point | null {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return null;
  const first = Array.isArray(value) ? value[0] : undefined;
  if (Array.isArray(first) && typeof first[0] === "number" && typeof first[1] === "number")
    return { x: first[0], y: first[1] };
  throw fault(`${where}.point_coords`, "[[x, y]]", value);
}

/** [x, y, width, height]; null for the whole picture. */
function readCropBox(value: unknown, size: Size, where: string): Box | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value.length !== 4 || !value.every(Number.isFinite))
    throw fault(`${where}.crop_box`, "[x, y, width, height]", value);
  const box = boxFromCoco(value as unknown as CocoBox);
  return isWholePicture(box, size) ? null : box;
}

function readLevel(value: unknown, where: string): 0 | 1 | 2 | null {
  if (value === undefined || value === null) return null;
  if (value === 0 || value === 1 || value === 2) return value;
  throw fault(`${where}.level`, "0, 1 or 2", value);
}

/** The id in the picture's header; SA-1B has its file name there, "sa_1.jpg". */
function headerId({ id, file_name: fileName }: Record<string, unknown>, where: string): string | null {
  const [key, value] = id === undefined ? ["file_name", fileName] : ["id", id];
  if (value === undefined) return null;
  if (typeof value !== "string") throw fault(`${where}.${key}`, "a picture id", value);
  const problem = pathFault(value);
  if (problem !== null) throw badFormat(`${where}.${key}`, "a picture id", `${problem}: ${quote(value)}`);
  return key === "id" ? value : pictureId(value);
}

/** "dir/a.json.gz" → "a". */
function stem(path: string): string {
  return pictureId(basename(path).replace(/\.gz$/i, ""));
}

function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw fault(where, "an object", value);
}

function fault(where: string, expected: string, got: unknown): MaskwrightError {
  return badFormat(where, expected, quote(got));
}
