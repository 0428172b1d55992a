import type { Size } from "./geometry.ts";

/**
 * A mask as COCO run lengths: column-major, zeros first (the first count is 0 when the first pixel
 * is set), counts sum to H·W.
 */
export interface Rle extends Size {
  readonly counts: Uint32Array;
}
