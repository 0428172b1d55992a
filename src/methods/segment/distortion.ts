import type { RgbImage } from "../../core/image.ts";
import type { Random } from "../../core/random.ts";
import { hsvToRgb, rgbToHsv } from "../fma/color-jitter.ts";

/** Of 255 levels. */
const BRIGHTNESS = 32;
const CONTRAST = { low: 0.5, high: 1.5 };
const SATURATION = { low: 0.5, high: 1.5 };
/** Of a turn: 18 of OpenCV's 180. */
const HUE = 0.1;

/**
 * The picture in other colors: brightness (±32 levels), contrast, saturation (0.5 to 1.5 each) and hue (±36°), each with probability one half,
 * contrast before or after the last two. Hue goes round.
 *
 * Differs: hue and saturation are changed in one conversion with hue in 256 steps, where OpenCV has 180 and converts twice.
 *
 * @see mmsegmentation, `PhotoMetricDistortion`
 */
export function distortColors(image: RgbImage, random: Random): RgbImage {
  const { between, next } = random;
  const chance = (): boolean => next() < 0.5;
  const brightness = chance() ? between(-BRIGHTNESS, BRIGHTNESS) : 0;
  const isContrastFirst = chance();
  const contrast = chance() ? between(CONTRAST.low, CONTRAST.high) : 1;
  const saturation = chance() ? between(SATURATION.low, SATURATION.high) : 1;
  const hue = chance() ? Math.round(256 * between(-HUE, HUE)) : 0;
  const first = levelTable((level) => level + brightness);
  const second = levelTable((level) => contrast * level);
  let data = Uint8Array.from(image.data);
  data = data.map((level) => first[level]);
  if (isContrastFirst) data = data.map((level) => second[level]);
  if (saturation !== 1 || hue !== 0) changeHsv(data, saturation, hue);
  if (!isContrastFirst) data = data.map((level) => second[level]);
  return { height: image.height, width: image.width, data };
}

/** Levels rounded down, as OpenCV's are after `astype`, and saturated. */
function levelTable(change: (level: number) => number): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: 256 }, (_, level) => Math.floor(change(level)));
}

/** In place. */
function changeHsv(data: Uint8Array, saturation: number, hue: number): void {
  const table = levelTable((level) => saturation * level);
  const hsv = [0, 0, 0];
  const rgb = [0, 0, 0];
  for (let p = 0; p < data.length; p += 3) {
    rgbToHsv(data[p], data[p + 1], data[p + 2], hsv);
    hsv[0] = (hsv[0] + hue) & 255;
    hsv[1] = table[hsv[1]];
    hsvToRgb(hsv, rgb);
    data[p] = rgb[0];
    data[p + 1] = rgb[1];
    data[p + 2] = rgb[2];
  }
}
