import { badFormat } from "../core/error.ts";
import { formatSize, type Size } from "../core/geometry.ts";

/** The largest picture that is opened: a 10,000 × 10,000 label map takes 100 MB, a photo of that size 300 MB. */
export const maxPixels = 100_000_000;

/**
 * Refuses a picture by the size its header claims, before anything is allocated for it.
 *
 * @param where  path of the picture, for the message
 * @throws MaskwrightError BAD_FORMAT if a side is not a positive integer or the pixels exceed `maxPixels`
 */
export function checkPictureSize(size: Size, where: string): void {
  const { height, width } = size;
  const isWhole = Number.isSafeInteger(height) && Number.isSafeInteger(width);
  if (!isWhole || height < 1 || width < 1)
    throw badFormat(where, "a picture of at least 1×1 pixel", formatSize(size), "The file is damaged.");
  if (height * width > maxPixels)
    throw badFormat(
      where,
      `at most ${maxPixels.toLocaleString("en-US")} pixels`,
      `${formatSize(size)} in the header`,
      "Cut the picture into tiles or scale it down; if it is not that large, the file is damaged.",
    );
}
