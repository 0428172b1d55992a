import type { Size } from "./geometry.ts";

/** [H, W, 3] in row-major order, red first, 8 bits each. */
export interface RgbImage extends Size {
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** [H, W], 8 bits. */
export interface GrayImage extends Size {
  readonly data: Uint8Array | Uint8ClampedArray;
}
