import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import type { ClassId, LabelMap } from "../../core/label-map.ts";
import { type Rle, rleArea } from "../../core/rle.ts";
import { intersectionArea } from "../../core/rle-algebra.ts";
import { type CocoImage, type CocoInstance, cocoClasses, readCoco } from "../coco.ts";
import { cocoMask, cocoToLabelMap } from "../coco-segmentation.ts";
import { encodeLabelMap, readLabelMap } from "../label-file.ts";
import type { ConvertJob } from "./job.ts";
import { compareRegions, labelRegions, type Regions, uniteByClass } from "./regions.ts";

/** An instance whose polygons have been drawn. */
interface DrawnInstance extends CocoInstance {
  readonly segmentation: { readonly kind: "rle"; readonly rle: Rle };
}

/** COCO JSON with polygons or run lengths as a folder of label PNGs; class ids as `cocoClasses` gives them. */
export async function cocoToLabels({ input, output, classes, ledger, watch }: ConvertJob): Promise<void> {
  const dataset = await readCoco(input);
  const { classIds } = cocoClasses(dataset, input, classes?.classes);
  checkIds(dataset.images, input);
  mkdirSync(output);
  watch.begin("convert", dataset.images.length);
  for (const image of dataset.images) {
    const { instances, labels } = inFile(input, () => drawImage(image, classIds));
    const path = join(output, `${image.id}.png`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, encodeLabelMap(labels, classes?.palette));

    const masks = instances.map(({ categoryId, segmentation }) => ({
      classId: classIds.get(categoryId) as ClassId,
      rle: segmentation.rle,
    }));
    const before = uniteByClass(masks);
    const after = labelRegions(readLabelMap(path));
    ledger.picture();
    ledger.lose("hidden-pixels", image.id, countHidden(before, after));
    ledger.lose("shared-classes", image.id, countShared(masks));
    ledger.lose("crowd-flags", image.id, instances.filter(({ isCrowd }) => isCrowd).length);
    ledger.lose("empty-instances", image.id, masks.filter(({ rle }) => rleArea(rle) === 0).length);
    compareRegions(ledger, image.id, before, after);
    await watch.advance(image.id);
  }
}

/** Polygons are drawn once, for the map and for the ledger. */
function drawImage(
  image: CocoImage,
  classIds: ReadonlyMap<number, ClassId>,
): { instances: readonly DrawnInstance[]; labels: LabelMap } {
  const instances = image.instances.map((instance) => ({
    ...instance,
    segmentation: { kind: "rle" as const, rle: cocoMask(instance, image) },
  }));
  return { instances, labels: cocoToLabelMap(instances, image, classIds) };
}

/** Pixels of a class that the label map gives to another one. */
function countHidden(before: Regions, after: Regions): number {
  let hidden = 0;
  for (const [classId, rle] of before) {
    const left = after.get(classId);
    hidden += rleArea(rle) - (left === undefined ? 0 : intersectionArea(rle, left));
  }
  return hidden;
}

/** Instances with pixels whose class has another one in this picture. */
function countShared(masks: readonly { readonly classId: ClassId; readonly rle: Rle }[]): number {
  const counts = new Map<ClassId, number>();
  for (const { classId, rle } of masks)
    if (rleArea(rle) > 0) counts.set(classId, (counts.get(classId) ?? 0) + 1);
  return [...counts.values()].reduce((total, count) => total + (count > 1 ? count : 0), 0);
}

/** "a.jpg" and "a.png" are two images in COCO, but one label map. */
function checkIds(images: readonly CocoImage[], where: string): void {
  const files = new Map<string, string>();
  for (const { id, file } of images) {
    const other = files.get(id);
    if (other !== undefined)
      throw badFormat(`${where}: images`, "one image for each label map", `${other} and ${file}`);
    files.set(id, file);
  }
}

/** Adds the file to what the drawing of an annotation throws. */
function inFile<T>(path: string, draw: () => T): T {
  try {
    return draw();
  } catch (cause) {
    if (!(cause instanceof MaskwrightError)) throw cause;
    const hint = cause.hint === undefined ? {} : { hint: cause.hint };
    throw new MaskwrightError(cause.code, `${path}: ${cause.message}`, { ...hint, cause });
  }
}
