import type { MaskEncoding } from "./mask-file.ts";

/** Masks stored otherwise than as 0 and 255: the published SEPL code takes them for empty. */
export interface OddMasks {
  readonly encoding: MaskEncoding;
  readonly count: number;
  /** Path of the first. */
  readonly first: string;
}

/** "a/1.png: 2 masks are 0/1, this one first: the published SEPL code sees no mask in them" */
export function describeOddMasks({ encoding, count, first }: OddMasks): string {
  const masks = count === 1 ? "this mask is" : `${count} masks are`;
  return `${first}: ${masks} ${encoding}${count === 1 ? "" : ", this one first"}: the published SEPL code sees no mask ${count === 1 ? "here" : "in them"}`;
}
