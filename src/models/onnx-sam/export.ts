import { elementCount } from "../../core/array.ts";
import { invalid } from "../../core/error.ts";
import {
  add,
  apply,
  cast,
  createGraph,
  defineOp,
  emitModel,
  frozenWeights,
  type Graph,
  input,
  mul,
  reshape,
  sub,
  type Tensor,
  transpose,
  type WeightFile,
} from "../../engine/index.ts";
import { gridSide, type SamConfig } from "../sam/config.ts";
import { encodeImage } from "../sam/image-encoder.ts";
import { encodeMask, encodeNoMask, encodePoints, gridPositions } from "../sam/prompt-encoder.ts";
import { samTensors } from "../sam/tensor-table.ts";
import { samWeights, type Weights } from "../sam/weights.ts";
import { decodePlainly } from "./plain-decoder.ts";

/** Two ONNX models. */
export interface SamPair {
  readonly encoder: Uint8Array<ArrayBuffer>;
  readonly decoder: Uint8Array<ArrayBuffer>;
}

export interface SamExportOptions {
  /**
   * The weight file's name, for models that will lie in its folder: large weights then stay in it. Without it they are written into the
   * models, which end at 2 GB.
   */
  readonly location?: string;
}

/** Protocol buffers, and so ONNX models, stay below this; the rest is names and nodes. */
const MAX_MODEL_BYTES = 2 ** 31 - 2 ** 24;

/**
 * SAM or MobileSAM as the pair of models that other programs expect: inputs and outputs as segment-anything's `export_onnx_model.py` has
 * them for the decoder (all four masks), and samexporter for the encoder (without `--use-preprocess`).
 *
 * encoder: `input_image` [1, 3, S, S], normalised and padded, to `image_embeddings` [1, C, g, g].
 * decoder: `image_embeddings`, `point_coords` [1, num_points, 2], `point_labels` [1, num_points], `mask_input` [1, 1, 4g, 4g],
 * `has_mask_input` [1], `orig_im_size` [2] to `masks` [1, 4, H, W], `iou_predictions` [1, 4], `low_res_masks` [1, 4, 4g, 4g].
 *
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH when the file's tensors are not those of the configuration; INVALID_ARGUMENT for
 *         weights beyond 2 GB without a `location`, and for the hybrid encoder, whose decoder takes more than an embedding
 */
export function exportSamPair(file: WeightFile, config: SamConfig, options: SamExportOptions = {}): SamPair {
  if (config.encoder.kind === "hybrid")
    throw invalid("exportSamPair: config", "SAM's own decoder, which such programs know", "that of sam-tiny");
  const official = samWeights(file, config);
  const bytes = [...samTensors(config).values()].reduce((sum, shape) => sum + 4 * elementCount(shape), 0);
  if (options.location === undefined && bytes > MAX_MODEL_BYTES)
    throw invalid(
      "exportSamPair: weights",
      "at most 2 GB of them inside a model",
      bytes,
      "name the weight file they are to stay in: location",
    );
  const build = (
    outputs: (weights: Weights, graph: Graph) => Record<string, Tensor>,
  ): Uint8Array<ArrayBuffer> => {
    const graph = createGraph();
    return emitModel(outputs(frozenWeights(graph, official, options), graph));
  };
  const { side } = config.encoder;
  return {
    encoder: build((weights, graph) => ({
      image_embeddings: encodeImage(weights, input(graph, "input_image", [1, 3, side, side]), config),
    })),
    decoder: build((weights, graph) => buildDecoder(weights, graph, config)),
  };
}

function buildDecoder(weights: Weights, graph: Graph, config: SamConfig): Record<string, Tensor> {
  const { dim, encoder } = config;
  const grid = gridSide(encoder);
  const features = input(graph, "image_embeddings", [1, dim, grid, grid]);
  const points = input(graph, "point_coords", [1, "num_points", 2]);
  const labels = input(graph, "point_labels", [1, "num_points"]);
  const mask = input(graph, "mask_input", [1, 1, 4 * grid, 4 * grid]);
  const has = input(graph, "has_mask_input", [1]);
  const size = input(graph, "orig_im_size", [2]);
  const sparse = encodeLabeled(weights, reshape(points, [-1, 2]), reshape(labels, [-1]), encoder.side);
  const dense = add(mul(has, encodeMask(weights, mask)), mul(sub(1, has), encodeNoMask(weights)));
  const { masks, predictedIou } = decodePlainly(
    weights,
    add(features, dense),
    positionMap(weights, graph, grid),
    reshape(sparse, [1, "num_points", dim]),
    config,
  );
  return {
    masks: apply(pictureMasksOp, [masks, size], { side: encoder.side }),
    iou_predictions: predictedIou,
    low_res_masks: masks,
  };
}

/**
 * Tokens of points by the labels of exported models: −1 padding, 0 negative, 1 positive, 2 and 3 corners of a box.
 *
 * @param points  [n, 2], px of the resized picture
 * @param labels  [n]
 * @returns       [n, C]
 */
export function encodeLabeled(weights: Weights, points: Tensor, labels: Tensor, side: number): Tensor {
  return encodePoints(weights, mul(add(points, 0.5), 1 / side), cast(add(labels, 1), "int32"));
}

/** The position of every cell, as a map [1, C, g, g]. */
export function positionMap(weights: Weights, graph: Graph, grid: number): Tensor {
  const positions = gridPositions(weights, graph, grid); // [1, P, C]
  return reshape(transpose(positions, [0, 2, 1]), [1, positions.shape[2], grid, grid]);
}

/**
 * Masks at the size that the second input says: up to the encoder's square, cut to what holds the picture, and to the picture. No op of the
 * engine has a size that is known only at a run.
 */
const pictureMasksOp = defineOp<{ readonly side: number }>({
  name: "pictureMasks",
  infer: ([masks]) => ({ shape: [1, masks.shape[1], "height", "width"], dtype: masks.dtype }),
  emit({ inputs: [masks, size], outputs, node, attributes: { side }, add: emit, value, ints, floats }) {
    const count = node.inputs[0].shape[1] as number;
    const linear = { mode: "linear", coordinate_transformation_mode: "half_pixel" };
    const square = value("Resize", [masks, "", "", ints([1, count, side, side])], linear);
    const longest = value("ReduceMax", [size], { keepdims: 0 });
    const scaled = value("Mul", [size, value("Div", [floats(side), longest])]);
    // 7 is int64.
    const used = value("Cast", [value("Floor", [value("Add", [scaled, floats(0.5)])])], { to: 7 });
    const cut = value("Slice", [square, ints([0, 0]), used, ints([2, 3])]);
    const target = value("Concat", [ints([1, count]), value("Cast", [size], { to: 7 })], { axis: 0 });
    emit("Resize", [cut, "", "", target], outputs, linear);
  },
});
