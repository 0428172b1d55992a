import {
  add,
  cast,
  concat,
  constant,
  createGraph,
  emitModel,
  frozenWeights,
  type Graph,
  input,
  mean,
  mul,
  reshape,
  resize,
  slice,
  sub,
  type Tensor,
  transpose,
  type WeightFile,
} from "../../../engine/index.ts";
import type { SamConfig } from "../../sam/config.ts";
import { encodeImage } from "../../sam/image-encoder.ts";
import { encodeMask, encodeNoMask } from "../../sam/prompt-encoder.ts";
import { samWeights, type Weights } from "../../sam/weights.ts";
import { encodeLabeled, positionMap, type SamPair } from "../export.ts";
import { decodePlainly } from "../plain-decoder.ts";

/** A tiny SAM with the stride that all published ones have: 64 px, 4 × 4 cells. */
export const stridedConfig: SamConfig = {
  kind: "sam",
  encoder: {
    kind: "vit",
    side: 64,
    patch: 16,
    dim: 8,
    depth: 2,
    heads: 2,
    window: 3,
    globalBlocks: [1],
    mlpRatio: 2,
  },
  dim: 16,
  maskChannels: 4,
  decoder: { depth: 2, heads: 2, mlpDim: 8, iouDim: 8 },
};
const SIDE = 64;
const GRID = 4;
const DIM = stridedConfig.dim;
const features = [1, DIM, GRID, GRID];

type Outputs = (weights: Weights, graph: Graph) => Record<string, Tensor>;

function build(file: WeightFile, outputs: Outputs): Uint8Array<ArrayBuffer> {
  const graph = createGraph();
  return emitModel(outputs(frozenWeights(graph, samWeights(file, stridedConfig)), graph));
}

/** An encoder of grey levels [64, 64, 3], as samexporter's `--use-preprocess` makes it for one size. */
export function levelEncoder(file: WeightFile): Uint8Array<ArrayBuffer> {
  return build(file, (weights, graph) => {
    const levels = input(graph, "input_image", [SIDE, SIDE, 3]);
    const vector = (...values: number[]): Tensor => constant(graph, Float32Array.from(values));
    const centered = sub(levels, vector(123.675, 116.28, 103.53));
    const scaled = mul(centered, vector(1 / 58.395, 1 / 57.12, 1 / 57.375));
    const planes = reshape(transpose(scaled, [2, 0, 1]), [1, 3, SIDE, SIDE]);
    return { image_embeddings: encodeImage(weights, planes, stridedConfig) };
  });
}

interface Points {
  /** [n, 2] and [n] */
  readonly points: Tensor;
  readonly labels: Tensor;
}

function joined(first: Points, second: Points): Points {
  return {
    points: concat([first.points, second.points], 0),
    labels: concat([first.labels, second.labels], 0),
  };
}

/** What graphs that pad do: a point of padding after the others. */
function padded(given: Points): Points {
  const { graph } = given.points;
  const points = constant(graph, Float32Array.of(0, 0), { shape: [1, 2] });
  return joined(given, { points, labels: constant(graph, Float32Array.of(-1)) });
}

function decode(
  weights: Weights,
  { points, labels }: Points,
  { embedding, positions, dense }: { embedding: Tensor; positions: Tensor; dense: Tensor },
): { masks: Tensor; iou: Tensor } {
  const sparse = encodeLabeled(weights, points, labels, SIDE);
  const tokens = reshape(sparse, [1, ...sparse.shape]);
  const { masks, predictedIou } = decodePlainly(
    weights,
    add(embedding, dense),
    positions,
    tokens,
    stridedConfig,
  );
  return { masks, iou: predictedIou };
}

/** The three masks for prompts that may mean several things. */
function three({ masks, iou }: { masks: Tensor; iou: Tensor }): { masks: Tensor; iou: Tensor } {
  return { masks: slice(masks, { axis: 1, start: 1 }), iou: slice(iou, { axis: 1, start: 1 }) };
}

/** Points, and with `boxes` corners of boxes, as transformers' decoders take them. */
function transformersPrompt(graph: Graph, boxes: boolean): Points {
  const points = reshape(input(graph, "input_points", [1, 1, "points", 2]), ["points", 2]);
  const labels = cast(
    reshape(input(graph, "input_labels", [1, 1, "points"], "int64"), ["points"]),
    "float32",
  );
  if (!boxes) return padded({ points, labels });
  const corners = input(graph, "input_boxes", [1, "boxes", 4]);
  const corner = (start: number, label: number): Points => {
    const at = reshape(slice(corners, { axis: 2, start, end: start + 2 }), ["boxes", 2]);
    const zeros = reshape(mul(slice(at, { axis: 1, end: 1 }), 0), ["boxes"]);
    return { points: at, labels: add(zeros, label) };
  };
  return joined({ points, labels }, joined(corner(0, 2), corner(2, 3)));
}

