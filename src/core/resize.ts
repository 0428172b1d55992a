import { shapeMismatch } from "./error.ts";
import { formatSize, type Size } from "./geometry.ts";
import type { GrayImage, RgbImage } from "./image.ts";
import type { LabelMap } from "./label-map.ts";
import { checkSize } from "./limits.ts";
import {
  type AxisWeights,
  antialiasWeights,
  cubic,
  pickWeights,
  resampleFloats,
  triangle,
} from "./resample.ts";

/** Pillow's filters. Bilinear and bicubic average over all covered pixels when shrinking; nearest picks one. */
export type ResizeFilter = "nearest" | "bilinear" | "bicubic";

/** [H, W], one float a pixel. */
export interface FloatMap extends Size {
  readonly data: Float32Array;
}

/**
 * The size whose longest side is `target`, sides rounded half up: SAM's input size for 1024.
 *
 * Differs: a side is 1 at least, and so a picture thousands of times as long as wide keeps something of itself. The original fails at it.
 *
 * @see segment-anything, `utils/transforms.py`, `get_preprocess_shape`
 */
export function longestSideSize({ height, width }: Size, target: number): Size {
  const scale = target / Math.max(height, width);
  const scaled = (side: number): number => Math.max(1, Math.floor(side * scale + 0.5));
  return { height: scaled(height), width: scaled(width) };
}

/**
 * The picture at another size, bit for bit as Pillow's `Image.resize` gives it: the horizontal pass first, rounded to
 * 8 bits, then the vertical one, in 22-bit fixed point.
 *
 * @throws MaskwrightError BAD_FORMAT for a size over the limit, SHAPE_MISMATCH if the data is not as long as its size says
 * @see Pillow, `src/libImaging/Resample.c`; nearest: `Geometry.c`, `ImagingScaleAffine`
 */
export function resizeImage(image: RgbImage, size: Size, filter: ResizeFilter): RgbImage {
  return { ...pickSize(size), data: resizeBytes("resizeImage", image, 3, size, filter) };
}

/** As `resizeImage`, for one channel. */
export function resizeGray(image: GrayImage, size: Size, filter: ResizeFilter): GrayImage {
  return { ...pickSize(size), data: resizeBytes("resizeGray", image, 1, size, filter) };
}

/** A label map (or mask) at another size: each pixel takes the nearest id, none is blended. */
export function resizeLabels(labels: LabelMap, size: Size): LabelMap {
  return { ...pickSize(size), data: resizeBytes("resizeLabels", labels, 1, size, "nearest") };
}

/** As `resizeImage`, for floats: Pillow's mode "F", rounded to float32 after each pass. */
export function resizeFloats(map: FloatMap, size: Size, filter: ResizeFilter): FloatMap {
  checkSize("resizeFloats: map", map);
  checkLength("resizeFloats: map", map, 1);
  checkSize("resizeFloats: size", size);
  let { data } = map;
  if (size.width !== map.width)
    data = resampleFloats(data, map.height, map.width, 1, filterWeights(map.width, size.width, filter));
  if (size.height !== map.height)
    data = resampleFloats(data, 1, map.height, size.width, filterWeights(map.height, size.height, filter));
  return { ...pickSize(size), data: data === map.data ? data.slice() : data };
}

/** Refuses data that is not as long as its size says: a view of more bytes would be read beyond its end. */
function checkLength(where: string, picture: GrayImage | FloatMap, channels: number): void {
  const count = picture.height * picture.width * channels;
  if (picture.data.length === count) return;
  const expected = `${count} samples (${formatSize(picture)}, ${channels} a pixel)`;
  throw shapeMismatch(where, expected, `${picture.data.length}`);
}

/** Without whatever else the caller's object holds. */
function pickSize({ height, width }: Size): Size {
  return { height, width };
}

function resizeBytes(
  where: string,
  image: GrayImage,
  channels: number,
  size: Size,
  filter: ResizeFilter,
): Uint8Array {
  checkSize(`${where}: picture`, image);
  checkLength(`${where}: picture`, image, channels);
  checkSize(`${where}: size`, size);
  const { height, width } = image;
  // One view type for every pass: the loop below is compiled for it.
  let data = new Uint8Array(image.data.buffer, image.data.byteOffset, height * width * channels);
  const given = data;
  if (size.width !== width)
    data = resampleBytes(data, height, width, channels, filterWeights(width, size.width, filter));
  if (size.height !== height)
    data = resampleBytes(data, 1, height, size.width * channels, filterWeights(height, size.height, filter));
  return data === given ? data.slice() : data;
}

function filterWeights(length: number, newLength: number, filter: ResizeFilter): AxisWeights {
  const scale = length / newLength;
  switch (filter) {
    case "nearest":
      return pickWeights(nearestSources(newLength, scale));
    case "bilinear":
      return antialiasWeights(length, newLength, scale, triangle);
    case "bicubic":
      return antialiasWeights(length, newLength, scale, cubic(-0.5));
    default:
      return filter satisfies never;
  }
}

/** Pillow steps from source to source; floor((i + 0.5) · scale) differs at exact borders, where the sum has drifted. */
function nearestSources(newLength: number, scale: number): Int32Array {
  const sources = new Int32Array(newLength);
  for (let i = 0, position = scale / 2; i < newLength; i++, position += scale) sources[i] = position;
  return sources;
}

const FRACTION_BITS = 22;

/**
 * `resampleFloats` for bytes, in fixed point: every sum fits 32 bits, and the clamped array cuts off what overshoots.
 *
 * Two taps, all that bilinear growing needs, have a loop of their own: 375×500 to 768×1024 in 10 ms instead of 18.
 */
function resampleBytes(
  data: Uint8Array,
  outer: number,
  length: number,
  inner: number,
  { taps, starts, counts, weights }: AxisWeights,
): Uint8Array {
  const newLength = starts.length;
  const fixed = Int32Array.from(weights, (w) => w * 2 ** FRACTION_BITS + (w < 0 ? -0.5 : 0.5)); // truncates
  const half = 1 << (FRACTION_BITS - 1);
  const result = new Uint8ClampedArray(outer * newLength * inner);
  for (let o = 0, at = 0; o < outer; o++) {
    for (let i = 0; i < newLength; i++) {
      const first = i * taps;
      const source = (o * length + starts[i]) * inner;
      if (counts[i] === 2) {
        const a = fixed[first];
        const b = fixed[first + 1];
        for (let p = source; p < source + inner; p++)
          result[at++] = (half + Math.imul(a, data[p]) + Math.imul(b, data[p + inner])) >> FRACTION_BITS;
        continue;
      }
      const end = first + counts[i];
      for (let c = 0; c < inner; c++) {
        let sum = half;
        for (let w = first, p = source + c; w < end; w++, p += inner)
          sum = (sum + Math.imul(fixed[w], data[p])) | 0;
        result[at++] = sum >> FRACTION_BITS;
      }
    }
  }
  return new Uint8Array(result.buffer);
}
