import type { Box } from "./geometry.ts";
import type { RgbImage } from "./image.ts";

/**
 * A copy of the rows of a window that lies inside a map.
 *
 * @param data    [height, width, channels]
 * @param window  whole numbers
 */
export function cropRows(
  data: Uint8Array | Uint8ClampedArray,
  { width, channels }: { readonly width: number; readonly channels: number },
  { x0, y0, x1, y1 }: Box,
): Uint8Array {
  const row = (x1 - x0) * channels;
  const cropped = new Uint8Array((y1 - y0) * row);
  for (let i = y0; i < y1; i++) {
    const from = (i * width + x0) * channels;
    cropped.set(data.subarray(from, from + row), (i - y0) * row);
  }
  return cropped;
}

/** The part of a picture in a window that lies inside it; the picture itself, not a copy, when that is all of it. */
export function cropImage(image: RgbImage, window: Box): RgbImage {
  const [height, width] = [window.y1 - window.y0, window.x1 - window.x0];
  if (height === image.height && width === image.width) return image;
  return { height, width, data: cropRows(image.data, { width: image.width, channels: 3 }, window) };
}
