import type { Size } from "../core/geometry.ts";
import type { RgbImage } from "../core/image.ts";
import type { Random } from "../core/random.ts";
import { compressBlocks } from "./compression.ts";
import { hash } from "./noise.ts";
import { betweenScales, chance, clamp } from "./scalar.ts";
import { noiseSeed } from "./texture.ts";

/** What happens between the scene and the file. */
export interface Camera {
  /** Weight of each neighbor in a 3-tap blur, 0 to 0.25. */
  readonly blur: number;
  readonly exposure: readonly [red: number, green: number, blue: number];
  /** Light lost in the corners, 0 to 1. */
  readonly vignette: number;
  /** Standard deviation of the sensor's noise, in levels of 255, and how much of it is gray. */
  readonly noise: number;
  readonly seed: number;
  /** Width of the luma steps of an 8 × 8 block transform, in levels; 0 keeps every level. */
  readonly blockStep: number;
}

export function makeCamera(r: Random): Camera {
  const exposure = r.between(0.75, 1.25);
  return {
    blur: r.between(0.02, 0.2),
    exposure: [exposure * r.between(0.93, 1.07), exposure, exposure * r.between(0.93, 1.07)],
    vignette: chance(r, 0.5) ? r.between(0.05, 0.4) : 0,
    noise: betweenScales(r, 0.7, 7),
    seed: noiseSeed(r),
    blockStep: chance(r, 0.6) ? betweenScales(r, 1.5, 12) : 0,
  };
}

/** The 8-bit picture a camera makes of linear light [H, W, 3]; `light` is used up. */
export function expose(light: Float32Array, size: Size, camera: Camera): RgbImage {
  const { height, width } = size;
  blur3(light, size, camera.blur);
  develop(light, size, camera);
  if (camera.blockStep > 0) compressBlocks(light, size, camera.blockStep);
  const data = new Uint8Array(height * width * 3);
  for (let at = 0; at < data.length; at++) data[at] = clamp(Math.floor(light[at] + 0.5), 0, 255);
  return { height, width, data };
}

/** The 3 × 3 binomial-like blur of a lens, in place; borders repeat. */
function blur3(data: Float32Array, { height, width }: Size, weight: number): void {
  const center = 1 - 2 * weight;
  const stride = width * 3;
  for (let i = 0; i < height; i++) {
    const base = i * stride;
    for (let channel = 0; channel < 3; channel++) {
      let before = data[base + channel];
      for (let at = base + channel; at < base + stride; at += 3) {
        const here = data[at];
        const after = at + 3 < base + stride ? data[at + 3] : here;
        data[at] = here * center + (before + after) * weight;
        before = here;
      }
    }
  }
  const above = data.slice(0, stride);
  for (let i = 0; i < height; i++) {
    const below = i + 1 < height ? stride : 0;
    for (let j = 0, at = i * stride; j < stride; j++, at++) {
      const here = data[at];
      data[at] = here * center + (above[j] + data[at + below]) * weight;
      above[j] = here;
    }
  }
}

/** Linear light to display levels, 0 to 255 unrounded: exposure, vignette, the display curve, noise. */
function develop(data: Float32Array, { height, width }: Size, camera: Camera): void {
  const { exposure, vignette, noise, seed } = camera;
  const cx = width / 2;
  const cy = height / 2;
  const corner = 1 / (cx * cx + cy * cy);
  // Sums of two random bytes are close enough to a bell; this scales them to deviation 1.
  const unit = noise / 104.5;
  for (let i = 0, at = 0; i < height; i++) {
    const y = i + 0.5 - cy;
    for (let j = 0; j < width; j++) {
      const x = j + 0.5 - cx;
      const gain = 1 - vignette * (x * x + y * y) * corner;
      const bits = hash(j, i, seed);
      const more = hash(j, i, ~seed);
      const gray = ((bits & 0xff) + ((bits >>> 8) & 0xff) - 255) * unit * 0.8;
      for (let channel = 0; channel < 3; channel++, at++) {
        const level = 255 * Math.sqrt(Math.max(0, data[at] * gain * exposure[channel]));
        const tone =
          (((bits >>> (16 + channel * 4)) & 0xf) + ((more >>> (channel * 8)) & 0xff) - 135) * unit * 0.8;
        // Highlights roll off instead of clipping to flat white.
        data[at] = (level > 200 ? 200 + (level - 200) / (1 + (level - 200) / 110) : level) + gray + tone;
      }
    }
  }
}
