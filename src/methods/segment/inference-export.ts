import { invalid } from "../../core/error.ts";
import type { ClassId } from "../../core/label-map.ts";
import {
  add,
  addModelMetadata,
  apply,
  constant,
  convertPrecision,
  createGraph,
  defineOp,
  emitModel,
  frozenWeights,
  input,
  type Precision,
  sub,
  type Tensor,
} from "../../engine/index.ts";
import { segmentPixels } from "../../models/segmenter/network.ts";
import { type SegmenterModel, sidesOf } from "./inference-network.ts";

export interface SegmenterExportOptions {
  /** Of the square that the network sees, px: a size that it takes. */
  readonly side: number;
  /** Class id of each channel. */
  readonly channelIds: readonly ClassId[];
  /** Default "float32". */
  readonly precision?: Precision;
  /** Entries of the model's `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Protocol buffers, and so ONNX models, stay below this. */
const MAX_MODEL_BYTES = 2 ** 31 - 2 ** 24;

/**
 * A segmenter as one ONNX model that takes pictures of any size and has everything in it: weights, an encoder's too, and preprocessing.
 *
 * - `image` float32 [1, 3, height, width]: levels of red, green and blue from 0 to 255.
 * - `labels` uint8 [1, height, width]: class ids at the square's resolution, brought to the picture's size by nearest.
 * - `logits` float32 [1, channels, h, w]: on the network's grid over the picture, without what only padding sees.
 *
 * The longer side becomes the square's (bilinear, averaging when shrinking, rounded to levels; a tiny picture grows eightfold at most), the rest of
 * the square is the mean color. `labelPixels` gives the same labels where it looks at that scale.
 *
 * @param model  its weights and those of its encoder are in memory, not external
 * @throws MaskwrightError INVALID_ARGUMENT for a side that the network does not take, or weights beyond 2 GB
 */
export function exportSegmenter(
  model: SegmenterModel,
  { side, channelIds, precision = "float32", metadata = {} }: SegmenterExportOptions,
): Uint8Array<ArrayBuffer> {
  checkSide(model, side);
  const { network, weights, encoder, normalization } = model;
  const graph = createGraph();
  const image = input(graph, "image", [1, 3, "height", "width"]);
  const mean = constant(
    graph,
    normalization.mean.map((share) => 255 * share),
    { shape: [1, 3, 1, 1], dtype: "float32" },
  );
  const fitted = apply(fitOp, [image], { side });
  const square = add(apply(padOp, [sub(fitted, mean)], { side }), mean);
  const parts = { weights: frozenWeights(graph, weights), encoder, normalization };
  const whole = segmentPixels(network, parts, square);
  const stride = side / (whole.shape[2] as number);
  const logits = apply(cutOp, [whole, fitted], { stride });
  const labels = apply(labelOp, [logits, fitted, image], { stride, channelIds });
  const bytes = emitModel({ labels, logits });
  if (bytes.length > MAX_MODEL_BYTES)
    throw invalid("exportSegmenter: weights", "at most 2 GB of them inside a model", bytes.length);
  return addModelMetadata(convertPrecision(bytes, precision), metadata);
}

function checkSide(model: SegmenterModel, side: number): void {
  const { kind, step } = sidesOf(model);
  const isTaken = Number.isInteger(side) && side >= 1 && side % step === 0 && side <= 8192;
  if (isTaken && (kind === "multiple" || side === step)) return;
  throw invalid(
    "exportSegmenter: side",
    kind === "exact" ? `${step}, the one that the encoder takes` : `a multiple of ${step} up to 8192`,
    side,
  );
}

/** [H, W] of a picture, int64. */
function sizeNodes(
  value: (type: string, inputs: readonly string[]) => string,
  ints: (numbers: readonly number[]) => string,
  image: string,
): string {
  return value("Slice", [value("Shape", [image]), ints([2]), ints([4])]);
}

/** A picture whose longer side is the square's, in whole levels. Sizes are computed in whole numbers: float16 would not hold them. */
const fitOp = defineOp<{ readonly side: number }>({
  name: "fit",
  infer: ([image]) => ({ shape: [1, 3, "fitted_height", "fitted_width"], dtype: image.dtype }),
  emit({ inputs: [image], outputs, attributes: { side }, add: emit, value, ints }) {
    const size = sizeNodes(value, ints, image);
    const longest = value("ReduceMax", [size], { keepdims: 1 });
    const wanted = value("Min", [ints([side]), value("Mul", [longest, ints([8])])]);
    // ⌊size · wanted / longest + ½⌋
    const twice = value("Mul", [longest, ints([2])]);
    const sum = value("Add", [value("Mul", [value("Mul", [size, wanted]), ints([2])]), longest]);
    const fitted = value("Max", [value("Div", [sum, twice]), ints([1])]);
    const sizes = value("Concat", [ints([1, 3]), fitted], { axis: 0 });
    const resized = value("Resize", [image, "", "", sizes], {
      mode: "linear",
      antialias: 1,
      // Weights beyond the border are cut off, as Pillow does.
      exclude_outside: 1,
      coordinate_transformation_mode: "half_pixel",
    });
    emit("Round", [resized], outputs);
  },
});

/** Zeros below and to the right, up to the square. */
const padOp = defineOp<{ readonly side: number }>({
  name: "padSquare",
  infer: ([x], { side }) => ({ shape: [1, 3, side, side], dtype: x.dtype }),
  emit({ inputs: [x], outputs, attributes: { side }, add: emit, value, ints }) {
    const missing = value("Sub", [ints([side, side]), sizeNodes(value, ints, x)]);
    const padded = value("Pad", [x, value("Concat", [ints([0, 0, 0, 0, 0, 0]), missing], { axis: 0 })]);
    emit("Reshape", [padded, ints([1, 3, side, side])], outputs);
  },
});

/** The positions of a map that see something of the picture. */
const cutOp = defineOp<{ readonly stride: number }>({
  name: "cutGrid",
  infer: ([map]) => ({ shape: [1, map.shape[1], "grid_height", "grid_width"], dtype: map.dtype }),
  emit({ inputs: [map, fitted], outputs, attributes: { stride }, add: emit, value, ints }) {
    const reached = value("Add", [sizeNodes(value, ints, fitted), ints([stride - 1])]);
    emit("Slice", [map, ints([0, 0]), value("Div", [reached, ints([stride])]), ints([2, 3])], outputs);
  },
});

/** The class of the highest logit at each pixel of the fitted picture, and the nearest of those at each of the picture. */
const labelOp = defineOp<{ readonly stride: number; readonly channelIds: readonly number[] }>({
  name: "label",
  infer: ([, , image]) => ({ shape: [1, image.shape[2], image.shape[3]], dtype: "uint8" }),
  emit({ inputs, outputs, node, attributes: { stride, channelIds }, add: emit, value, ints, floats }) {
    const [logits, fitted, image] = inputs;
    const channels = (node.inputs[0] as Tensor).shape[1] as number;
    const large = value("Mul", [sizeNodes(value, ints, logits), ints([stride])]);
    const stretched = value(
      "Resize",
      [logits, "", "", value("Concat", [ints([1, channels]), large], { axis: 0 })],
      { mode: "linear", coordinate_transformation_mode: "half_pixel" },
    );
    const pixels = value("Slice", [stretched, ints([0, 0]), sizeNodes(value, ints, fitted), ints([2, 3])]);
    const best = value("ArgMax", [pixels], { axis: 1, keepdims: 1 });
    const ids = value("Gather", [floats(channelIds), best], { axis: 0 });
    const size = sizeNodes(value, ints, image);
    const nearest = value("Resize", [ids, "", "", value("Concat", [ints([1, 1]), size], { axis: 0 })], {
      mode: "nearest",
      coordinate_transformation_mode: "half_pixel",
    });
    // 2 is uint8.
    const labels = value("Cast", [value("Squeeze", [nearest, ints([1])])], { to: 2 });
    emit("Identity", [labels], outputs);
  },
});
