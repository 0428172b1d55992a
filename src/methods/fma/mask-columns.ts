/** Pictures as run lengths have them: column by column, so that a run of a mask is one piece. */
import type { ClassMaps } from "../../core/class-maps.ts";
import type { Size } from "../../core/geometry.ts";
import { interpolate } from "../../core/interpolate.ts";
import type { ClassId, LabelMap } from "../../core/label-map.ts";
import type { Rle } from "../../core/rle.ts";

/** [P, W·H] the maps over the picture: bilinear, of the small map transposed, so that what would be rows are columns. */
export function stretchByColumns(
  { classes, height, width, data }: ClassMaps<"cam" | "score" | "prob">,
  size: Size,
): Float32Array {
  const transposed = new Float32Array(data.length);
  let at = 0;
  for (let start = 0; start < data.length; start += height * width)
    for (let j = 0; j < width; j++)
      for (let i = 0; i < height; i++) transposed[at++] = data[start + i * width + j];
  const shape = [classes.length, width, height];
  const stretched = { height: size.width, width: size.height };
  return interpolate({ dtype: "float32", shape, data: transposed }, stretched, "bilinear").data;
}

export interface GatherOptions {
  readonly gather: "mean" | "sum";
  /** Values below count as it: 0, or −∞ for none. */
  readonly least: number;
}

/**
 * [P, S] the mean or sum of each class in each mask, of values [P, W·H]. Column-major running sums make a run of any length one
 * subtraction; they are float64, where a zero stays exactly zero.
 */
export function gatherMasks(
  values: Float32Array,
  rles: readonly Rle[],
  { gather, least }: GatherOptions,
): Float32Array {
  if (rles.length === 0) return new Float32Array(0);
  const pixelCount = rles[0].height * rles[0].width;
  const result = new Float32Array((values.length / pixelCount) * rles.length);
  const sums = new Float64Array(pixelCount + 1);
  for (let start = 0, at = 0; start < values.length; start += pixelCount) {
    for (let q = 0, sum = 0; q < pixelCount; q++) {
      sum += Math.max(values[start + q], least);
      sums[q + 1] = sum;
    }
    for (const { counts } of rles) {
      let total = 0;
      let area = 0;
      for (let k = 1, q = 0; k < counts.length; k += 2) {
        q += counts[k - 1];
        total -= sums[q];
        q += counts[k];
        total += sums[q];
        area += counts[k];
      }
      result[at++] = gather === "mean" ? Math.fround(total) / area : total;
    }
  }
  return result;
}

/**
 * Masks painted with their labels, a later one over an earlier one, onto background: column by column, where a run is one piece,
 * and turned once at the end.
 */
export function paintMasks(
  rles: readonly Rle[],
  labels: readonly ClassId[],
  { height, width }: Size,
): LabelMap {
  const columns = new Uint8Array(height * width);
  for (const [s, { counts }] of rles.entries()) {
    for (let k = 1, q = 0; k < counts.length; k += 2) {
      q += counts[k - 1];
      const end = q + counts[k];
      columns.fill(labels[s], q, end);
      q = end;
    }
  }
  const data = new Uint8Array(height * width);
  for (let i = 0, p = 0; i < height; i++)
    for (let j = 0, q = i; j < width; j++, q += height) data[p++] = columns[q];
  return { height, width, data };
}
