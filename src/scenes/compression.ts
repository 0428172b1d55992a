import type { Size } from "../core/geometry.ts";
import { cosine } from "./scalar.ts";

/**
 * Leaves what strong JPEG compression leaves, in place: color kept once for 2 × 2 pixels, the brightness of
 * 8 × 8 blocks rounded to steps that grow with frequency. Rows and columns beyond the last whole block stay.
 *
 * @param data  [H, W, 3] display levels, 0 to 255
 * @param step  width of the coarsest frequency's levels
 */
export function compressBlocks(data: Float32Array, { height, width }: Size, step: number): void {
  const block = new Float64Array(64);
  const scratch = new Float64Array(64);
  for (let i = 0; i + 8 <= height; i += 8) {
    for (let j = 0; j + 8 <= width; j += 8) {
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 8; x++) block[y * 8 + x] = luma(data, ((i + y) * width + j + x) * 3);
      roundFrequencies(block, scratch, step);
      for (let y = 0; y < 8; y += 2)
        for (let x = 0; x < 8; x += 2) replaceQuad(data, (i + y) * width + j + x, width, block, y * 8 + x);
    }
  }
}

function luma(data: Float32Array, at: number): number {
  return 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
}

/** Gives the 2 × 2 pixels at p their mean color difference and the block's brightness. */
function replaceQuad(data: Float32Array, p: number, width: number, block: Float64Array, b: number): void {
  const pixels = [p * 3, p * 3 + 3, (p + width) * 3, (p + width) * 3 + 3];
  let red = 0;
  let green = 0;
  let blue = 0;
  for (const at of pixels) {
    const y = luma(data, at);
    red += (data[at] - y) * 0.25;
    green += (data[at + 1] - y) * 0.25;
    blue += (data[at + 2] - y) * 0.25;
  }
  for (let k = 0; k < 4; k++) {
    const y = block[b + (k >> 1) * 8 + (k & 1)];
    data[pixels[k]] = y + red;
    data[pixels[k] + 1] = y + green;
    data[pixels[k] + 2] = y + blue;
  }
}

/** The orthonormal cosine transform of 8 numbers, [frequency, position]. */
const basis = Float64Array.from({ length: 64 }, (_, at) => {
  const k = at >> 3;
  const n = at & 7;
  return (k === 0 ? Math.sqrt(1 / 8) : 0.5) * cosine(((2 * n + 1) * k) / 32);
});

/** The block through the transform, its frequencies rounded, and back. */
function roundFrequencies(block: Float64Array, scratch: Float64Array, step: number): void {
  transform(block, scratch, false);
  transform(scratch, block, false);
  for (let at = 0; at < 64; at++) {
    const width = step * (1 + ((at & 7) + (at >> 3)) * 0.6);
    block[at] = Math.floor(block[at] / width + 0.5) * width;
  }
  transform(block, scratch, true);
  transform(scratch, block, true);
}

/** The transform, or its inverse, of each row of `from`, written to the columns of `to`. */
function transform(from: Float64Array, to: Float64Array, inverse: boolean): void {
  for (let row = 0; row < 8; row++) {
    for (let k = 0; k < 8; k++) {
      let sum = 0;
      for (let n = 0; n < 8; n++) sum += from[row * 8 + n] * basis[inverse ? n * 8 + k : k * 8 + n];
      to[k * 8 + row] = sum;
    }
  }
}
