import { basename } from "node:path";
import { shapeMismatch } from "../core/error.ts";
import { formatSize, isSameSize, isWholePicture } from "../core/geometry.ts";
import type { Proposal, ProposalSet } from "../core/proposal.ts";
import { decodeRle, type Rle, rleArea, rleBox } from "../core/rle.ts";
import { decodeMaskRle, encodeMask, type MaskEncoding, type MaskFile } from "./mask-file.ts";
import { METADATA } from "./mask-folder.ts";
import type { OddMasks } from "./odd-masks.ts";
import { decodeMaskMetadata, encodeMaskMetadata, type MaskMetadata } from "./proposal-metadata.ts";

export interface DecodeProposalsOptions {
  /**
   * Take masks as the published SEPL code does: only files with 0 and 255 count, all others are empty masks, and
   * `metadata.csv` is passed over.
   * @default false
   */
  readonly published?: boolean;
}

/** A set, and what its reader has to say about the files. */
export interface DecodedProposals {
  readonly set: ProposalSet;
  readonly oddMasks: readonly OddMasks[];
}

/** A file that has been read: its bytes are hashed for resuming before they are decoded. */
export interface InputFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The proposals in a folder with a PNG for each mask, as SEPL reads and SAM's `scripts/amg.py` writes them, in the
 * order of `listMaskFolder`. Qualities and points come from `metadata.csv`, where present. No files are a picture
 * without proposals, of unknown size (0×0).
 *
 * Differs from the published code, unless asked to be `published`: 0/1, 1-bit and palette masks are read as what
 * they mean, with a warning that the published code sees no mask there.
 *
 * @throws MaskwrightError BAD_FORMAT for a file that is no mask, SHAPE_MISMATCH for masks of two sizes; with the path
 */
export function decodeProposalFolder(
  files: readonly InputFile[],
  id: string,
  { published = false }: DecodeProposalsOptions = {},
): DecodedProposals {
  const table = files.find(({ path }) => basename(path) === METADATA);
  const metadata = table === undefined || published ? new Map() : decodeMaskMetadata(table.bytes, table.path);
  const maskFiles = files.filter((file) => file !== table);
  const paths = maskFiles.map(({ path }) => path);
  const masks = maskFiles.map(({ bytes, path }) => decodeMaskRle(bytes, path));
  const { height, width } = masks[0]?.rle ?? { height: 0, width: 0 };
  const proposals = masks.map(({ rle, encoding }, k) => {
    if (!isSameSize(rle, { height, width })) {
      const expected = `${formatSize({ height, width })} like ${basename(paths[0])}`;
      throw shapeMismatch(paths[k], expected, formatSize(rle), "Masks of one picture only.");
    }
    const isEmpty = published && encoding !== "0/255";
    return toProposal(isEmpty ? emptyRle(rle) : rle, metadata.get(basename(paths[k]).replace(/\.?png$/, "")));
  });
  return { set: { id, height, width, proposals }, oddMasks: findOddMasks(paths, masks) };
}

/** The files of a folder of masks by name: "0.png", "1.png", … in the order of the set, and `metadata.csv`. */
export function encodeProposalFolder(set: ProposalSet): Map<string, Uint8Array> {
  const files = new Map(set.proposals.map(({ rle }, k) => [`${k}.png`, encodeMask(decodeRle(rle))]));
  return files.set(METADATA, Buffer.from(encodeMaskMetadata(set)));
}

function toProposal(rle: Rle, metadata: MaskMetadata | undefined): Proposal {
  const { cropBox, ...known } = metadata ?? { predictedIou: Number.NaN, stability: Number.NaN };
  const isPart = cropBox !== undefined && !isWholePicture(cropBox, rle);
  return { rle, area: rleArea(rle), box: rleBox(rle), ...known, ...(isPart && { cropBox }) };
}

function emptyRle({ height, width }: Rle): Rle {
  return { height, width, counts: Uint32Array.of(height * width) };
}

/** One entry for each way, other than 0 and 255, in which files of the folder say "set". */
function findOddMasks(paths: readonly string[], masks: readonly MaskFile[]): OddMasks[] {
  const found = new Map<MaskEncoding, OddMasks>();
  for (const [k, { encoding }] of masks.entries()) {
    if (encoding === "0/255") continue;
    const { count, first } = found.get(encoding) ?? { count: 0, first: paths[k] };
    found.set(encoding, { encoding, count: count + 1, first });
  }
  return [...found.values()];
}
