import { join } from "node:path";
import { componentsToRles, labelMapComponents } from "../src/core/components.ts";
import type { RgbImage } from "../src/core/image.ts";
import { BACKGROUND, IGNORE, type LabelMap } from "../src/core/label-map.ts";
import type { Rle } from "../src/core/rle.ts";
import { readIdList } from "../src/data/id-list.ts";
import { readLabelMap } from "../src/data/label-file.ts";
import { readPhoto } from "../src/data/photo.ts";
import { dataFolder } from "../src/testing/folders.ts";

/** A VOC train photo with its truth and its TransCAM label. */
export interface VocPhoto {
  readonly id: string;
  /** Settings are chosen on these 24, the even lines of the id list, and on no others. */
  readonly isForTuning: boolean;
  readonly image: RgbImage;
  readonly truth: LabelMap;
  readonly pseudo: LabelMap;
  /** The truth's 8-connected components of one class with at least 1 % of the picture. */
  readonly objects: readonly Rle[];
}

/** The 49 VOC train photos of the shared data, or null, said out loud, when they are missing. */
export async function readVocPhotos(): Promise<VocPhoto[] | null> {
  const voc = dataFolder("voc2012");
  if (voc === null) return null;
  const ids = await readIdList(join(voc, "ImageSets/Segmentation/train_with_images.txt"));
  return Promise.all(
    ids.map(async (id, k) => {
      const truth = readLabelMap(join(voc, `SegmentationClass/${id}.png`));
      return {
        id,
        isForTuning: k % 2 === 1,
        image: await readPhoto(join(voc, `JPEGImages/${id}.jpg`)),
        truth,
        pseudo: readLabelMap(join(voc, `pseudo_labels/transcam/${id}.png`)),
        objects: findObjects(truth),
      };
    }),
  );
}

function findObjects(truth: LabelMap): Rle[] {
  const found = labelMapComponents(truth);
  const rles = componentsToRles(found);
  const minArea = 0.01 * truth.height * truth.width;
  return rles.filter((_, k) => {
    const { area, classId } = found.components[k];
    return area >= minArea && classId !== BACKGROUND && classId !== IGNORE;
  });
}
