import type { Dtype, NdArray } from "../core/array.ts";

/** Half-open. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** A tensor that is not in memory yet. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Where the file holds exactly the bytes of `read().data`, aligned to an element, so that others can read them there; null where it does not. */
  readonly range: ByteRange | null;
  /** The tensor, dense and row-major. Nothing is kept: another call reads the file again. */
  read(): NdArray;
}

/** Named tensors of a file. */
export interface WeightFile {
  /** What to call the file in an error. */
  readonly where: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Texts that a safetensors file carries besides; a .pth has none. */
  readonly metadata: ReadonlyMap<string, string>;
}
