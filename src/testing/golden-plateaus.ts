import type { Size } from "../core/geometry.ts";
import { interpolate } from "../core/interpolate.ts";

/** Maps of a set's CAM loss, stretched to the labels there. */
export interface CamMaps {
  /** [P, h, w] */
  readonly cam: { readonly shape: readonly number[]; readonly data: ArrayLike<number> };
  /** [P, H, W] label map of each row's picture. */
  readonly labels: ArrayLike<number>;
  /** [P] class of each row, as in the labels. */
  readonly ids: readonly number[];
  /** H and W */
  readonly size: Size;
}

/** A row's pixels: those of its class, and those that share their maximum, 0 where it stands alone. */
export interface Plateau {
  readonly own: number;
  readonly copies: number;
}

/**
 * Where the slope of a CAM loss is decided by rounding: beyond the border of the map, stretching repeats a maximum, and a copy there that
 * falls short of it by a last bit has the slope of other pixels, in place of 0.
 */
export function findPlateaus({ cam, labels, ids, size }: CamMaps): Plateau[] {
  const small = { dtype: "float32", shape: cam.shape, data: Float32Array.from(cam.data) } as const;
  const { data } = interpolate(small, size, "bilinear");
  const pixels = size.height * size.width;
  return ids.map((id, row) => {
    const values = [...data.subarray(row * pixels, (row + 1) * pixels)];
    const own = values.filter((_, p) => labels[row * pixels + p] === id);
    const highest = own.reduce((a, b) => Math.max(a, b), 0);
    const copies = own.filter((value) => highest - value <= 1e-5 * highest).length;
    return { own: own.length, copies: copies > 1 ? copies : 0 };
  });
}
