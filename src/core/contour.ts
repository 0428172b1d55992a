import type { Mask } from "./mask.ts";

/** A closed ring along pixel edges. */
export interface Contour {
  /** Corners x, y, x, y, …, the first not repeated; the set pixels lie on the right of the way (y points down). */
  readonly points: readonly number[];
  readonly isHole: boolean;
}

/**
 * The outer rings and holes of a mask, by the first pixel (row-major) below a ring's upper edge.
 *
 * Set pixels that touch at a corner belong together (8-connected) and share a ring, which then
 * touches itself there; holes are 4-connected. Every ring starts at the upper left corner of that first pixel.
 */
export function traceContours({ height, width, data }: Mask): Contour[] {
  // A frame of unset pixels spares every bounds check. Corner (x, y) is the upper left one of pixel (y, x).
  const stride = width + 2;
  const framed = new Uint8Array((height + 2) * stride);
  for (let i = 0; i < height; i++)
    framed.set(data.subarray(i * width, (i + 1) * width), (i + 1) * stride + 1);
  const isTraced = new Uint8Array(framed.length); // the upper edge of a pixel

  const contours: Contour[] = [];
  for (let p = stride; p < framed.length; p++) {
    if (framed[p] === 0 || framed[p - stride] !== 0 || isTraced[p] === 1) continue;
    contours.push(traceRing(framed, isTraced, stride, p));
  }
  return contours;
}

/** Walks right along the upper edge of pixel `start` and on until it is back there. */
function traceRing(framed: Uint8Array, isTraced: Uint8Array, stride: number, start: number): Contour {
  // Right, down, left, up: the step to the next corner, and the pixels ahead on the left and the right of it.
  const steps = [1, stride, -1, -stride];
  const aheadLeft = [-stride, 0, -1, -stride - 1];
  const aheadRight = [0, -1, -stride - 1, -stride];
  const points: number[] = [];
  let area = 0;
  let corner = start;
  let direction = 0;
  do {
    const x = (corner % stride) - 1;
    const y = Math.floor(corner / stride) - 1;
    points.push(x, y);
    const from = corner;
    let turn = 0;
    do {
      if (direction === 0) isTraced[corner] = 1;
      corner += steps[direction];
      if (framed[corner + aheadLeft[direction]] !== 0) turn = 3;
      else if (framed[corner + aheadRight[direction]] === 0) turn = 1;
    } while (turn === 0);
    // Each horizontal edge adds or takes the strip between it and y = 0; around a hole the sum is negative.
    if (direction === 0) area -= (corner - from) * y;
    if (direction === 2) area += (from - corner) * y;
    direction = (direction + turn) % 4;
  } while (corner !== start || direction !== 0);
  return { points, isHole: area < 0 };
}

/** The set pixels with an unset pixel above, below, left or right; beyond the picture counts as unset. */
export function boundaryMask({ height, width, data }: Mask): Mask {
  const boundary = new Uint8Array(data.length);
  for (let i = 0, p = 0; i < height; i++) {
    const isEdgeRow = i === 0 || i === height - 1;
    for (let j = 0; j < width; j++, p++) {
      if (data[p] === 0) continue;
      const isInside =
        !isEdgeRow &&
        j > 0 &&
        j < width - 1 &&
        data[p - width] !== 0 &&
        data[p + width] !== 0 &&
        data[p - 1] !== 0 &&
        data[p + 1] !== 0;
      if (!isInside) boundary[p] = 1;
    }
  }
  return { height, width, data: boundary };
}
