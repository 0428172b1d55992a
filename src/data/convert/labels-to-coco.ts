import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { badFormat } from "../../core/error.ts";
import { countLabels, IGNORE } from "../../core/label-map.ts";
import { cocoClasses, readCoco } from "../coco.ts";
import { cocoToLabelMap } from "../coco-segmentation.ts";
import { type CocoJson, type LabeledFile, labelMapsToCoco } from "../coco-write.ts";
import { readLabelMap } from "../label-file.ts";
import { listPictures, type PictureFile } from "../paths.ts";
import type { ConvertJob } from "./job.ts";
import { compareRegions, labelRegions } from "./regions.ts";

/** As many classes as a label map can hold, for labels that come without names. */
const numbered: readonly string[] = Array.from({ length: IGNORE }, (_, id) => `class_${id}`);

/**
 * A folder of label PNGs as COCO JSON, one annotation for each class in a picture. The photo of a label map is taken
 * to be called as it is, with ".jpg". Without a class list the classes are called "class_1" up to the highest there is.
 */
export async function labelsToCoco(job: ConvertJob, segmentation: "polygons" | "rle"): Promise<void> {
  const { input, output, classes, ledger, watch } = job;
  const pictures = listPictures(input, { extensions: [".png"], recursive: true });
  const names = classes?.classes ?? numbered;
  const categoryIds = classes?.categoryIds === undefined ? {} : { categoryIds: classes.categoryIds };
  watch.begin("convert", pictures.length);
  const coco = await labelMapsToCoco(readMaps(pictures, names, job), names, { segmentation, ...categoryIds });
  await writeCoco(output, classes === null ? withoutUnused(coco) : coco);

  watch.begin("check", pictures.length);
  const dataset = await readCoco(output);
  const { classIds } = cocoClasses(dataset, output, names);
  for (const [k, { id, path }] of pictures.entries()) {
    const back = cocoToLabelMap(dataset.images[k].instances, dataset.images[k], classIds);
    compareRegions(ledger, id, labelRegions(readLabelMap(path)), labelRegions(back));
    await watch.advance(id);
  }
}

async function* readMaps(
  pictures: readonly PictureFile[],
  names: readonly string[],
  { ledger, watch }: ConvertJob,
): AsyncGenerator<LabeledFile> {
  for (const { id, path } of pictures) {
    const labels = readLabelMap(path);
    const counts = countLabels(labels);
    const unknown = counts.findIndex(
      (count, classId) => count > 0 && classId >= names.length && classId < IGNORE,
    );
    if (unknown >= 0)
      throw badFormat(
        path,
        `class ids 0..${names.length - 1} and ${IGNORE}`,
        `${unknown}`,
        "Check --classes.",
      );
    ledger.picture();
    ledger.lose("ignore-pixels", id, counts[IGNORE]);
    yield { file: `${id}.jpg`, labels };
    await watch.advance(id);
  }
}

/** Categories after the last used one are left out; those before it stay, so that class ids keep their numbers. */
function withoutUnused({ categories, ...rest }: CocoJson): CocoJson {
  const last = rest.annotations.reduce((id, { category_id }) => Math.max(id, category_id), 0);
  return { ...rest, categories: categories.filter(({ id }) => id <= last) };
}

/** One annotation a line, and never the whole text in memory: a string cannot hold all of COCO's. */
async function writeCoco(path: string, { annotations, categories, images }: CocoJson): Promise<void> {
  await pipeline(function* () {
    yield '{"annotations":[';
    for (const [k, annotation] of annotations.entries())
      yield `${k === 0 ? "\n" : ",\n"}${JSON.stringify(annotation)}`;
    yield `\n],\n"categories":${JSON.stringify(categories)},\n"images":${JSON.stringify(images)}}\n`;
  }, createWriteStream(path));
}
