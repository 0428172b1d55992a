import type { NdArray } from "../../core/array.ts";
import { badFormat, shapeMismatch } from "../../core/error.ts";
import { halfToFloat32 } from "../../core/half.ts";
import {
  findTensor,
  formatShape,
  renameWeights,
  type StoredTensor,
  type WeightFile,
} from "../../engine/index.ts";
import { type MobileNetConfig, type MobileNetConv, mobileNetConvs } from "./config.ts";
import type { TfliteLayer, TfliteTensor } from "./tflite.ts";

/** Of TensorFlow's batch norms. */
const EPSILON = 1e-3;

/** [O, C/groups, k, k] */
export function kernelShape({ inputs, outputs, kernel, isDepthwise }: MobileNetConv): readonly number[] {
  return [outputs, isDepthwise ? 1 : inputs, kernel, kernel];
}

/**
 * The weights of a network that Hugging Face's transformers wrote (`MobileNetV2Model` or `…ForImageClassification`), the batch norms put
 * into the convolutions: "conv_stem.first_conv.weight", "….bias", and so on for each of `mobileNetConvs`.
 *
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH for a tensor that is missing or of another shape
 */
export function mobileNetWeights(file: WeightFile, config: MobileNetConfig): WeightFile {
  const named = renameWeights(file, [{ match: /^mobilenet_v2\./, to: "" }]);
  const read = (name: string, shape: readonly number[]): Float32Array => {
    const tensor = findTensor(named, name);
    if (formatShape(tensor.shape) !== formatShape(shape))
      throw shapeMismatch(`${file.where}: "${name}"`, formatShape(shape), formatShape(tensor.shape));
    const { dtype, data } = tensor.read();
    return dtype === "float16" ? halfToFloat32(data as Uint16Array) : Float32Array.from(data as Float32Array);
  };
  const tensors = new Map<string, StoredTensor>();
  for (const conv of mobileNetConvs(config)) {
    const { name, outputs } = conv;
    const kernel = read(`${name}.convolution.weight`, kernelShape(conv));
    const [scale, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      read(`${name}.normalization.${part}`, [outputs]),
    );
    const factors = Float64Array.from(scale, (each, o) => each / Math.sqrt(variance[o] + EPSILON));
    const size = kernel.length / outputs;
    const weight = kernel.map((each, k) => each * factors[Math.floor(k / size)]);
    const bias = shift.map((each, o) => each - mean[o] * factors[o]);
    tensors.set(`${name}.weight`, inMemory(kernelShape(conv), weight));
    tensors.set(`${name}.bias`, inMemory([outputs], bias));
  }
  return { where: file.where, tensors, metadata: new Map() };
}

/**
 * The same from the layers of a TFLite model, whose batch norms are in its convolutions already. A classifier after them is left out.
 *
 * @param where  what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT for a network of other convolutions
 */
export function mobileNetFromTflite(
  layers: readonly TfliteLayer[],
  config: MobileNetConfig,
  where: string,
): WeightFile {
  const tensors = new Map<string, StoredTensor>();
  for (const [k, conv] of mobileNetConvs(config).entries()) {
    const { name, outputs, inputs, kernel, isDepthwise } = conv;
    const stored = isDepthwise ? [1, kernel, kernel, outputs] : [outputs, kernel, kernel, inputs];
    const expected = `convolution ${k} with weights ${formatShape(stored)}, as in MobileNetV2`;
    const layer = layers[k];
    if (layer === undefined) throw badFormat(where, expected, `${layers.length} layers`);
    const { weight, bias } = layer;
    if (formatShape(weight.shape) !== formatShape(stored) || bias.data.length !== outputs)
      throw badFormat(where, expected, `"${weight.name}" ${formatShape(weight.shape)}`);
    tensors.set(`${name}.weight`, inMemory(kernelShape(conv), channelsFirst(weight, isDepthwise)));
    tensors.set(`${name}.bias`, inMemory([outputs], bias.data));
  }
  return { where, tensors, metadata: new Map() };
}

/** [O, k, k, C] as [O, C, k, k], or [1, k, k, O] as [O, 1, k, k]. */
function channelsFirst(
  { shape: [first, height, width, last], data }: TfliteTensor,
  isDepthwise: boolean,
): Float32Array {
  const moved = new Float32Array(data.length);
  const area = height * width;
  for (let o = 0, at = 0; o < first; o++)
    for (let p = 0; p < area; p++)
      for (let c = 0; c < last; c++) moved[(isDepthwise ? c : o * last + c) * area + p] = data[at++];
  return moved;
}

/** An array as a tensor of a file. */
function inMemory(shape: readonly number[], data: Float32Array): StoredTensor {
  const array: NdArray<"float32"> = { dtype: "float32", shape, data };
  return { dtype: "float32", shape, range: null, read: () => array };
}