/** SAM as transformers exports it: pads where it takes no boxes. */
export function transformersPair(file: WeightFile, { boxes }: { readonly boxes: boolean }): SamPair {
  return {
    encoder: build(file, (weights, graph) => ({
      image_embeddings: encodeImage(weights, input(graph, "pixel_values", [1, 3, SIDE, SIDE]), stridedConfig),
      image_positional_embeddings: positionMap(weights, graph, GRID),
    })),
    decoder: build(file, (weights, graph) => {
      const embedding = input(graph, "image_embeddings", features);
      const positions = input(graph, "image_positional_embeddings", features);
      const prompt = transformersPrompt(graph, boxes);
      const { masks, iou } = three(
        decode(weights, prompt, { embedding, positions, dense: encodeNoMask(weights) }),
      );
      const plane = [4 * GRID, 4 * GRID];
      return { iou_scores: reshape(iou, [1, 1, 3]), pred_masks: reshape(masks, [1, 1, 3, ...plane]) };
    }),
  };
}

/** Finer maps, as SAM 2 has them; here they only repeat the embedding. */
function finer(embedding: Tensor): { readonly half: Tensor; readonly quarter: Tensor } {
  const times = (factor: number): Tensor =>
    resize(embedding, { height: factor * GRID, width: factor * GRID });
  return { half: times(2), quarter: times(4) };
}

/** Far above 0 when the decoder did not get the maps that the encoder made. */
function mixUp(embedding: Tensor, half: Tensor, quarter: Tensor): Tensor {
  const wanted = finer(embedding);
  const difference = (got: Tensor, want: Tensor): Tensor => mean(mul(sub(got, want), sub(got, want)));
  return mul(add(difference(half, wanted.half), difference(quarter, wanted.quarter)), 1e6);
}

const halfShape = [1, DIM, 2 * GRID, 2 * GRID];
const quarterShape = [1, DIM, 4 * GRID, 4 * GRID];

/** As samexporter writes SAM 2: always pads, boxes or not. `count` masks of the four, the last ones. */
export function samexporterPair(file: WeightFile, { count }: { readonly count: 1 | 3 }): SamPair {
  return {
    encoder: build(file, (weights, graph) => {
      const embedding = encodeImage(weights, input(graph, "image", [1, 3, SIDE, SIDE]), stridedConfig);
      const { half, quarter } = finer(embedding);
      return { high_res_feats_0: quarter, high_res_feats_1: half, image_embed: embedding };
    }),
    decoder: build(file, (weights, graph) => {
      const embedding = input(graph, "image_embed", features);
      const quarter = input(graph, "high_res_feats_0", quarterShape);
      const half = input(graph, "high_res_feats_1", halfShape);
      const points = reshape(input(graph, "point_coords", [1, "num_points", 2]), ["num_points", 2]);
      const labels = reshape(input(graph, "point_labels", [1, "num_points"]), ["num_points"]);
      const mask = input(graph, "mask_input", [1, 1, 4 * GRID, 4 * GRID]);
      const has = input(graph, "has_mask_input", [1]);
      const dense = add(mul(has, encodeMask(weights, mask)), mul(sub(1, has), encodeNoMask(weights)));
      const positions = positionMap(weights, graph, GRID);
      const all = decode(weights, padded({ points, labels }), { embedding, positions, dense });
      const last = (x: Tensor): Tensor => slice(x, { axis: 1, start: 4 - count });
      return {
        masks: add(last(all.masks), mixUp(embedding, half, quarter)),
        iou_predictions: last(all.iou),
      };
    }),
  };
}

/** As transformers exports SAM 2, with boxes. */
export function transformersPair2(file: WeightFile): SamPair {
  return {
    encoder: build(file, (weights, graph) => {
      const embedding = encodeImage(weights, input(graph, "pixel_values", [1, 3, SIDE, SIDE]), stridedConfig);
      const { half, quarter } = finer(embedding);
      return {
        "image_embeddings.0": quarter,
        "image_embeddings.1": half,
        "image_embeddings.2": embedding,
      };
    }),
    decoder: build(file, (weights, graph) => {
      const embedding = input(graph, "image_embeddings.2", features);
      const quarter = input(graph, "image_embeddings.0", quarterShape);
      const half = input(graph, "image_embeddings.1", halfShape);
      const { masks, iou } = three(
        decode(weights, transformersPrompt(graph, true), {
          embedding,
          positions: positionMap(weights, graph, GRID),
          dense: encodeNoMask(weights),
        }),
      );
      const plane = [4 * GRID, 4 * GRID];
      return {
        iou_scores: reshape(iou, [1, 1, 3]),
        pred_masks: add(reshape(masks, [1, 1, 3, ...plane]), mixUp(embedding, half, quarter)),
        object_score_logits: reshape(slice(iou, { axis: 1, end: 1 }), [1, 1, 1]),
      };
    }),
  };
}
