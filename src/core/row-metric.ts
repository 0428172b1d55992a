import { invalid } from "./error.ts";
import type { ClassId } from "./label-map.ts";
import type { Mask } from "./mask.ts";
import { checkPredictionSize, ratio } from "./metric-parts.ts";
import type { FloatMap } from "./resize.ts";

/**
 * The figures of WPS-SAM's published evaluation, kept to compare with its tables. They are no mIoU and no accuracy of parts: a mask is
 * scored row by row as if each row were a picture, rows in which there is nothing count as perfect, and a class that is found where it is
 * not costs nothing. Two discs that do not touch score 0.71. To judge parts use `confusion` and `partScores`.
 */
export interface RowScores {
  readonly iou: number;
  /** Pixels on which the masks agree. */
  readonly accuracy: number;
  readonly f1: number;
}

/**
 * The published figures of one pair of masks: IoU and F1 are means over rows, 1 for a row where neither has a pixel.
 *
 * @see segmentation_models.pytorch, `metrics/functional.py`, reduction "micro-imagewise", zero_division 1, given [H, W] for [N, C]
 */
export function scoreRows(pred: Mask, truth: Mask): RowScores {
  checkPredictionSize("scoreRows", pred, truth);
  const { height, width } = truth;
  let [iou, f1, agreed] = [0, 0, 0];
  for (let i = 0, p = 0; i < height; i++) {
    let [both, either] = [0, 0];
    for (const end = p + width; p < end; p++) {
      const [a, b] = [pred.data[p], truth.data[p]];
      both += a & b;
      either += a | b;
      if (a === b) agreed++;
    }
    iou += either === 0 ? 1 : both / either;
    f1 += either === 0 ? 1 : (2 * both) / (both + either);
  }
  return { iou: iou / height, accuracy: agreed / (height * width), f1: f1 / height };
}

/** A picture as the published evaluation sees it; all masks are of one size. */
export interface OriginalPicture {
  /** What each query found, with the probability of each pixel; null for queries that found nothing. */
  readonly queries: readonly ({ readonly classId: ClassId; readonly probabilities: FloatMap } | null)[];
  readonly truth: readonly { readonly classId: ClassId; readonly mask: Mask }[];
}

export interface MeanRowScores {
  /** Null when there is no entry. */
  readonly iou: number | null;
  readonly accuracy: number | null;
  readonly f1: number | null;
}

export interface OriginalScores extends MeanRowScores {
  /** One for each class that the truth of a picture has, in the order in which they come. */
  readonly entries: readonly RowScores[];
}

/**
 * The published figures of a data set. The masks of one class are added up before they are thresholded at 0.5, a class that was not found
 * scores 0.
 *
 * A picture in which nothing was found leaves a gap that the published code closes: within a batch, the masks of the pictures after it
 * move up by one and are compared with the truth before theirs, and the last truth is not looked at. The figures so depend on `batch`; with
 * 1, a picture in which nothing was found does not count at all.
 */
export function scoreOriginal(pictures: readonly OriginalPicture[], batch = 1): OriginalScores {
  if (!Number.isInteger(batch) || batch < 1) throw invalid("scoreOriginal: batch", "an integer >= 1", batch);
  const entries: RowScores[] = [];
  for (let start = 0; start < pictures.length; start += batch) {
    const together = pictures.slice(start, start + batch);
    const kept = together.filter(({ queries }) => queries.some((each) => each !== null));
    kept.forEach(({ queries: found }, k) => {
      const { queries, truth } = together[k];
      for (const classId of new Set(truth.map((each) => each.classId))) {
        // Classes by the picture's own queries, masks by what moved up to its place.
        const own = found.flatMap((each, q) =>
          each !== null && queries[q]?.classId === classId ? [each.probabilities] : [],
        );
        const wanted = truth.filter((each) => each.classId === classId).map(({ mask }) => mask);
        entries.push(
          own.length === 0
            ? { iou: 0, accuracy: 0, f1: 0 }
            : scoreRows(thresholdSum(own), thresholdSum(wanted)),
        );
      }
    });
  }
  return { ...meanRows(entries), entries };
}

/** The figures of a data set by its entries: means in which each counts once. */
export function meanRows(entries: readonly RowScores[]): MeanRowScores {
  const mean = (key: keyof RowScores): number | null =>
    ratio(
      entries.reduce((sum, entry) => sum + entry[key], 0),
      entries.length,
    );
  return { iou: mean("iou"), accuracy: mean("accuracy"), f1: mean("f1") };
}

function thresholdSum(maps: readonly (FloatMap | Mask)[]): Mask {
  const [{ height, width }] = maps;
  const sum = new Float32Array(height * width);
  for (const { data } of maps) for (let p = 0; p < sum.length; p++) sum[p] += data[p];
  const data = new Uint8Array(sum.length);
  for (let p = 0; p < sum.length; p++) data[p] = sum[p] >= 0.5 ? 1 : 0;
  return { height, width, data };
}
