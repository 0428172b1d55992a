import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { badFormat, MaskwrightError } from "../core/error.ts";
import { boxToCoco, type Point, type Size } from "../core/geometry.ts";
import { checkSize } from "../core/limits.ts";
import type { Proposal, ProposalSet } from "../core/proposal.ts";
import { type Rle, rleArea, rleBox, validateRle } from "../core/rle.ts";
import { decodeRleString, encodeRleString } from "../core/rle-string.ts";

/** Proposals of one picture that are read; SAM's densest published grid gives under 5,000. */
export const MAX_PROPOSALS = 100_000;
/** Bytes of JSON, after decompression; V8's longest string is a little over. */
const MAX_BYTES = 500_000_000;

/**
 * Proposals from one of three kinds of JSON, plain or gzip:
 *
 * - ours: `{ image: { id, height, width }, annotations: [record, …] }`;
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
  const content = parseJson(file, where);
  if (Array.isArray(content)) {
    const size = content.length === 0 ? { height: 0, width: 0 } : firstSize(content[0], where);
    return { id: stem(where), ...size, proposals: readRecords(content, size, `${where}: `) };
  }
  const { image, annotations } = asObject(content, where);
  if (!Array.isArray(annotations)) throw missing(`${where}: annotations`, "a list", annotations);
  const header = asObject(image, `${where}: image`);
  const size = { height: header.height as number, width: header.width as number };
  // An empty set may not know its picture's size; see `ProposalSet`.
  const isUnknown = annotations.length === 0 && size.height === 0 && size.width === 0;
  if (!isUnknown) checkSize(`${where}: image`, size);
  return {
    id: headerId(header) ?? stem(where),
    ...size,
    proposals: readRecords(annotations, size, `${where}: annotations`),
  };
}

/**
 * The JSON of a proposal set, in the first form of `decodeProposals`: one record a line, `bbox` in whole
 * pixels as COCO means it (SAM's is one short), `crop_box` the whole picture, NaN qualities as null.
 */
export function encodeProposals({ id, height, width, proposals }: ProposalSet): string {
  const head = JSON.stringify({ id, height, width });
  const records = proposals.map((proposal) => JSON.stringify(toRecord(proposal)));
  return `{"image":${head},"annotations":[${records.length === 0 ? "" : `\n${records.join(",\n")}\n`}]}\n`;
}

function toRecord({ rle, area, box, predictedIou, stability, point, level }: Proposal): object {
  return {
    segmentation: { size: [rle.height, rle.width], counts: encodeRleString(rle) },
    area,
    bbox: box === null ? [0, 0, 0, 0] : boxToCoco(box),
    predicted_iou: predictedIou, // JSON has no NaN: stringify writes null
    stability_score: stability,
    point_coords: point === undefined ? [] : [[point.x, point.y]],
    crop_box: [0, 0, rle.width, rle.height],
    ...(level === undefined ? {} : { level }),
  };
}

function parseJson(file: Uint8Array | string, where: string): unknown {
  try {
    return JSON.parse(typeof file === "string" ? file : toText(file, where));
  } catch (cause) {
    if (cause instanceof MaskwrightError) throw cause;
    throw badFormat(where, "JSON", (cause as Error).message);
  }
}

function toText(bytes: Uint8Array, where: string): string {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  // The output limit stops a decompression bomb before it is allocated.
  const plain = isGzip ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
  if (plain.length > MAX_BYTES) throw badFormat(where, `at most ${MAX_BYTES} bytes`, String(plain.length));
  const text = Buffer.from(plain.buffer, plain.byteOffset, plain.length).toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function readRecords(records: readonly unknown[], size: Size, where: string): Proposal[] {
  if (records.length > MAX_PROPOSALS)
    throw badFormat(where.replace(/: $/, ""), `at most ${MAX_PROPOSALS} proposals`, String(records.length));
  return records.map((record, k) => readRecord(record, size, `${where}[${k}]`));
}

function readRecord(value: unknown, size: Size, where: string): Proposal {
  const record = asObject(value, where);
  const rle = readSegmentation(record.segmentation, size, `${where}.segmentation`);
  const proposal = {
    rle,
    area: rleArea(rle),
    box: rleBox(rle),
    predictedIou: readQuality(record.predicted_iou, where, "predicted_iou"),
    stability: readQuality(record.stability_score, where, "stability_score"),
  };
  const point = readPoint(record.point_coords, where);
  const level = readLevel(record.level, where);
  if (point === null && level === null) return proposal;
  return { ...proposal, ...(point === null ? {} : { point }), ...(level === null ? {} : { level }) };
}

function readSegmentation(value: unknown, picture: Size, where: string): Rle {
  const { size, counts } = asObject(value, where);
  const { height, width } = readSize(size, where);
  if (height !== picture.height || width !== picture.width)
    throw badFormat(`${where}.size`, `[${picture.height}, ${picture.width}]`, `[${height}, ${width}]`);
  if (typeof counts === "string") return decodeRleString(counts, picture, where);
  if (Array.isArray(counts)) return validateRle({ height, width, counts }, where);
  throw missing(`${where}.counts`, "a COCO string or a list of run lengths", counts);
}

function firstSize(record: unknown, where: string): Size {
  const { segmentation } = asObject(record, `${where}: [0]`);
  return readSize(asObject(segmentation, `${where}: [0].segmentation`).size, `${where}: [0].segmentation`);
}

function readSize(value: unknown, where: string): Size {
  if (!Array.isArray(value) || value.length !== 2) throw missing(`${where}.size`, "[height, width]", value);
  return { height: value[0], width: value[1] };
}

function readQuality(value: unknown, where: string, key: string): number {
  if (typeof value === "number") return value;
  if (value === undefined || value === null) return Number.NaN;
  throw missing(`${where}.${key}`, "a number", value);
}

/** SAM writes a list of one point. */
function readPoint(value: unknown, where: string): Point | null {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return null;
  const first = Array.isArray(value) ? value[0] : undefined;
  if (Array.isArray(first) && typeof first[0] === "number" && typeof first[1] === "number")
    return { x: first[0], y: first[1] };
  throw missing(`${where}.point_coords`, "[[x, y]]", value);
}

function readLevel(value: unknown, where: string): 0 | 1 | 2 | null {
  if (value === undefined || value === null) return null;
  if (value === 0 || value === 1 || value === 2) return value;
  throw missing(`${where}.level`, "0, 1 or 2", value);
}

function headerId({ id, file_name: fileName }: Record<string, unknown>): string | null {
  if (typeof id === "string" && id !== "") return id;
  return typeof fileName === "string" && fileName !== "" ? stem(fileName) : null;
}

/** "dir/a.json.gz" → "a". */
function stem(path: string): string {
  return basename(path)
    .replace(/\.gz$/i, "")
    .replace(/\.[^.]+$/, "");
}

function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw missing(where, "an object", value);
}

function missing(where: string, expected: string, got: unknown): MaskwrightError {
  const text = got === undefined ? "nothing" : JSON.stringify(got);
  return badFormat(where, expected, text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
