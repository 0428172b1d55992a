import type { NdArray } from "../../../core/array.ts";
import { constant, type Graph, input, reshape, type Tensor } from "../../../engine/index.ts";
import { shareOfSide } from "../preprocess.ts";
import { encodePoints, pointKinds } from "../prompt-encoder.ts";
import type { Weights } from "../weights.ts";
import { computedWith, following } from "./look-inside.ts";
import { toChannelsFirst } from "./picture-layout.ts";

export interface GoldenPrompt {
  /** [B, n, 2] in the resized picture; float64 as the automatic generator passes them. */
  readonly points?: NdArray | undefined;
  /** [B, n]; all 1 when absent. */
  readonly labels?: NdArray | undefined;
  /** [B, 4] */
  readonly boxes?: NdArray | undefined;
  readonly kindOf: (label: number) => number;
  /** Whether points without a box are followed by one of padding; ONNX leaves that to the caller. */
  readonly pads: boolean;
}

/** What `encodePoints` takes, for all prompts of a batch. */
export interface EncoderPoints {
  readonly batch: number;
  readonly points: NdArray;
  readonly kinds: NdArray;
}

/** Labels as PyTorch reads them. */
export function torchKind(label: number): number {
  const kinds = new Map([
    [-1, pointKinds.padding],
    [0, pointKinds.negative],
    [1, pointKinds.positive],
  ]);
  return kinds.get(label) ?? pointKinds.bare;
}

/** Labels as the ONNX export reads them. */
export function onnxKind(label: number): number {
  const { padding, negative, positive, topLeft, bottomRight } = pointKinds;
  return [padding, negative, positive, topLeft, bottomRight][label + 1];
}

export function encoderPoints(prompt: GoldenPrompt, side: number): EncoderPoints {
  const { points, labels, boxes, kindOf, pads } = prompt;
  const batch = (points ?? boxes)?.shape[0] ?? 1;
  const precision = points?.dtype === "float64" ? "float64" : "float32";
  const coordinates: number[] = [];
  const kinds: number[] = [];
  const place = (array: NdArray, at: number, kind: number): void => {
    const data = array.data as Float32Array;
    coordinates.push(shareOfSide(data[at], side, precision), shareOfSide(data[at + 1], side, precision));
    kinds.push(kind);
  };
  for (let b = 0; b < batch; b++) {
    if (points !== undefined) {
      const count = points.shape[1];
      for (let k = b * count; k < (b + 1) * count; k++)
        place(points, 2 * k, kindOf(labels === undefined ? 1 : Number(labels.data[k])));
      if (pads && boxes === undefined) {
        coordinates.push(0, 0);
        kinds.push(pointKinds.padding);
      }
    }
    if (boxes !== undefined) {
      place(boxes, 4 * b, pointKinds.topLeft);
      place(boxes, 4 * b + 2, pointKinds.bottomRight);
    }
  }
  return {
    batch,
    points: { dtype: "float32", shape: [kinds.length, 2], data: Float32Array.from(coordinates) },
    kinds: { dtype: "int32", shape: [kinds.length], data: Int32Array.from(kinds) },
  };
}

/** Tokens [B, n, C]; n may be 0. */
export function tokensOf(graph: Graph, weights: Weights, { batch, points, kinds }: EncoderPoints): Tensor {
  const dim = weights("prompt_encoder.not_a_point_embed.weight").shape[1];
  if (kinds.shape[0] === 0) return input(graph, "no tokens", [batch, 0, dim]);
  const x = constant(graph, points.data, { shape: points.shape });
  return reshape(encodePoints(weights, x, constant(graph, kinds.data)), [batch, -1, dim]);
}

/** What `encodeMask` computes on its way, by the golden sets' names. */
export function maskSteps(graph: Graph, weights: Weights, grid: number): Record<string, Tensor> {
  const at = (k: number): Tensor =>
    computedWith(graph, weights(`prompt_encoder.mask_downscaling.${k}.weight`));
  return {
    mask_downscaling0: at(0),
    mask_downscaling1: toChannelsFirst(at(1), 2 * grid),
    mask_downscaling2: following(at(1), "gelu"),
    mask_downscaling3: at(3),
    mask_downscaling4: toChannelsFirst(at(4), grid),
    mask_downscaling5: following(at(4), "gelu"),
    mask_downscaling6: at(6),
  };
}
