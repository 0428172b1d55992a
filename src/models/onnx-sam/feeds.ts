import type { NdArray } from "../../core/array.ts";
import { invalid } from "../../core/error.ts";
import type { Point } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { longestSideSize, resizeImage } from "../../core/resize.ts";
import type { Arrays } from "../../engine/index.ts";
import { type Floats, floats } from "../sam/floats.ts";
import { channelMeans, preprocess, scalePoint } from "../sam/preprocess.ts";
import { checkFinite, checkPrompt, type Prompt, type SamFrame } from "../sam/prompt.ts";
import { pointKinds } from "../sam/prompt-encoder.ts";
import type { ResolvedPair } from "./resolve.ts";

/** A picture as an encoder takes it, and how it lies in there. */
export function imageFeeds(
  image: RgbImage,
  { image: input, grid, layout }: ResolvedPair,
): { readonly feeds: Arrays; readonly frame: SamFrame } {
  const side = 16 * grid;
  const square = { height: side, width: side };
  const original = { height: image.height, width: image.width };
  const resized = layout.isStretched ? square : longestSideSize(image, side);
  const frame: SamFrame = {
    original,
    input: resized,
    ...(layout.isStretched && { upscaling: "bilinear" }),
  };
  if (input.form === "planes") {
    // A square picture of the right size is only normalised.
    const { pixels } = preprocess(layout.isStretched ? resizeImage(image, square, "bilinear") : image, side);
    return { feeds: { [input.name]: pixels }, frame };
  }
  const { data } = resizeImage(image, resized, "bilinear");
  const levels = floats([resized.height, resized.width, 3], Float32Array.from(data));
  return { feeds: { [input.name]: input.isSquare ? padLevels(levels, side) : levels }, frame };
}

/** With the mean color below and to the right, which the graph makes the zeros that padding is. */
function padLevels({ shape: [height, width], data }: Floats, side: number): Floats {
  const padded = Float32Array.from({ length: side * side * 3 }, (_, p) => channelMeans[p % 3]);
  for (let i = 0; i < height; i++)
    padded.set(data.subarray(i * width * 3, (i + 1) * width * 3), i * side * 3);
  return floats([side, side, 3], padded);
}

/**
 * What a decoder takes beside the features of the picture.
 *
 * Coordinates are float32 pixels of the resized picture; half a pixel is added in the graph.
 *
 * @throws MaskwrightError INVALID_ARGUMENT or SHAPE_MISMATCH for a prompt that the pair has no input for
 */
export function promptFeeds(
  prompt: Prompt,
  { original, input }: SamFrame,
  { layout, grid, labelDtype, sizeDtype, takesBoxes }: ResolvedPair,
): Arrays {
  const { points = [], box, maskLogits, tokens } = prompt;
  if (tokens !== undefined) throw refuse("tokens", "points, a box or a mask", "tokens are inside its graph");
  if (maskLogits !== undefined && layout.mask === null)
    throw refuse("maskLogits", "points or a box", `${layout.name} has no input for masks`);
  if (box !== undefined && !takesBoxes)
    throw refuse("box", "points", `its decoder was exported without "${layout.boxes}"`);
  // Prompts of one mask: C matters to tokens only.
  checkPrompt(prompt, { dim: 0, grid });
  const coordinates: number[] = [];
  const labels: number[] = [];
  const place = (point: Point, kind: number): void => {
    const { x, y } = placed(point);
    coordinates.push(x, y);
    // The graphs count from −1, which is padding.
    labels.push(kind - 1);
  };
  const placed = (point: Point): Point => {
    checkFinite(point);
    return scalePoint(point, original, input);
  };
  for (const point of points) place(point, point.positive ? pointKinds.positive : pointKinds.negative);
  const corners =
    box === undefined
      ? []
      : [
          { x: box.x0, y: box.y0 },
          { x: box.x1, y: box.y1 },
        ];
  if (layout.boxes === "corners") {
    corners.forEach((corner, k) => {
      place(corner, pointKinds.topLeft + k);
    });
    if (layout.isPaddedByCaller && box === undefined && points.length > 0) {
      coordinates.push(0, 0);
      labels.push(-1);
    }
  }
  const shape = layout.rank === 3 ? [1, labels.length] : [1, 1, labels.length];
  const feeds: Record<string, NdArray> = {
    [layout.points]: floats([...shape, 2], Float32Array.from(coordinates)),
    [layout.labels]: numbers(shape, labels, labelDtype),
  };
  if (layout.boxes !== "corners" && takesBoxes) {
    const sides = corners.map(placed).flatMap(({ x, y }) => [x, y]);
    feeds[layout.boxes] = floats([1, sides.length / 4, 4], Float32Array.from(sides));
  }
  if (layout.mask !== null) {
    const plane = 4 * grid;
    feeds[layout.mask.logits] = floats(
      [1, 1, plane, plane],
      maskLogits?.data ?? new Float32Array(plane * plane),
    );
    feeds[layout.mask.has] = floats([1], Float32Array.of(maskLogits === undefined ? 0 : 1));
  }
  // The masks that the graph itself would make the picture's size are not used, so they are one pixel each.
  if (layout.size !== null) feeds[layout.size] = numbers([2], [1, 1], sizeDtype);
  return feeds;
}

function numbers(
  shape: readonly number[],
  values: readonly number[],
  dtype: "float32" | "int32" | "int64",
): NdArray {
  switch (dtype) {
    case "float32":
      return floats(shape, Float32Array.from(values));
    case "int32":
      return { dtype, shape, data: Int32Array.from(values) };
    case "int64":
      return { dtype, shape, data: BigInt64Array.from(values, BigInt) };
  }
}

function refuse(part: "tokens" | "maskLogits" | "box", expected: string, hint: string): Error {
  return invalid(`prompt: ${part}`, `${expected} for this model in ONNX files`, part, hint);
}
