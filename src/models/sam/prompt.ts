import { elementCount, type NdArray } from "../../core/array.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import type { Box, Point, Size } from "../../core/geometry.ts";
import { formatShape } from "../../engine/index.ts";
import { type CoordinatePrecision, scalePoint, shareOfSide } from "./preprocess.ts";
import { pointKinds } from "./prompt-encoder.ts";

/**
 * What to segment. Coordinates are those of the picture as SAM means them, counted in pixels: (j, i) is the middle of the pixel in
 * row i and column j. A box is read by the numbers of its corners, as data sets' boxes are given to the original.
 */
export interface Prompt {
  readonly points?: readonly (Point & { readonly positive: boolean })[];
  readonly box?: Box;
  /** [4g, 4g] or [1, 4g, 4g], the low-resolution logits of an earlier prediction (256 × 256 in the published sizes). */
  readonly maskLogits?: NdArray<"float32">;
  /** [n, C], as `promptTokens` gives them for a prompt, instead of points and a box. */
  readonly tokens?: NdArray<"float32">;
}

/** Where points and box corners are, in shares of the input's side, and what each says. */
export interface PlacedPoints {
  /** x, y of each. */
  readonly coordinates: readonly number[];
  /** Of `pointKinds`. */
  readonly kinds: readonly number[];
}

export interface SamFrame {
  /** Size of the picture. */
  readonly original: Size;
  /** Size of the picture as the encoder sees it; its longer side is the input's. */
  readonly input: Size;
  /** How low-resolution masks become the picture's size: SAM's two bilinear steps when absent, or one step of this kind. */
  readonly upscaling?: "bilinear" | "bicubic";
}

/**
 * The points of a prompt and then its box corners; points without a box are followed by one of padding.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for coordinates that are not finite, or tokens beside points or a box
 */
export function placePoints(
  { points = [], box, tokens }: Prompt,
  { original, input }: SamFrame,
  precision: CoordinatePrecision,
): PlacedPoints {
  if (tokens !== undefined && (points.length > 0 || box !== undefined))
    throw invalid("prompt: tokens", "no points and no box beside them", tokens);
  const side = Math.max(input.height, input.width);
  const coordinates: number[] = [];
  const kinds: number[] = [];
  const place = (point: Point, kind: number): void => {
    checkFinite(point);
    const { x, y } = scalePoint(point, original, input);
    coordinates.push(shareOfSide(x, side, precision), shareOfSide(y, side, precision));
    kinds.push(kind);
  };
  for (const point of points) place(point, point.positive ? pointKinds.positive : pointKinds.negative);
  if (box !== undefined) {
    place({ x: box.x0, y: box.y0 }, pointKinds.topLeft);
    place({ x: box.x1, y: box.y1 }, pointKinds.bottomRight);
  } else if (points.length > 0) {
    coordinates.push(0, 0);
    kinds.push(pointKinds.padding);
  }
  return { coordinates, kinds };
}

/** @throws MaskwrightError INVALID_ARGUMENT */
export function checkFinite({ x, y }: Point): void {
  if (!Number.isFinite(x) || !Number.isFinite(y))
    throw invalid("prompt: coordinates", "finite numbers", `${x}, ${y}`);
}

/**
 * Refuses arrays of another shape.
 *
 * @throws MaskwrightError SHAPE_MISMATCH
 */
export function checkPrompt(
  { tokens, maskLogits }: Prompt,
  { dim, grid }: { readonly dim: number; readonly grid: number },
): void {
  if (tokens !== undefined) {
    checkLength("prompt: tokens", tokens);
    if (tokens.shape.length !== 2 || tokens.shape[1] !== dim)
      throw shapeMismatch("prompt: tokens", `[n, ${dim}]`, formatShape(tokens.shape));
  }
  if (maskLogits === undefined) return;
  checkLength("prompt: maskLogits", maskLogits);
  const plane = [4 * grid, 4 * grid];
  const got = formatShape(maskLogits.shape);
  if (got !== formatShape(plane) && got !== formatShape([1, ...plane]))
    throw shapeMismatch(
      "prompt: maskLogits",
      formatShape(plane),
      got,
      "give one mask's low-resolution logits",
    );
}

function checkLength(where: string, { shape, data }: NdArray): void {
  const count = elementCount(shape);
  if (data.length !== count)
    throw shapeMismatch(where, `${count} numbers for ${formatShape(shape)}`, `${data.length}`);
}
