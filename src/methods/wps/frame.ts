import type { Box, Point, Size } from "../../core/geometry.ts";
import type { GrayImage, RgbImage } from "../../core/image.ts";
import { interpolate } from "../../core/interpolate.ts";
import { type FloatMap, longestSideSize, resizeGray, resizeImage } from "../../core/resize.ts";
import type { PartLabel } from "./augment.ts";

/** Where a picture lies in the middle of the square that the encoder sees. */
export interface CenterFrame {
  /** Side of the square, px. */
  readonly side: number;
  /** Size of the picture. */
  readonly original: Size;
  /** Size of the picture in the square. */
  readonly input: Size;
  readonly left: number;
  readonly top: number;
}

/**
 * The frame of WPS-SAM's published code: the longer side at `side`, what is left of the other shared between both ends, the odd pixel at the
 * right or bottom. SAM itself puts a picture at the top left.
 */
export function centerFrame({ height, width }: Size, side: number): CenterFrame {
  const input = longestSideSize({ height, width }, side);
  const left = Math.floor((side - input.width) / 2);
  const top = Math.floor((side - input.height) / 2);
  return { side, original: { height, width }, input, left, top };
}

/**
 * The picture in its frame, black around it. `Sam.embed` takes that for a picture of its own size, and its mean and deviation make of black
 * what the published code pads with.
 */
export function placeImage(image: RgbImage, frame: CenterFrame): RgbImage {
  const { data } = resizeImage(image, frame.input, "bilinear");
  return { height: frame.side, width: frame.side, data: placed(data, frame, 3) };
}

/** A mask or any one-channel picture in the frame, 0 around it, as Pillow resizes it. */
export function placeGray(gray: GrayImage, frame: CenterFrame): { data: Uint8Array } & Size {
  const { data } = resizeGray(gray, frame.input, "bilinear");
  return { height: frame.side, width: frame.side, data: placed(data, frame, 1) };
}

/** A point of the picture in the frame. */
export function placePoint({ x, y }: Point, { original, input, left, top }: CenterFrame): Point {
  return {
    x: x * (input.width / original.width) + left,
    y: y * (input.height / original.height) + top,
  };
}

/** A box of the picture in the frame; one that reaches beyond the picture is not cut. */
export function placeBox({ x0, y0, x1, y1 }: Box, frame: CenterFrame): Box {
  const [first, last] = [placePoint({ x: x0, y: y0 }, frame), placePoint({ x: x1, y: y1 }, frame)];
  return { x0: first.x, y0: first.y, x1: last.x, y1: last.y };
}

/** Boxes or points of the picture in the frame. */
export function placeLabel(label: PartLabel, frame: CenterFrame): PartLabel {
  if (label.kind === "points")
    return {
      kind: "points",
      points: label.points.map((point) => ({ ...point, ...placePoint(point, frame) })),
    };
  return { kind: "boxes", boxes: label.boxes.map((box) => ({ ...box, ...placeBox(box, frame) })) };
}

/** The part of a map of the frame that holds the picture, at the picture's size, bilinearly. */
export function cropMap({ data }: FloatMap, { side, original, input, left, top }: CenterFrame): FloatMap {
  const cut = new Float32Array(input.height * input.width);
  for (let i = 0; i < input.height; i++) {
    const from = (top + i) * side + left;
    cut.set(data.subarray(from, from + input.width), i * input.width);
  }
  const shape = [input.height, input.width];
  return {
    ...original,
    data: interpolate({ dtype: "float32", shape, data: cut }, original, "bilinear").data,
  };
}

function placed(
  data: RgbImage["data"],
  { side, input, left, top }: CenterFrame,
  channels: number,
): Uint8Array {
  const square = new Uint8Array(side * side * channels);
  const row = input.width * channels;
  for (let i = 0; i < input.height; i++)
    square.set(data.subarray(i * row, (i + 1) * row), ((top + i) * side + left) * channels);
  return square;
}
