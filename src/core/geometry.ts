/**
 * Sizes, points and boxes. One convention inside: continuous pixels, half-open boxes.
 * Every other convention is converted here, by name, and nowhere else.
 */

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Continuous pixels: pixel (row i, column j) covers [j, j+1) × [i, i+1). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Half-open: width = x1 − x0, height = y1 − y0. An empty mask has no box (null), not a zero box. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

export function boxArea({ x0, y0, x1, y1 }: Box): number {
  return Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
}

/** The common part of two boxes, or null when they share no area. */
export function intersectBoxes(a: Box, b: Box): Box | null {
  const x0 = Math.max(a.x0, b.x0);
  const y0 = Math.max(a.y0, b.y0);
  const x1 = Math.min(a.x1, b.x1);
  const y1 = Math.min(a.y1, b.y1);
  return x1 > x0 && y1 > y0 ? { x0, y0, x1, y1 } : null;
}

/** Intersection over union of two boxes; 0 when both are empty. */
export function boxIou(a: Box, b: Box): number {
  const shared = intersectBoxes(a, b);
  if (shared === null) return 0;
  const intersection = boxArea(shared);
  return intersection / (boxArea(a) + boxArea(b) - intersection);
}

/** The part of a box inside the picture, or null when there is none. */
export function clipBox(box: Box, { height, width }: Size): Box | null {
  return intersectBoxes(box, { x0: 0, y0: 0, x1: width, y1: height });
}

/** Whether a box is all of a picture. */
export function isWholePicture({ x0, y0, x1, y1 }: Box, { height, width }: Size): boolean {
  return x0 === 0 && y0 === 0 && x1 === width && y1 === height;
}

/** VOC XML and VOC-style tools: 1-based, last pixel included. */
export interface VocBox {
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
}

export function boxFromVoc({ xmin, ymin, xmax, ymax }: VocBox): Box {
  return { x0: xmin - 1, y0: ymin - 1, x1: xmax, y1: ymax };
}

export function boxToVoc({ x0, y0, x1, y1 }: Box): VocBox {
  return { xmin: x0 + 1, ymin: y0 + 1, xmax: x1, ymax: y1 };
}

/** COCO `[x, y, width, height]`, continuous pixels. */
export type CocoBox = readonly [x: number, y: number, width: number, height: number];

export function boxFromCoco([x, y, width, height]: CocoBox): Box {
  return { x0: x, y0: y, x1: x + width, y1: y + height };
}

export function boxToCoco({ x0, y0, x1, y1 }: Box): CocoBox {
  return [x0, y0, x1 - x0, y1 - y0];
}

/**
 * SAM's box of a mask, `[x0, y0, x1, y1]`: indices of the first and the last set column and row, so
 * one short of ours on the right and bottom (segment-anything, `utils/amg.py`, `batched_mask_to_box`).
 */
export type SamBox = readonly [x0: number, y0: number, x1: number, y1: number];

export function boxFromSam([x0, y0, x1, y1]: SamBox): Box {
  return { x0, y0, x1: x1 + 1, y1: y1 + 1 };
}

export function boxToSam({ x0, y0, x1, y1 }: Box): SamBox {
  return [x0, y0, x1 - 1, y1 - 1];
}

/** DETR's box: center and size, each divided by the picture's width or height. */
export type DetrBox = readonly [cx: number, cy: number, width: number, height: number];

export function boxFromDetr([cx, cy, w, h]: DetrBox, { height, width }: Size): Box {
  return {
    x0: (cx - w / 2) * width,
    y0: (cy - h / 2) * height,
    x1: (cx + w / 2) * width,
    y1: (cy + h / 2) * height,
  };
}

export function boxToDetr({ x0, y0, x1, y1 }: Box, { height, width }: Size): DetrBox {
  return [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height];
}

/** "375×500": height first, as in every message of this project. */
export function formatSize({ height, width }: Size): string {
  return `${height}×${width}`;
}

export function isSameSize(a: Size, b: Size): boolean {
  return a.height === b.height && a.width === b.width;
}
