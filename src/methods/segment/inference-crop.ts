import { cropImage } from "../../core/crop.ts";
import type { Box, Size } from "../../core/geometry.ts";
import { isSameSize } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { type AxisWeights, antialiasWeights, resampleFloats, triangle } from "../../core/resample.ts";

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
  const rows = axisWeights(image.height, size.height, box.y0, box.y1);
  const columns = axisWeights(image.width, size.width, box.x0, box.x1);
  const source = cropImage(image, { y0: rows.first, y1: rows.end, x0: columns.first, x1: columns.end });
  const [height, width] = [box.y1 - box.y0, box.x1 - box.x0];
  const wide = resampleFloats(
    Float32Array.from(source.data),
    source.height,
    source.width,
    3,
    columns.weights,
  );
  const levels = resampleFloats(wide, 1, source.height, 3 * width, rows.weights);
  return { height, width, data: Uint8ClampedArray.from(levels) };
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
