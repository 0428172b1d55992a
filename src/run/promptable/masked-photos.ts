import { existsSync } from "node:fs";
import { MaskwrightError } from "../../core/error.ts";
import { rleArea } from "../../core/rle.ts";
import { readCoco } from "../../data/coco.ts";
import { cocoMask } from "../../data/coco-segmentation.ts";
import { containedPath } from "../../data/paths.ts";
import { canBeSeen } from "../../methods/promptable/sample.ts";
import type { MaskedSource } from "../tasks/prompt-samples.ts";

type MaskedPhoto = Extract<MaskedSource, { readonly kind: "photo" }>;

/**
 * Photos of a folder with the masks of a COCO JSON; crowds are left out, and photos without a mask that can be seen.
 *
 * @param canvas  side of the model's input
 * @throws MaskwrightError NOT_FOUND for a photo that is missing, or when there is no mask; as `readCoco`
 */
export async function readMaskedPhotos(
  images: string,
  instances: string,
  canvas: number,
): Promise<MaskedPhoto[]> {
  const dataset = await readCoco(instances);
  const photoPath = (file: string): string => {
    const path = containedPath(images, file, instances);
    if (existsSync(path)) return path;
    throw new MaskwrightError("NOT_FOUND", `${instances}: expected its photos in ${images}, got no ${file}`);
  };
  const photos = dataset.images.flatMap((image): MaskedPhoto[] => {
    const masks = image.instances.flatMap((instance) => {
      if (instance.isCrowd || instance.segmentation.kind === "none") return [];
      const mask = cocoMask(instance, image);
      return rleArea(mask) === 0 ? [] : [mask];
    });
    const isSeen = masks.some((mask) => canBeSeen(mask, canvas));
    return isSeen ? [{ kind: "photo", path: photoPath(image.file), masks }] : [];
  });
  if (photos.length === 0)
    throw new MaskwrightError(
      "NOT_FOUND",
      `${instances}: expected masks of objects of more than a few pixels, got none`,
    );
  return photos;
}
