import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ScoredMask } from "../../core/average-precision.ts";
import { badFormat } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import type { ClassId } from "../../core/label-map.ts";
import { imagesById } from "../../data/coco.ts";
import { cocoClasses } from "../../data/coco-classes.ts";
import { cocoMask } from "../../data/coco-segmentation.ts";
import type { PartDataset } from "../../data/part-dataset.ts";
import { readPartPredictions } from "../../data/part-predictions.ts";
import { openLabels } from "../label-input.ts";
import { readRunDescription } from "../run-directory.ts";

/** What was found in a picture: instances, a part map, or both. */
export interface PredictedParts {
  /** Null where only the map is known, which does not tell instances of a class apart. */
  readonly found: (Size & { readonly masks: readonly ScoredMask[] }) | null;
  /** File of the part map; null where it is to be drawn from the instances. */
  readonly map: string | null;
}

export interface PartPredictionSource {
  readonly path: string;
  /** The pictures it speaks of, also those in which nothing was found. */
  readonly ids: readonly string[];
  /** COCO JSON by itself, which may pass over pictures in which nothing was found. */
  readonly isBare: boolean;
  /** Null for a picture that it does not speak of. */
  partsOf(id: string): PredictedParts | null;
}

/**
 * Predicted parts: COCO JSON with scores, a folder of part maps, or a run of `predict` or `segment`, which has both.
 *
 * @throws MaskwrightError BAD_FORMAT for predictions of classes that the truth does not have, or a folder of something else
 */
export async function openPredictedParts(path: string, truth: PartDataset): Promise<PartPredictionSource> {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  if (!isFolder) return await openInstances(path, truth);
  const { kind, folder, files } = openLabels(path);
  if (kind !== "labels") {
    const command = readRunDescription(path)?.command;
    const got = command === undefined ? "CAM files" : `a run of ${command}`;
    throw badFormat(folder, "part maps (.png), or a run of `predict`", got);
  }
  const instances = join(path, "instances.json");
  const isRun = existsSync(join(path, "run.json")) && existsSync(instances);
  const found = isRun ? await openInstances(instances, truth) : null;
  return {
    path,
    isBare: false,
    ids: found?.ids ?? [...files.keys()],
    partsOf(id) {
      const instances = found?.partsOf(id)?.found ?? null;
      const map = files.get(id) ?? null;
      return instances === null && map === null ? null : { found: instances, map };
    },
  };
}

async function openInstances(path: string, truth: PartDataset): Promise<PartPredictionSource> {
  const { dataset, scores } = await readPartPredictions(path, truth.dataset);
  const { classIds } = cocoClasses(dataset, path, truth.classes);
  const images = imagesById(dataset, path);
  return {
    path,
    isBare: true,
    ids: [...images.keys()],
    partsOf(id) {
      const image = images.get(id);
      if (image === undefined) return null;
      const { height, width } = image;
      const masks = image.instances.map((instance) => ({
        classId: classIds.get(instance.categoryId) as ClassId,
        score: scores.get(instance.id) as number,
        rle: cocoMask(instance, image),
      }));
      return { found: { height, width, masks }, map: null };
    },
  };
}
