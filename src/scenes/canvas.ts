import type { Size } from "../core/geometry.ts";
import type { Color } from "./color.ts";
import { type Light, type Relief, shadeRow } from "./light.ts";
import { fillRow, type Material } from "./material.ts";
import type { Outline } from "./outline.ts";
import { rasterize } from "./raster.ts";
import type { Silhouette } from "./silhouette.ts";

/** A picture being painted back to front, in linear light, with the exact truth of who owns each pixel. */
export interface Canvas extends Size {
  /** [H, W, 3], linear. */
  readonly color: Float32Array;
  /** [H, W]: 0 for the backdrop, else 1 + the index of the object in front. */
  readonly owner: Int32Array;
  /** [H, W]: 0 for the backdrop, else 1 + the index of the part in front, over all objects. */
  readonly part: Int32Array;
  /** [H, W]: the kind of backdrop, under objects too. */
  readonly stuff: Uint8Array;
}

export function makeCanvas({ height, width }: Size): Canvas {
  const pixelCount = height * width;
  return {
    height,
    width,
    color: new Float32Array(pixelCount * 3),
    owner: new Int32Array(pixelCount),
    part: new Int32Array(pixelCount),
    stuff: new Uint8Array(pixelCount),
  };
}

/** What a shape looks like. */
export interface Surface {
  readonly material: Material;
  /** Null: the shape is painted as it is, unlit. */
  readonly relief: Relief | null;
  /** Color of the air, and its share in what is seen. */
  readonly haze: { readonly color: Color; readonly share: number };
}

/**
 * Paints a shape: material, light, haze, blended by coverage. Truth is not touched.
 *
 * @param clip  the shape shows only within this silhouette
 */
export function paintShape(
  canvas: Canvas,
  outline: Outline,
  surface: Surface,
  light: Light,
  clip?: Silhouette,
): void {
  const { width, color } = canvas;
  const { material, relief, haze } = surface;
  const source = new Float32Array(width * 3);
  const keep = 1 - haze.share;
  const [red, green, blue] = haze.color;
  rasterize(outline, canvas, (row, from, to, coverage) => {
    let [start, end] = [from, to];
    if (clip !== undefined) {
      const { x0, y0, x1, y1 } = clip.window;
      if (row < y0 || row >= y1) return;
      start = Math.max(start, x0);
      end = Math.min(end, x1);
      const base = (row - y0) * (x1 - x0) - x0;
      for (let j = start; j < end; j++) coverage[j] *= clip.coverage[base + j];
    }
    fillRow(material, row, start, end, source);
    if (relief !== null) shadeRow(relief, light, row, start, end, source);
    for (let j = start, at = (row * width + start) * 3; j < end; j++, at += 3) {
      const share = coverage[j];
      color[at] += share * (source[j * 3] * keep + red * haze.share - color[at]);
      color[at + 1] += share * (source[j * 3 + 1] * keep + green * haze.share - color[at + 1]);
      color[at + 2] += share * (source[j * 3 + 2] * keep + blue * haze.share - color[at + 2]);
    }
  });
}

/** Darkens the canvas under a silhouette, by at most `strength`, from row `top` down. */
export function castShadow(
  { width, color }: Canvas,
  { window, coverage }: Silhouette,
  strength: number,
  top: number,
): void {
  const { x0, y0, x1, y1 } = window;
  const first = Math.max(y0, top);
  for (let i = first, p = (first - y0) * (x1 - x0); i < y1; i++) {
    for (let j = x0, at = (i * width + x0) * 3; j < x1; j++, p++, at += 3) {
      const light = 1 - strength * coverage[p];
      color[at] *= light;
      color[at + 1] *= light;
      color[at + 2] *= light;
    }
  }
}
