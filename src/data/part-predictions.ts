import { boxToCoco } from "../core/geometry.ts";
import type { ClassId } from "../core/label-map.ts";
import { type Rle, rleArea, rleBox } from "../core/rle.ts";
import { encodeRleString } from "../core/rle-string.ts";
import { type CocoDataset, decodeCoco } from "./coco.ts";
import type { CocoAnnotationJson, CocoJson } from "./coco-write.ts";
import { readJsonFile } from "./json-file.ts";
import { collectProblems, quote } from "./problems.ts";

/** COCO instance JSON in which every annotation has a score. */
export type PartPredictionsJson = Omit<CocoJson, "annotations"> & {
  readonly annotations: readonly (CocoAnnotationJson & { readonly score: number })[];
};

/** The parts that were found in one picture. */
export interface PredictedPicture {
  /** Path of the picture in its folder. */
  readonly file: string;
  readonly height: number;
  readonly width: number;
  /** COCO's number of it; counted from 1 when absent. */
  readonly imageId?: number;
  readonly parts: readonly { readonly classId: ClassId; readonly score: number; readonly rle: Rle }[];
}

/**
 * Found parts as COCO JSON with scores; masks without a pixel are left out.
 *
 * @param classes      index = class id; becomes `categories`, without the background
 * @param categoryIds  the category id of each class id; by default its own
 */
export function encodePartPredictions(
  pictures: readonly PredictedPicture[],
  classes: readonly string[],
  categoryIds: readonly number[] = classes.map((_, classId) => classId),
): PartPredictionsJson {
  const images = pictures.map(({ file, height, width, imageId }, k) => ({
    file_name: file,
    height,
    id: imageId ?? k + 1,
    width,
  }));
  const annotations: PartPredictionsJson["annotations"][number][] = [];
  for (const [k, { parts }] of pictures.entries()) {
    for (const { classId, score, rle } of parts) {
      const box = rleBox(rle);
      if (box === null) continue;
      annotations.push({
        area: rleArea(rle),
        bbox: boxToCoco(box),
        category_id: categoryIds[classId],
        id: annotations.length + 1,
        image_id: images[k].id,
        iscrowd: 0,
        score,
        segmentation: { counts: encodeRleString(rle), size: [rle.height, rle.width] },
      });
    }
  }
  const categories = classes.map((name, classId) => ({ id: categoryIds[classId], name })).slice(1);
  return { annotations, categories, images };
}

/** A data set whose instances have scores. */
export interface PartPredictions {
  readonly dataset: CocoDataset;
  /** By annotation id. */
  readonly scores: ReadonlyMap<number, number>;
}

/** The predictions in a file, plain or .gz; see `decodePartPredictions`. */
export async function readPartPredictions(path: string, truth: CocoDataset): Promise<PartPredictions> {
  return decodePartPredictions(await readJsonFile(path), path, truth);
}

/**
 * Predictions as COCO JSON with a `score` in every annotation, or as the list of results that COCO's tools take, which speaks of the
 * truth's images and categories.
 *
 * @throws MaskwrightError BAD_FORMAT that lists what is wrong
 */
export function decodePartPredictions(value: unknown, where: string, truth: CocoDataset): PartPredictions {
  const file = Array.isArray(value) ? wrapResults(value, truth) : value;
  const dataset = decodeCoco(file, where);
  const { annotations } = file as { annotations: readonly { id: number; score?: unknown }[] };
  const problems = collectProblems(where);
  const scores = new Map<number, number>();
  for (const [i, { id, score }] of annotations.entries()) {
    if (typeof score === "number" && Number.isFinite(score)) scores.set(id, score);
    else problems.add(`annotations[${i}].score`, "a number", quote(score));
  }
  problems.throwIfAny("these are annotations, and not predictions");
  return { dataset, scores };
}

function wrapResults(results: readonly unknown[], { images, categories }: CocoDataset): unknown {
  return {
    images: images.map(({ imageId, file, height, width }) => ({
      id: imageId,
      file_name: file,
      height,
      width,
    })),
    annotations: results.map((result, k) => ({ ...Object(result), id: k + 1 })),
    categories,
  };
}
