import { invalid } from "../../core/error.ts";
import type { Point } from "../../core/geometry.ts";
import { DEFAULT_SCORES } from "./bounded-attention.ts";
import { type EfficientSamConfig, gridSide } from "./config.ts";
import { decodeEfficientTokens, drawEfficientMasks } from "./efficient-mask-decoder.ts";
import { stretchImage } from "./efficient-preprocess.ts";
import { efficientPointKinds, encodeEfficientPoints } from "./efficient-prompt-encoder.ts";
import { projectFeatures } from "./mask-decoder.ts";
import { neck } from "./neck.ts";
import { encodePlainVit } from "./plain-vit.ts";
import { type CoordinatePrecision, shareOfSide } from "./preprocess.ts";
import { checkFinite, type PlacedPoints, type Prompt, type SamFrame } from "./prompt.ts";
import { promptFault } from "./prompt-fault.ts";
import type { SamDesign } from "./sam-design.ts";
import { scoped } from "./weights.ts";

/**
 * EfficientSAM: SAM's design with a plain ViT, which sees the picture stretched to a square; prompts of a fixed number of tokens, none
 * of which says "not here" and none of which is a mask; masks that are made the picture's size in one bicubic step.
 *
 * @see Xiong et al. 2023 (EfficientSAM); published code `yformer/EfficientSAM`
 */
export function efficientSamDesign(config: EfficientSamConfig): SamDesign {
  const { dim, encoder, decoder, pointCount } = config;
  const { side } = encoder;
  return {
    dim,
    grid: gridSide(encoder),
    extra: [],
    filterLength: decoder.upscaling[1],
    frameOf: (original) => ({ original, input: { height: side, width: side }, upscaling: "bicubic" }),
    preprocess: (image) => stretchImage(image, side),
    placePoints: (prompt, frame, precision) => placeEfficientPoints(prompt, frame, precision, pointCount),
    encodeImage(weights, pixels) {
      const own = scoped(weights, "image_encoder.");
      return { features: neck(own, encodePlainVit(own, pixels, encoder, DEFAULT_SCORES)) };
    },
    prepareImage(weights, features, mask) {
      if (mask !== null) throw refuseMask();
      return projectFeatures(weights, features, decoder.heads);
    },
    encodePoints: encodeEfficientPoints,
    decodeTokens: (weights, side, sparse) => decodeEfficientTokens(weights, side, sparse, config),
    drawsPlaces: false,
    drawMasks: drawEfficientMasks,
  };
}

/**
 * The points of a prompt, then its box corners, then padding up to `count`.
 *
 * As in the original, coordinates below 0 count as −1 px of the input, which is where padding is; what it does with more points than
 * `count` (it forgets them) and with negative ones (a position that says nothing) is an error here.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a prompt that EfficientSAM cannot express
 */
export function placeEfficientPoints(
  { points = [], box, tokens, maskLogits }: Prompt,
  { original, input }: SamFrame,
  precision: CoordinatePrecision,
  count: number,
): PlacedPoints {
  if (maskLogits !== undefined) throw refuseMask();
  if (tokens !== undefined) {
    if (points.length > 0 || box !== undefined)
      throw invalid("prompt: tokens", "no points and no box beside them", tokens);
    return { coordinates: [], kinds: [] };
  }
  const fault = promptFault({ kind: "efficient-sam", pointCount: count }, { points, ...(box && { box }) });
  if (fault !== null) throw invalid("prompt: points", fault.expected, fault.got, fault.hint);
  const coordinates: number[] = [];
  const kinds: number[] = [];
  const side = input.width;
  const share = (value: number, length: number): number =>
    shareOfSide(value >= 0 ? (value * side) / length : -1, side, precision);
  const place = (point: Point, kind: number): void => {
    checkFinite(point);
    coordinates.push(share(point.x, original.width), share(point.y, original.height));
    kinds.push(kind);
  };
  for (const point of points) place(point, efficientPointKinds.positive);
  if (box !== undefined) {
    place({ x: box.x0, y: box.y0 }, efficientPointKinds.topLeft);
    place({ x: box.x1, y: box.y1 }, efficientPointKinds.bottomRight);
  }
  while (kinds.length < count) place({ x: -1, y: -1 }, efficientPointKinds.padding);
  return { coordinates, kinds };
}

function refuseMask(): Error {
  return invalid(
    "prompt: maskLogits",
    "none for EfficientSAM",
    "a mask",
    "EfficientSAM reads no masks: leave it out, or use SAM or MobileSAM",
  );
}
