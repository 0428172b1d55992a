import { cropImage } from "../../core/crop.ts";
import type { Box, Size } from "../../core/geometry.ts";
import { isSameSize } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { type AxisWeights, antialiasWeights, resampleFloats, triangle } from "../../core/resample.ts";

/** Pixels of the picture that are in memory as floats at once, all in all 50 MB. */
const MAX_SOURCE = 2 ** 22;

/**
 * What a box shows of a picture that was brought to another size, without the rest of it: Pillow's bilinear filter, which averages when shrinking.
 *
 * Differs: rounded to 8 bits once and not after each pass, so a level may be off by one.
 *
 * @param size  of the whole picture after resizing
 * @param box   in pixels of that
 */
export function cropResized(image: RgbImage, size: Size, box: Box): RgbImage {
  if (isSameSize(image, size)) return cropImage(image, box);
  const { x0, y0, x1, y1 } = box;
  const result = { height: y1 - y0, width: x1 - x0, data: new Uint8ClampedArray(3 * (y1 - y0) * (x1 - x0)) };
  resizePart(image, size, box, (part, levels) => {
    const row = 3 * (part.x1 - part.x0);
    for (let i = part.y0, from = 0; i < part.y1; i++, from += row)
      result.data.set(levels.subarray(from, from + row), 3 * ((i - y0) * result.width + part.x0 - x0));
  });
  return result;
}

/** Hands over the levels of a box, in parts of which none needs too much of the picture. */
function resizePart(
  image: RgbImage,
  size: Size,
  box: Box,
  write: (part: Box, levels: Float32Array) => void,
): void {
  const rows = axisWeights(image.height, size.height, box.y0, box.y1);
  const columns = axisWeights(image.width, size.width, box.x0, box.x1);
  const [height, width] = [rows.end - rows.first, columns.end - columns.first];
  const [middleY, middleX] = [(box.y0 + box.y1) >> 1, (box.x0 + box.x1) >> 1];
  const isWide = middleX > box.x0 && (width > height || middleY === box.y0);
  if (height * width > MAX_SOURCE && (isWide || middleY > box.y0)) {
    const [first, second] = isWide ? [{ x1: middleX }, { x0: middleX }] : [{ y1: middleY }, { y0: middleY }];
    resizePart(image, size, { ...box, ...first }, write);
    resizePart(image, size, { ...box, ...second }, write);
    return;
  }
  const source = cropImage(image, { y0: rows.first, y1: rows.end, x0: columns.first, x1: columns.end });
  const wide = resampleFloats(Float32Array.from(source.data), height, width, 3, columns.weights);
  write(box, resampleFloats(wide, 1, height, 3 * (box.x1 - box.x0), rows.weights));
}

interface PartWeights {
  /** The inputs that are used, half-open. */
  readonly first: number;
  readonly end: number;
  /** Of the outputs of the part, counting inputs from `first`. */
  readonly weights: AxisWeights;
}

function axisWeights(length: number, newLength: number, from: number, to: number): PartWeights {
  const weights = antialiasWeights(length, to - from, length / newLength, triangle, from);
  const { starts, counts } = weights;
  const [first, last] = [starts[0], starts.length - 1];
  return {
    first,
    end: starts[last] + counts[last],
    weights: { ...weights, starts: starts.map((start) => start - first) },
  };
}
