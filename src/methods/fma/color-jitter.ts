import type { RgbImage } from "../../core/image.ts";
import { type Random, shuffled } from "../../core/random.ts";

/** |scale · x + shift| of a channel, saturated: what OpenCV's convertScaleAbs makes of 8 bits. Negative values turn positive. */
interface Change {
  readonly scale: number;
  readonly shift: number;
}

/**
 * The picture with brightness (±25), contrast (0.6 to 1.4), saturation (0.5 to 1.5) and hue (±25 of 255) changed: each with
 * probability one half, in random order. Hue saturates at its ends and does not wrap, as published.
 *
 * Differs: hue and saturation are rounded to 8 bits once, from exact conversions, where OpenCV's are in fixed point.
 *
 * @see HAL-42/AlchemyCat, the color jitter of FMA-WSSS's data loader
 */
export function jitterColors(image: RgbImage, random: Random): RgbImage {
  const { between, next } = random;
  let data = Uint8ClampedArray.from(image.data);
  const steps = [
    () => changeAll(data, { scale: 1, shift: between(-25, 25) }),
    () => changeAll(data, { scale: between(0.6, 1.4), shift: 0 }),
    () => changeHsv(data, 1, { scale: between(0.5, 1.5), shift: 0 }),
    () => changeHsv(data, 0, { scale: 1, shift: between(-25, 25) }),
  ];
  for (const step of shuffled(steps, random)) if (next() < 0.5) data = step();
  return { height: image.height, width: image.width, data };
}

function changeAll(data: Uint8ClampedArray, change: Change): Uint8ClampedArray<ArrayBuffer> {
  const table = tableOf(change);
  return Uint8ClampedArray.from(data, (value) => table[value]);
}

/** One channel of hue, saturation and value changed, all of them 0 to 255. */
function changeHsv(data: Uint8ClampedArray, channel: 0 | 1, change: Change): Uint8ClampedArray<ArrayBuffer> {
  const table = tableOf(change);
  const result = new Uint8ClampedArray(data.length);
  const hsv = [0, 0, 0];
  const rgb = [0, 0, 0];
  for (let p = 0; p < data.length; p += 3) {
    rgbToHsv(data[p], data[p + 1], data[p + 2], hsv);
    hsv[channel] = table[hsv[channel]];
    hsvToRgb(hsv, rgb);
    for (let c = 0; c < 3; c++) result[p + c] = rgb[c];
  }
  return result;
}

function tableOf({ scale, shift }: Change): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: 256 }, (_, value) => Math.abs(scale * value + shift));
}

/** Hue in 256ths of a turn, saturation and value in 255ths; gray has hue 0. */
export function rgbToHsv(r: number, g: number, b: number, hsv: number[]): void {
  const high = Math.max(r, g, b);
  const range = high - Math.min(r, g, b);
  let turns = 0;
  if (range > 0) {
    if (high === r) turns = (g - b) / range;
    else if (high === g) turns = 2 + (b - r) / range;
    else turns = 4 + (r - g) / range;
  }
  hsv[0] = Math.round(((turns + 6) % 6) * (256 / 6)) & 255;
  hsv[1] = high === 0 ? 0 : Math.round((range / high) * 255);
  hsv[2] = high;
}

export function hsvToRgb(hsv: readonly number[], rgb: number[]): void {
  const [hue, saturation, value] = hsv;
  const position = hue * (6 / 256);
  for (let c = 0; c < 3; c++) {
    // Red is full around 0, green around 2, blue around 4, each fading over one sixth.
    const distance = Math.abs(((position - 2 * c + 9) % 6) - 3);
    const share = Math.min(Math.max(2 - distance, 0), 1);
    rgb[c] = Math.round(value * (1 - (saturation / 255) * (1 - share)));
  }
}
