import { badFormat } from "./error.ts";
import type { Size } from "./geometry.ts";

/** Pixels of the largest picture that is read: 100 megapixels. Checked before anything is allocated. */
export const MAX_PIXELS = 100_000_000;

/** Throws BAD_FORMAT unless both sides are positive integers and the picture has at most `MAX_PIXELS` pixels. */
export function checkSize(where: string, { height, width }: Size): void {
  const isWhole = Number.isInteger(height) && Number.isInteger(width);
  if (isWhole && height > 0 && width > 0 && height * width <= MAX_PIXELS) return;
  throw badFormat(
    where,
    `a height and width of at least 1 and at most ${MAX_PIXELS} pixels`,
    `${height}×${width}`,
  );
}
