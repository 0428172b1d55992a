import type { Box, SamBox, Size } from "../../../core/geometry.ts";

/** A part of the picture that is looked at by itself. */
export interface Crop {
  readonly box: Box;
  /** 0 for the whole picture. */
  readonly layer: number;
}

/**
 * The whole picture, and for each layer i from 1 on 2^i × 2^i overlapping crops, column by column.
 *
 * Differs: crops of which nothing lies in a very small picture are left out, where the original fails.
 *
 * @param overlapRatio  how much crops of the first layer overlap, in units of the shorter side; half as much in each further layer
 * @see segment-anything, `utils/amg.py`, `generate_crop_boxes`
 */
export function cropsOf({ height, width }: Size, layers: number, overlapRatio: number): Crop[] {
  const crops: Crop[] = [{ box: { x0: 0, y0: 0, x1: width, y1: height }, layer: 0 }];
  for (let layer = 1; layer <= layers; layer++) {
    const perSide = 2 ** layer;
    const overlap = Math.trunc(overlapRatio * Math.min(height, width) * (2 / perSide));
    const lengthOf = (side: number): number => Math.ceil((overlap * (perSide - 1) + side) / perSide);
    const [cropWidth, cropHeight] = [lengthOf(width), lengthOf(height)];
    for (let column = 0; column < perSide; column++) {
      for (let row = 0; row < perSide; row++) {
        const x0 = (cropWidth - overlap) * column;
        const y0 = (cropHeight - overlap) * row;
        const box = { x0, y0, x1: Math.min(x0 + cropWidth, width), y1: Math.min(y0 + cropHeight, height) };
        if (box.x0 < box.x1 && box.y0 < box.y1) crops.push({ box, layer });
      }
    }
  }
  return crops;
}

/** Pixels within which a box is at an edge. */
const EDGE = 20;

/**
 * Whether a mask ends where its crop ends and the picture does not, so that it is likely cut.
 *
 * @see segment-anything, `utils/amg.py`, `is_box_near_crop_edge`
 */
export function isCutByCrop([x0, y0, x1, y1]: SamBox, crop: Box, { height, width }: Size): boolean {
  const isCut = (side: number, cropSide: number, pictureSide: number): boolean =>
    Math.abs(side - cropSide) <= EDGE && Math.abs(side - pictureSide) > EDGE;
  return (
    isCut(x0, crop.x0, 0) || isCut(y0, crop.y0, 0) || isCut(x1, crop.x1, width) || isCut(y1, crop.y1, height)
  );
}
