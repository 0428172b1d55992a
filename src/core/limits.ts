import { badFormat } from "./error.ts";
import { formatSize, type Size } from "./geometry.ts";

/** Pixels of the largest picture that is read: a 10,000 × 10,000 label map takes 100 MB, a photo of that size 300 MB. */
export const MAX_PIXELS = 100_000_000;

/**
 * Refuses a picture by the size it claims, before anything is allocated for it.
 *
 * @param where  path of the picture, for the message
 * @throws MaskwrightError BAD_FORMAT unless both sides are positive integers and the pixels at most `MAX_PIXELS`
 */
export function checkSize(where: string, size: Size): void {
  const { height, width } = size;
  const isWhole = Number.isInteger(height) && Number.isInteger(width);
  if (isWhole && height > 0 && width > 0 && height * width <= MAX_PIXELS) return;
  throw badFormat(
    where,
    `a height and width of at least 1 and at most ${MAX_PIXELS} pixels`,
    formatSize(size),
    "Cut the picture into tiles or scale it down; if it is not that large, the file is damaged.",
  );
}

/** Proposals of one picture that are read; SAM's densest published grid gives under 5,000. */
export const MAX_PROPOSALS = 100_000;
