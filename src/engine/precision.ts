import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { invalid } from "../core/error.ts";
import { float32ToHalf } from "../core/half.ts";
import { ONNX_DTYPES } from "./constant-bytes.ts";
import { nodeProto } from "./onnx-proto.ts";
import { quantizeMatrices } from "./quantization.ts";

/**
 * What a graph computes with: "float32"; "float16" for all weights and intermediate values, half the memory and, on a GPU, more speed; or
 * "int8" for products with constant matrices, whose other operand is quantized at each run (a CPU's VNNI).
 */
export type Precision = "float32" | "float16" | "int8";

/**
 * The model in another precision. Its inputs and outputs stay float32.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a graph of gradients, or weights that are not in memory
 */
export function convertPrecision(
  model: Uint8Array<ArrayBuffer>,
  precision: Precision,
): Uint8Array<ArrayBuffer> {
  if (precision === "float32") return model;
  const proto = fromBinary(ModelProtoSchema, model);
  const graph = proto.graph as GraphProto;
  if (graph.initializer.some(({ dataLocation }) => dataLocation === DataLocation.EXTERNAL))
    throw invalid(
      "compile: precision",
      "float32 for weights that stay in their file",
      precision,
      "read them: frozenWeights without a location",
    );
  if (precision === "float16") toHalf(graph);
  else quantizeMatrices(graph);
  return toBinary(ModelProtoSchema, proto);
}

/** Beyond this a float16 is infinite: a mask's −1e9 would make NaN of a row that is masked as a whole. */
const MAX_HALF = 65_504;

function toHalf(graph: GraphProto): void {
  const { float32: FLOAT, float16: FLOAT16 } = ONNX_DTYPES;
  for (const tensor of graph.initializer) if (tensor.dataType === FLOAT) halve(tensor);
  const isFloat = (value: GraphProto["input"][number]): boolean =>
    value.type?.value.case === "tensorType" && value.type.value.value.elemType === FLOAT;
  const renamed = new Map<string, string>();
  const before: NodeProto[] = [];
  const after: NodeProto[] = [];
  for (const { name } of graph.input.filter(isFloat)) {
    renamed.set(name, `${name}#half`);
    before.push(nodeProto("Cast", [name], [`${name}#half`], { to: FLOAT16 }));
  }
  for (const { name } of graph.output.filter(isFloat)) {
    renamed.set(name, `${name}#half`);
    after.push(nodeProto("Cast", [`${name}#half`], [name], { to: FLOAT }));
  }
  for (const node of graph.node) {
    if (node.opType === "LayerNormalization" && node.output.length > 1)
      throw invalid("compile: precision", "float32 for a graph with gradients", "float16");
    node.input = node.input.map((name) => renamed.get(name) ?? name);
    node.output = node.output.map((name) => renamed.get(name) ?? name);
    // Nodes are named after what they write, and the name is now that of the conversion back.
    node.name = renamed.get(node.name) ?? node.name;
    if (node.opType !== "Cast") continue;
    for (const attribute of node.attribute)
      if (attribute.name === "to" && attribute.i === BigInt(FLOAT)) attribute.i = BigInt(FLOAT16);
  }
  graph.node = [...before, ...graph.node, ...after];
}

function halve(tensor: TensorProto): void {
  // Protocol buffers align nothing, so the bytes are copied.
  const values = new Float32Array(tensor.rawData.slice().buffer);
  for (let p = 0; p < values.length; p++)
    if (Number.isFinite(values[p])) values[p] = Math.max(-MAX_HALF, Math.min(MAX_HALF, values[p]));
  tensor.dataType = ONNX_DTYPES.float16;
  tensor.rawData = new Uint8Array(float32ToHalf(values).buffer as ArrayBuffer);
}
