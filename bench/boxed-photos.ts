import { join } from "node:path";
import { invalid } from "../src/core/error.ts";
import { type Box, clipBox } from "../src/core/geometry.ts";
import { type Rle, rleArea } from "../src/core/rle.ts";
import { readCoco } from "../src/data/coco.ts";
import { cocoMask } from "../src/data/coco-segmentation.ts";
import { dataFolder } from "../src/testing/folders.ts";

/** A photo with the boxes of its objects and their true masks. */
export interface BoxedPhoto {
  readonly path: string;
  /** Settings are chosen on every second photo of a set, and on no others. */
  readonly isForTuning: boolean;
  readonly objects: readonly { readonly box: Box; readonly truth: Rle }[];
}

export const boxedSets = ["coco2017", "car-parts"] as const;
export type BoxedSet = (typeof boxedSets)[number];

/** The sets that `--set` names. @throws MaskwrightError INVALID_ARGUMENT for another name */
export function chooseSets(names: readonly string[]): BoxedSet[] {
  const other = names.find((name) => !boxedSets.some((set) => set === name));
  if (other !== undefined) throw invalid("--set", boxedSets.join(" or "), other);
  return boxedSets.filter((set) => names.includes(set));
}

const layouts: { readonly [S in BoxedSet]: { readonly annotations: string; readonly images: string } } = {
  coco2017: { annotations: "annotations/instances_train2017.json", images: "images/train2017" },
  "car-parts": { annotations: "trainingset/annotations.json", images: "trainingset/JPEGImages" },
};

/**
 * The photos of a set of the shared data that have boxes, or null, said out loud, when it is missing. Crowds are left out,
 * as are annotations without a box or a pixel.
 */
export async function readBoxedPhotos(set: BoxedSet): Promise<BoxedPhoto[] | null> {
  const folder = dataFolder(set);
  if (folder === null) return null;
  const { annotations, images } = layouts[set];
  const dataset = await readCoco(join(folder, annotations));
  const photos = dataset.images.map((image, k): BoxedPhoto => {
    const objects = image.instances.flatMap((instance) => {
      if (instance.isCrowd || instance.box === null || instance.segmentation.kind === "none") return [];
      const box = clipBox(instance.box, image);
      const truth = cocoMask(instance, image);
      return box === null || rleArea(truth) === 0 ? [] : [{ box, truth }];
    });
    return { path: join(folder, images, image.file), isForTuning: k % 2 === 0, objects };
  });
  return photos.filter(({ objects }) => objects.length > 0);
}
