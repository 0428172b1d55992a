import type { NdArray } from "../../core/array.ts";
import { MaskwrightError } from "../../core/error.ts";
import { halfToFloat32 } from "../../core/half.ts";
import { random } from "../../core/random.ts";
import {
  findTensor,
  formatShape,
  renameWeights,
  type StoredTensor,
  selectWeights,
  type WeightFile,
} from "../../engine/index.ts";
import { openWeightFile } from "../../engine/node.ts";
import { drawSegmenter } from "../../models/segmenter/initial.ts";
import { AVERAGE_PREFIX, type SegmenterNetwork, segmenterTensors } from "../../models/segmenter/network.ts";

/**
 * The tensors that training starts from: random ones, and where a file is given those of its encoder; of its head what has the same shapes.
 *
 * @param file  of Hugging Face's transformers (`SegformerModel`, `…ForImageClassification`, `…ForSemanticSegmentation`), or a checkpoint of
 *              `train segmenter`; null for none
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH for a file without the encoder of this network; INVALID_ARGUMENT for a light head
 */
export function startSegmenter(
  network: SegmenterNetwork,
  seed: number,
  file: string | null,
): Map<string, NdArray> {
  const drawn = new Map<string, NdArray>(drawSegmenter(network, random(`${seed} segmenter`)));
  if (file === null) return drawn;
  if (network.kind === "light")
    throw new MaskwrightError("INVALID_ARGUMENT", "--init: expected SegFormer, got a light head", {
      hint: "A light head's encoder has weights of its own: --encoder names them.",
    });
  const weights = openWeightFile(file);
  try {
    for (const [name, tensor] of chooseTensors(weights, network)) drawn.set(name, floatsOf(tensor));
  } finally {
    weights.close();
  }
  return drawn;
}

const ENCODER = "segformer.encoder.";

function chooseTensors(file: WeightFile, network: SegmenterNetwork): Map<string, StoredTensor> {
  const names = [...file.tensors.keys()];
  const averaged = new Set(
    names.flatMap((name) => (name.startsWith(AVERAGE_PREFIX) ? [name.slice(AVERAGE_PREFIX.length)] : [])),
  );
  const tensors = new Map([...file.tensors].filter(([name]) => !averaged.has(name)));
  const named = renameWeights({ ...file, tensors }, [
    { match: new RegExp(`^${AVERAGE_PREFIX}`), to: "" },
    { match: /^encoder\./, to: ENCODER },
  ]);
  const shapes = [...segmenterTensors(network)];
  const encoder = new Map(shapes.filter(([name]) => name.startsWith(ENCODER)));
  const chosen = new Map(selectWeights(named, encoder, "SegFormer").tensors);
  for (const [name, shape] of shapes) {
    const tensor = named.tensors.get(name);
    if (tensor !== undefined && formatShape(tensor.shape) === formatShape(shape))
      chosen.set(name, findTensor(named, name));
  }
  return chosen;
}

function floatsOf(tensor: StoredTensor): NdArray<"float32"> {
  const { dtype, shape, data } = tensor.read();
  const floats =
    dtype === "float16" ? halfToFloat32(data as Uint16Array) : Float32Array.from(data as Float32Array);
  return { dtype: "float32", shape, data: floats };
}
