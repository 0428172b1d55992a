/**
 * Photos with masks to train `sam-tiny` on: `npx tsx bench/masked-photos.ts DIR`, and then
 * `maskwright train sam-tiny DIR/photos --instances DIR/instances.json --init CHECKPOINT -o OUT`. Every second COCO photo, which `bench/segment.ts`
 * has for tuning, and the ccp photos with each piece of a garment or body part and each whole person; none of car-parts. What is
 * trained on them stays where it is.
 */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { componentsToRles, labelMapComponents } from "../src/core/components.ts";
import { BACKGROUND } from "../src/core/label-map.ts";
import { encodeRle, type Rle, rleArea, rleBox } from "../src/core/rle.ts";
import { cocoBoxJson, toRleJson } from "../src/data/coco-write.ts";
import { readLabelMap } from "../src/data/label-file.ts";
import { dataFolder } from "../src/testing/folders.ts";
import { readBoxedPhotos } from "./boxed-photos.ts";

/** Pieces of fewer pixels are no objects. */
const LEAST_AREA = 200;

interface MaskedFile {
  readonly path: string;
  /** What the file is called in the folder. */
  readonly name: string;
  readonly masks: readonly Rle[];
}

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error("usage: npx tsx bench/masked-photos.ts DIR");
const files = [...(await cocoFiles()), ...ccpFiles()];
mkdirSync(join(out, "photos"), { recursive: true });
for (const { path, name } of files) copyFileSync(path, join(out, "photos", name));
writeFileSync(join(out, "instances.json"), JSON.stringify(toCoco(files)));
console.log(`${files.length} photos, ${files.reduce((sum, { masks }) => sum + masks.length, 0)} masks`);

async function cocoFiles(): Promise<MaskedFile[]> {
  const photos = (await readBoxedPhotos("coco2017")) ?? [];
  return photos
    .filter(({ isForTuning }) => isForTuning)
    .map(({ path, objects }) => ({
      path,
      name: `coco-${basename(path)}`,
      masks: objects.map(({ truth }) => truth),
    }));
}

function ccpFiles(): MaskedFile[] {
  const folder = dataFolder("ccp");
  if (folder === null) return [];
  return readdirSync(join(folder, "photos")).map((file) => {
    const labels = readLabelMap(join(folder, "labels_png", file.replace(/\.jpg$/, ".png")));
    const found = labelMapComponents(labels);
    const pieces = componentsToRles(found).filter(
      (rle, k) => found.components[k].classId !== BACKGROUND && rleArea(rle) >= LEAST_AREA,
    );
    const person = encodeRle({ ...labels, data: labels.data.map((label) => Number(label !== BACKGROUND)) });
    return { path: join(folder, "photos", file), name: `ccp-${file}`, masks: [person, ...pieces] };
  });
}

function toCoco(pictures: readonly MaskedFile[]): unknown {
  const images = pictures.map(({ name, masks: [{ height, width }] }, k) => ({
    id: k + 1,
    file_name: name,
    height,
    width,
  }));
  const annotations = pictures.flatMap(({ masks }, k) => masks.map((rle) => ({ image_id: k + 1, rle })));
  return {
    images,
    categories: [{ id: 1, name: "object" }],
    annotations: annotations.map(({ image_id, rle }, k) => ({
      id: k + 1,
      image_id,
      category_id: 1,
      iscrowd: 0,
      area: rleArea(rle),
      bbox: cocoBoxJson(rleBox(rle)),
      segmentation: toRleJson(rle),
    })),
  };
}
