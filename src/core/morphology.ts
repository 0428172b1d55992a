import { type Components, connectedComponents } from "./components.ts";
import { invalid } from "./error.ts";
import type { Mask } from "./mask.ts";

export interface MorphologyOptions {
  /** Pixels each way, a whole number. */
  readonly radius?: number;
  /** "square" has side 2·radius + 1; "cross" is its middle row and column (OpenCV's MORPH_RECT and MORPH_CROSS). */
  readonly shape?: "square" | "cross";
}

/** The pixels with a set pixel under the shape around them. The time does not depend on the radius. */
export function dilate(mask: Mask, { radius = 1, shape = "square" }: MorphologyOptions = {}): Mask {
  checkRadius("dilate", radius);
  return spread(mask, radius, shape);
}

/**
 * The pixels with no unset pixel under the shape around them. Beyond the picture counts as set, so
 * its edge does not eat the mask (OpenCV's default border).
 */
export function erode(mask: Mask, { radius = 1, shape = "square" }: MorphologyOptions = {}): Mask {
  checkRadius("erode", radius);
  return invert(spread(invert(mask), radius, shape));
}

function checkRadius(where: string, radius: number): void {
  if (!Number.isInteger(radius) || radius < 0) throw invalid(`${where}: radius`, "an integer >= 0", radius);
}

function invert({ height, width, data }: Mask): Mask {
  const inverse = new Uint8Array(data.length);
  for (let p = 0; p < data.length; p++) if (data[p] === 0) inverse[p] = 1;
  return { height, width, data: inverse };
}

function spread(mask: Mask, radius: number, shape: "square" | "cross"): Mask {
  const { height, width, data } = mask;
  const reach = Math.min(radius, Math.max(height, width)); // so that counting steps beyond it cannot overflow
  const rows = spreadRows(mask, reach);
  if (shape === "square") return { height, width, data: spreadColumns({ height, width, data: rows }, reach) };
  const columns = spreadColumns(mask, reach);
  for (let p = 0; p < data.length; p++) rows[p] |= columns[p];
  return { height, width, data: rows };
}

/** Each pixel within `radius` of a set one in its row: one sweep each way, counting steps since the last. */
function spreadRows({ height, width, data }: Mask, radius: number): Uint8Array {
  const result = new Uint8Array(data.length);
  for (let i = 0; i < height; i++) {
    const first = i * width;
    for (let p = first, since = radius; p < first + width; p++) {
      since = data[p] === 0 ? since + 1 : 0;
      if (since <= radius) result[p] = 1;
    }
    for (let p = first + width - 1, since = radius; p >= first; p--) {
      since = data[p] === 0 ? since + 1 : 0;
      if (since <= radius) result[p] = 1;
    }
  }
  return result;
}

/** The same in columns, all of them side by side so that memory is read in order. */
function spreadColumns({ height, width, data }: Mask, radius: number): Uint8Array {
  const result = new Uint8Array(data.length);
  const since = new Int32Array(width).fill(radius);
  const sweepRow = (i: number): void => {
    for (let j = 0, p = i * width; j < width; j++, p++) {
      since[j] = data[p] === 0 ? since[j] + 1 : 0;
      if (since[j] <= radius) result[p] = 1;
    }
  };
  for (let i = 0; i < height; i++) sweepRow(i);
  since.fill(radius);
  for (let i = height - 1; i >= 0; i--) sweepRow(i);
  return result;
}

/**
 * Sets the holes: 4-connected unset regions that do not touch the edge of the picture.
 *
 * @param options.maxArea  pixels of the largest hole that is filled; all by default
 */
export function fillHoles(
  mask: Mask,
  { maxArea = Number.POSITIVE_INFINITY }: { readonly maxArea?: number } = {},
): Mask {
  const { height, width } = mask;
  const regions = connectedComponents(invert(mask), { connectivity: 4 });
  const isHole = regions.components.map(
    ({ area, box: { x0, y0, x1, y1 } }) => area <= maxArea && x0 > 0 && y0 > 0 && x1 < width && y1 < height,
  );
  return { height, width, data: paintRegions(mask, regions, isHole, 1) };
}

/** The mask's pixels with `value` written over the chosen regions. */
function paintRegions(
  { data }: Mask,
  { labels }: Components,
  isChosen: readonly boolean[],
  value: 0 | 1,
): Uint8Array {
  const isPainted = new Uint8Array(isChosen.length + 1); // by label
  for (let k = 0; k < isChosen.length; k++) if (isChosen[k]) isPainted[k + 1] = 1;
  const painted = new Uint8Array(data); // not slice(): of a Node Buffer that is no copy
  for (let p = 0; p < data.length; p++) if (isPainted[labels[p]] === 1) painted[p] = value;
  return painted;
}

export interface RemoveSmallRegionsOptions {
  /** Pixels; smaller regions go, this size stays. */
  readonly minArea: number;
  readonly mode: "holes" | "islands";
}

/**
 * The mask with its small holes filled or its small islands removed (8-connected), and whether anything was small.
 *
 * A hole is any unset region, the one around the mask too. When every island is small the largest
 * stays, the first in the order of `connectedComponents` among equals; an empty mask has none and stays empty.
 *
 * @see segment-anything, `utils/amg.py`, `remove_small_regions`
 */
export function removeSmallRegions(
  mask: Mask,
  { minArea, mode }: RemoveSmallRegionsOptions,
): { mask: Mask; isChanged: boolean } {
  const { height, width } = mask;
  const regions = connectedComponents(mode === "holes" ? invert(mask) : mask, { connectivity: 8 });
  const { components } = regions;
  const isSmall = components.map(({ area }) => area < minArea);
  if (!isSmall.includes(true)) return { mask, isChanged: false };
  if (mode === "islands" && !isSmall.includes(false)) {
    let largest = 0;
    for (let k = 1; k < components.length; k++)
      if (components[k].area > components[largest].area) largest = k;
    isSmall[largest] = false;
  }
  const data = paintRegions(mask, regions, isSmall, mode === "holes" ? 1 : 0);
  return { mask: { height, width, data }, isChanged: true };
}
