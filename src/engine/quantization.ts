import { create } from "@bufbuild/protobuf";
import { type GraphProto, type NodeProto, type TensorProto, TensorProtoSchema } from "onnx-buf";
import { ONNX_DTYPES } from "./constant-bytes.ts";
import { nodeProto } from "./onnx-proto.ts";

/** TensorProto.DataType of signed bytes, which no array of ours has. */
const INT8 = 3;

/** A product x·B, or x·B + bias, as nodes of three kinds write it. */
interface Product {
  readonly transposed: boolean;
  readonly factor: number;
  readonly bias: string;
}

/**
 * Turns products with constant matrices into ones of bytes: each column of the matrix is quantized now, symmetrically; the rows of the other
 * operand are at each run, with one scale for all of them.
 */
export function quantizeMatrices(graph: GraphProto): void {
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const quantized = new Map<string, { matrix: string; scales: string }>();
  graph.node = graph.node.map((node) => {
    const product = productOf(node);
    const matrix = initializers.get(node.input[1]);
    if (product === null || matrix?.dims.length !== 2) return node;
    const key = `${matrix.name}#${product.transposed ? "t" : "n"}${product.factor}`;
    let bytes = quantized.get(key);
    if (bytes === undefined) {
      bytes = { matrix: `${key}.int8`, scales: `${key}.scale` };
      graph.initializer.push(...quantizeColumns(matrix, product, bytes));
      quantized.set(key, bytes);
    }
    const inputs = [node.input[0], bytes.matrix, bytes.scales, "", product.bias];
    return nodeProto(
      "com.microsoft:DynamicQuantizeMatMul",
      product.bias === "" ? inputs.slice(0, 3) : inputs,
      node.output,
      {},
    );
  });
  const used = new Set(graph.node.flatMap(({ input }) => input));
  const results = new Set(graph.output.map(({ name }) => name));
  graph.initializer = graph.initializer.filter(({ name }) => used.has(name) || results.has(name));
}

function productOf({ opType, input, attribute }: NodeProto): Product | null {
  const number = (name: string): number => Number(attribute.find((each) => each.name === name)?.i ?? 0);
  const factor = attribute.find(({ name }) => name === "alpha")?.f ?? 1;
  switch (opType) {
    case "MatMul":
      return { transposed: false, factor: 1, bias: "" };
    case "Gemm":
      return { transposed: number("transB") === 1, factor: 1, bias: input[2] ?? "" };
    case "FusedMatMul":
      return number("transA") === 1 ? null : { transposed: number("transB") === 1, factor, bias: "" };
    default:
      return null;
  }
}

function quantizeColumns(
  { rawData, dims }: TensorProto,
  { transposed, factor }: Product,
  names: { readonly matrix: string; readonly scales: string },
): TensorProto[] {
  const values = new Float32Array(rawData.slice().buffer);
  const [rows, columns] = transposed
    ? [Number(dims[1]), Number(dims[0])]
    : [Number(dims[0]), Number(dims[1])];
  const [rowStride, columnStride] = transposed ? [1, rows] : [columns, 1];
  const scales = new Float32Array(columns);
  const bytes = new Int8Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    let largest = 0;
    for (let row = 0; row < rows; row++)
      largest = Math.max(largest, Math.abs(values[row * rowStride + column * columnStride]));
    const scale = largest / 127 || 1;
    scales[column] = scale * factor;
    for (let row = 0; row < rows; row++)
      bytes[row * columns + column] = Math.round(values[row * rowStride + column * columnStride] / scale);
  }
  const tensor = (
    name: string,
    dims: readonly number[],
    dataType: number,
    data: Int8Array | Float32Array,
  ): TensorProto =>
    create(TensorProtoSchema, {
      name,
      dims: dims.map(BigInt),
      dataType,
      rawData: new Uint8Array(data.buffer as ArrayBuffer),
    });
  return [
    tensor(names.matrix, [rows, columns], INT8, bytes),
    tensor(names.scales, [columns], ONNX_DTYPES.float32, scales),
  ];
}
