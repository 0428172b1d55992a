import { encodeRle } from "../core/rle.ts";
import { encodePartPredictions, type PredictedPicture } from "../data/part-predictions.ts";
import { mask } from "./picture.ts";

/** Parts of a picture: class, mask as `mask` draws it, and score. */
export type DrawnPart = readonly [classId: number, drawing: string, score?: number];

/** COCO JSON of drawn parts by the files of their pictures; those of a truth have the score 1, which nobody reads there. */
export function partsJson(
  pictures: Readonly<Record<string, readonly DrawnPart[]>>,
  classes: readonly string[],
): string {
  const drawn = Object.entries(pictures).map(([file, parts]): PredictedPicture => {
    const masks = parts.map(([classId, drawing, score = 1]) => ({
      classId,
      score,
      rle: encodeRle(mask(drawing)),
    }));
    const { height, width } = masks[0]?.rle ?? { height: 1, width: 1 };
    return { file, height, width, parts: masks };
  });
  return JSON.stringify(encodePartPredictions(drawn, classes));
}
