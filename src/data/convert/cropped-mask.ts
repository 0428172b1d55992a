import type { Box, Size } from "../../core/geometry.ts";
import type { Mask } from "../../core/mask.ts";
import type { Rle } from "../../core/rle.ts";
import { buildRle } from "../../core/rle-builder.ts";

/** The pixels of a mask in a box of whole numbers that holds all of them. */
export function cropMask({ height, counts }: Rle, { x0, y0, x1, y1 }: Box): Mask {
  const width = x1 - x0;
  const data = new Uint8Array((y1 - y0) * width);
  let q = 0; // column-major position in the picture
  for (let k = 1; k < counts.length; k += 2) {
    q += counts[k - 1];
    for (const end = q + counts[k]; q < end; q++) {
      const j = Math.floor(q / height);
      data[(q - j * height - y0) * width + j - x0] = 1;
    }
  }
  return { height: y1 - y0, width, data };
}

/** The mask of a picture that has a smaller one at x, y, and nothing around it; what leaves the picture is cut off. */
export function placeMask(mask: Mask, { x, y }: { readonly x: number; readonly y: number }, size: Size): Rle {
  const rle = buildRle(size);
  const [first, last] = [Math.max(0, -x), Math.min(mask.width, size.width - x)];
  const [top, bottom] = [Math.max(0, -y), Math.min(mask.height, size.height - y)];
  for (let j = first; j < last; j++) {
    const column = (x + j) * size.height + y;
    for (let i = top; i < bottom; i++)
      if (mask.data[i * mask.width + j] !== 0) rle.add(column + i, column + i + 1);
  }
  return rle.finish();
}
