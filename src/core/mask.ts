import type { Size } from "./geometry.ts";

/** [H, W], one byte a pixel, 0 or 1. At rest a mask is an `Rle`. */
export interface Mask extends Size {
  readonly data: Uint8Array;
}
