import { matchMasks, type PictureMatches } from "../../core/average-precision.ts";
import { MaskwrightError, shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import { BACKGROUND, type ClassId, IGNORE, type LabelMap } from "../../core/label-map.ts";
import { addConfusion, confusion, emptyConfusion } from "../../core/metrics.ts";
import { packError, type RemoteError } from "../../core/remote-error.ts";
import { decodeRle, labelMapToRles, paintRle, type Rle, rleArea } from "../../core/rle.ts";
import { type OriginalPicture, type RowScores, scoreOriginal } from "../../core/row-metric.ts";
import type { CocoInstance } from "../../data/coco.ts";
import { cocoMask, cocoToLabelMap } from "../../data/coco-segmentation.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { centerFrame, placeGray } from "../../methods/wps/frame.ts";
import type { PredictedParts } from "../parts/predicted-parts.ts";

/** A batch of pictures to score: one message to a worker costs as much as a small picture. */
export interface EvaluatePartsTask {
  readonly items: readonly PartsItem[];
  readonly classCount: number;
  /** Class id of each category id of the truth. */
  readonly classIds: ReadonlyMap<number, ClassId>;
  /** Give the published figures, of the items as one batch, in place of ours. */
  readonly original: boolean;
}

export interface PartsItem extends Size, PredictedParts {
  readonly id: string;
  /** What the predictions were read from, for messages. */
  readonly source: string;
  readonly truth: readonly CocoInstance[];
}

export interface EvaluatePartsResult {
  readonly ids: readonly string[];
  /** [N, N+1] summed over the batch. */
  readonly counts: Float64Array;
  /** Of the pictures whose instances are known. */
  readonly matches: readonly PictureMatches[];
  /** One for each class that the truth of a picture has, when the published figures are asked for. */
  readonly rows: readonly RowScores[];
  readonly failures: readonly { readonly id: string; readonly error: RemoteError }[];
}

/** Scores a batch; a picture that cannot be scored is reported beside the others. */
export function evaluateParts(task: EvaluatePartsTask): EvaluatePartsResult {
  const { items, classCount, classIds, original } = task;
  const total = emptyConfusion(classCount);
  const ids: string[] = [];
  const matches: PictureMatches[] = [];
  const pictures: OriginalPicture[] = [];
  const failures: { id: string; error: RemoteError }[] = [];
  for (const item of items) {
    try {
      const labels = labelsOf(item);
      if (original) pictures.push(squarePicture(item, labels, classIds));
      else {
        addConfusion(total, confusion(labels, cocoToLabelMap(item.truth, item, classIds), classCount));
        if (item.found !== null) matches.push(matchMasks(item.found.masks, trueMasks(item, classIds)));
      }
      ids.push(item.id);
    } catch (error) {
      if (!(error instanceof MaskwrightError)) throw error;
      failures.push({ id: item.id, error: packError(error) });
    }
  }
  const rows = original ? scoreOriginal(pictures, items.length).entries : [];
  return { ids, counts: total.counts, matches, rows, failures };
}

/**
 * The part map of a picture; where instances overlap, that of the highest score is in front, and of equal ones the smaller, as in the
 * truth: the truth itself, sure of everything, is perfect.
 */
function labelsOf({ id, source, height, width, found, map }: PartsItem): LabelMap {
  const size = { height, width };
  const check = (got: Size, where: string): void => {
    if (!isSameSize(got, size))
      throw shapeMismatch(where, `${formatSize(size)} like the truth`, formatSize(got));
  };
  if (found !== null) check(found, `${source}: ${id}`);
  if (map !== null) {
    const labels = readLabelMap(map);
    check(labels, map);
    return labels;
  }
  const data = new Uint8Array(height * width);
  const masks = (found?.masks ?? []).map((mask) => ({ ...mask, area: rleArea(mask.rle) }));
  masks.sort((a, b) => a.score - b.score || b.area - a.area);
  for (const { rle, classId } of masks) paintRle(data, rle, classId);
  return { height, width, data };
}

function masksOf(labels: LabelMap): { readonly classId: ClassId; readonly rle: Rle }[] {
  return [...labelMapToRles(labels)].flatMap(([classId, rle]) =>
    classId === BACKGROUND || classId === IGNORE ? [] : [{ classId, rle }],
  );
}

function trueMasks(
  { truth, height, width }: PartsItem,
  classIds: ReadonlyMap<number, ClassId>,
): Parameters<typeof matchMasks>[1] {
  return truth.flatMap((instance) => {
    const classId = classIds.get(instance.categoryId) as ClassId;
    if (classId === BACKGROUND) return [];
    return [{ classId, rle: cocoMask(instance, { height, width }), isCrowd: instance.isCrowd }];
  });
}

/** Side of the square in which the published code scores. */
const SQUARE = 1024;

/** A picture in the middle of the square, as the published code sees it; its masks are certain of each pixel. */
function squarePicture(
  item: PartsItem,
  labels: LabelMap,
  classIds: ReadonlyMap<number, ClassId>,
): OriginalPicture {
  const { height, width, found } = item;
  const frame = centerFrame(item, SQUARE);
  const place = (data: Uint8Array): LabelMap => placeGray({ height, width, data }, frame);
  const unions = new Map<ClassId, Uint8Array>();
  const masks = found?.masks ?? masksOf(labels);
  for (const { rle, classId } of masks) {
    const union = unions.get(classId) ?? new Uint8Array(height * width);
    paintRle(union, rle, 1);
    unions.set(classId, union);
  }
  return {
    queries: [...unions].map(([classId, union]) => {
      const { data, ...size } = place(union);
      return { classId, probabilities: { ...size, data: Float32Array.from(data) } };
    }),
    truth: trueMasks(item, classIds).map(({ classId, rle }) => ({
      classId,
      mask: place(decodeRle(rle).data),
    })),
  };
}
