import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Box } from "../src/core/geometry.ts";
import type { ClassId } from "../src/core/label-map.ts";
import type { ObjectPrompt } from "../src/core/object-prompt.ts";
import { boxToRle } from "../src/core/polygon.ts";
import { cocoBoxes, readCoco } from "../src/data/coco.ts";
import { cocoClasses } from "../src/data/coco-classes.ts";
import { readIdList } from "../src/data/id-list.ts";
import {
  encodePartPredictions,
  type PredictedPicture,
  readPartPredictions,
} from "../src/data/part-predictions.ts";
import { readPhoto } from "../src/data/photo.ts";
import { segmentRegions } from "../src/methods/proposals/regions/segment-regions.ts";

/** Files that the program is given. */
export interface LabelFiles {
  readonly boxes: string;
  /** One class name a line. */
  readonly names: string;
  /** Index = class id. */
  readonly classes: readonly string[];
}

/** Writes the boxes of a COCO file, so that no mask is anywhere near what learns from them. */
export async function writeLabels(truth: string, folder: string): Promise<LabelFiles> {
  const dataset = await readCoco(truth);
  const { classes, classIds } = cocoClasses(dataset, truth);
  const boxes = ["file,class,x0,y0,x1,y1"];
  for (const image of dataset.images)
    for (const { classId, x0, y0, x1, y1 } of cocoBoxes(image, classIds))
      boxes.push([image.file, classes[classId], x0, y0, x1, y1].join());
  const write = (file: string, lines: readonly string[]): string => {
    writeFileSync(join(folder, file), `${lines.join("\n")}\n`);
    return join(folder, file);
  };
  return {
    boxes: write("boxes.csv", boxes),
    names: write("parts.txt", classes.slice(1)),
    classes,
  };
}

/**
 * Predictions that look at no photo: in each, the mean box of every class that at least half of the training photos have, filled. The
 * score is the share of the photos.
 */
export async function fillMeanBoxes(
  truth: string,
  ids: { readonly training: string; readonly held: string },
  folder: string,
): Promise<string> {
  const dataset = await readCoco(truth);
  const { classes, classIds } = cocoClasses(dataset, truth);
  const [training, held] = await Promise.all(
    [ids.training, ids.held].map(async (path) => {
      const wanted = new Set(await readIdList(path));
      return dataset.images.filter(({ id }) => wanted.has(id));
    }),
  );
  const seen = training.map((image) => {
    const { height, width } = image;
    return cocoBoxes(image, classIds).map(({ classId, x0, y0, x1, y1 }) => ({
      classId,
      x0: x0 / width,
      y0: y0 / height,
      x1: x1 / width,
      y1: y1 / height,
    }));
  });
  const means = classes.flatMap((_, classId): { classId: ClassId; score: number; box: Box }[] => {
    const score = seen.filter((boxes) => boxes.some((each) => each.classId === classId)).length / seen.length;
    return score < 0.5
      ? []
      : [{ classId, score, box: meanBox(seen.flat().filter((each) => each.classId === classId)) }];
  });
  const pictures = held.map(({ file, height, width }): PredictedPicture => {
    const parts = means.map(({ classId, score, box: { x0, y0, x1, y1 } }) => {
      const box = { x0: x0 * width, y0: y0 * height, x1: x1 * width, y1: y1 * height };
      return { classId, score, rle: boxToRle(box, { height, width }) };
    });
    return { file, height, width, parts };
  });
  return writePredictions(join(folder, "mean-boxes.json"), pictures, classes);
}

function meanBox(boxes: readonly Box[]): Box {
  const meanOf = (key: keyof Box): number => boxes.reduce((sum, box) => sum + box[key], 0) / boxes.length;
  return { x0: meanOf("x0"), y0: meanOf("y0"), x1: meanOf("x1"), y1: meanOf("y1") };
}

/** The parts that a run of `predict` found, each masked anew by `regions` from its box. */
export async function maskByRegions(
  run: string,
  images: string,
  classes: readonly string[],
  folder: string,
): Promise<string> {
  const { dataset, scores } = await readPartPredictions(join(run, "instances.json"), {
    images: [],
    categories: [],
  });
  const { classIds } = cocoClasses(dataset, run, classes);
  const pictures: PredictedPicture[] = [];
  for (const { file, height, width, instances } of dataset.images) {
    const boxes = instances.map(({ box }): ObjectPrompt => ({ kind: "box", box: box as Box }));
    const masks = segmentRegions(await readPhoto(join(images, file)), boxes);
    const parts = instances.map(({ id, categoryId }, k) => ({
      classId: classIds.get(categoryId) as ClassId,
      score: scores.get(id) as number,
      rle: masks[k].rle,
    }));
    pictures.push({ file, height, width, parts });
  }
  return writePredictions(join(folder, "regions.json"), pictures, classes);
}

function writePredictions(
  path: string,
  pictures: readonly PredictedPicture[],
  classes: readonly string[],
): string {
  writeFileSync(path, JSON.stringify(encodePartPredictions(pictures, classes)));
  return path;
}
