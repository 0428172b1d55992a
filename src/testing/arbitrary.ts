import fc from "fast-check";
import type { Size } from "../core/geometry.ts";
import type { LabelMap } from "../core/label-map.ts";
import type { Mask } from "../core/mask.ts";

/** Heights and widths from 1 to `most`. */
export function anySize(most = 9): fc.Arbitrary<Size> {
  return fc.record({ height: fc.integer({ min: 1, max: most }), width: fc.integer({ min: 1, max: most }) });
}

/** `count` masks of one size. */
export function anyMasks(count: number, most = 9): fc.Arbitrary<Mask[]> {
  return anySize(most).chain((size) =>
    fc.array(anyPixels(size, [0, 1]), { minLength: count, maxLength: count }),
  );
}

export function anyMask(most = 9): fc.Arbitrary<Mask> {
  return anyMasks(1, most).map(([mask]) => mask);
}

/** Label maps of background, two classes and ignore. */
export function anyLabelMap(most = 9): fc.Arbitrary<LabelMap> {
  return anySize(most).chain((size) => anyPixels(size, [0, 1, 20, 255]));
}

function anyPixels({ height, width }: Size, values: readonly number[]): fc.Arbitrary<Mask & LabelMap> {
  const length = height * width;
  return fc
    .array(fc.constantFrom(...values), { minLength: length, maxLength: length })
    .map((pixels) => ({ height, width, data: Uint8Array.from(pixels) }));
}
