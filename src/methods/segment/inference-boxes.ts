import type { Box, Size } from "../../core/geometry.ts";

/** Boxes that cover a picture, in strips along its shorter side. */
export function* boxesOf({ height, width }: Size, side: number): Generator<Box> {
  const isTall = height >= width;
  const [long, short] = isTall ? [height, width] : [width, height];
  for (let a = 0; a < long; a += side)
    for (let b = 0; b < short; b += side) {
      const [endA, endB] = [Math.min(a + side, long), Math.min(b + side, short)];
      yield isTall ? { y0: a, y1: endA, x0: b, x1: endB } : { y0: b, y1: endB, x0: a, x1: endA };
    }
}
