import { ByteBuffer } from "flatbuffers";
import { badFormat } from "../../core/error.ts";

/** A tensor of a TFLite model that has constant data. */
export interface TfliteTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The numbers that the stored ones stand for. */
  readonly data: Float32Array;
}

/** A convolution, or a fully connected layer, with its constants. */
export interface TfliteLayer {
  readonly kind: "conv" | "depthwise" | "dense";
  /** conv [O, kh, kw, C], depthwise [1, kh, kw, C], dense [O, C] */
  readonly weight: TfliteTensor;
  /** [O] */
  readonly bias: TfliteTensor;
}

/** Builtin operators that have weights. */
const kinds: ReadonlyMap<number, TfliteLayer["kind"]> = new Map([
  [3, "conv"],
  [4, "depthwise"],
  [9, "dense"],
]);

const MAX_COUNT = 10_000;
const MAX_ELEMENTS = 2 ** 28;

/** How numbers are stored, by TensorType. */
const readers: ReadonlyMap<number, { bytes: number; read: (view: DataView, at: number) => number }> = new Map(
  [
    [0, { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
    [2, { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
    [3, { bytes: 1, read: (view, at) => view.getUint8(at) }],
    [9, { bytes: 1, read: (view, at) => view.getInt8(at) }],
  ],
);

/**
 * The layers with weights of a TFLite model's first subgraph, in the order in which they are applied, quantized numbers as the floats they stand
 * for: (q − zero point) · scale, with one scale for a tensor or for each of its outputs.
 *
 * Nothing of the model is run.
 *
 * @param where  what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT
 * @see tensorflow/lite/schema/schema.fbs, version 3
 */
export function readTfliteLayers(bytes: Uint8Array, where: string): TfliteLayer[] {
  const identifier = new TextDecoder("latin1").decode(bytes.subarray(4, 8));
  if (identifier !== "TFL3") throw badFormat(where, "a TFLite model", "another file");
  const buffer = new ByteBuffer(bytes);
  const refuse = (expected: string, got: string): Error => badFormat(where, expected, got);
  const model = tableAt(buffer, buffer.readInt32(0), refuse);
  const codes = model.tables(1).map((code) => Math.max(code.int8(0), code.int32(3)));
  const [graph] = model.tables(2);
  if (graph === undefined) throw refuse("a model with a graph", "none");
  const tensors = graph.tables(0);
  const buffers = model.tables(4);

  const readTensor = (index: number): TfliteTensor => {
    const tensor = tensors[index];
    if (tensor === undefined) throw refuse(`at most ${tensors.length} tensors`, `tensor ${index}`);
    const name = tensor.string(3);
    const shape = tensor.ints(0);
    const count = shape.reduce((product, length) => product * length, 1);
    const stored = readers.get(tensor.int8(1));
    if (stored === undefined)
      throw refuse(`"${name}": float32, int32, int8 or uint8`, `type ${tensor.int8(1)}`);
    const data = buffers[tensor.int32(2)]?.bytes(0) ?? new Uint8Array(0);
    if (!(count >= 1 && count <= MAX_ELEMENTS) || data.length !== count * stored.bytes)
      throw refuse(`"${name}": ${count} numbers in ${count * stored.bytes} bytes`, `${data.length} bytes`);
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const values = Float32Array.from({ length: count }, (_, k) => stored.read(view, k * stored.bytes));
    return { name, shape, data: dequantize(values, shape, tensor.table(4)) };
  };

  const layers: TfliteLayer[] = [];
  for (const operator of graph.tables(3)) {
    const kind = kinds.get(codes[operator.int32(0)]);
    if (kind === undefined) continue;
    const [, weight, bias] = operator.ints(1);
    layers.push({ kind, weight: readTensor(weight), bias: readTensor(bias) });
  }
  return layers;
}

/** @param quantization  scale (2), zero point (3) and the axis that they belong to (6), if the tensor is quantized */
function dequantize(
  values: Float32Array,
  shape: readonly number[],
  quantization: Table | null,
): Float32Array {
  const scales = quantization?.floats(2) ?? [];
  if (quantization === null || scales.length === 0) return values;
  const zeros = quantization.longs(3);
  const axis = scales.length === 1 ? 0 : quantization.int32(6);
  const inner = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  return values.map((value, k) => {
    const channel = scales.length === 1 ? 0 : Math.floor(k / inner) % shape[axis];
    return (value - Number(zeros[channel] ?? 0)) * scales[channel];
  });
}

/** The fields of a table by their number in the schema; those that are absent are 0 or empty. */
interface Table {
  int8(field: number): number;
  int32(field: number): number;
  string(field: number): string;
  table(field: number): Table | null;
  tables(field: number): Table[];
  ints(field: number): number[];
  floats(field: number): number[];
  longs(field: number): bigint[];
  bytes(field: number): Uint8Array;
}

function tableAt(buffer: ByteBuffer, at: number, refuse: (expected: string, got: string) => Error): Table {
  const size = buffer.capacity();
  const check = (position: number, length: number): void => {
    if (!(position >= 0 && position + length <= size))
      throw refuse(`${size} bytes`, `an offset of ${position}`);
  };
  check(at, 4);
  check(at - buffer.readInt32(at), 4);
  const fieldAt = (field: number, length: number): number | null => {
    const offset = buffer.__offset(at, 4 + 2 * field);
    if (offset === 0) return null;
    check(at + offset, length);
    return at + offset;
  };
  const scalar = (field: number, length: number, read: (position: number) => number): number => {
    const position = fieldAt(field, length);
    return position === null ? 0 : read(position);
  };
  const follow = (field: number): number | null => {
    const position = fieldAt(field, 4);
    if (position === null) return null;
    check(buffer.__indirect(position), 4);
    return buffer.__indirect(position);
  };
  const vector = <T>(field: number, bytes: number, read: (position: number) => T): T[] => {
    const start = follow(field);
    if (start === null) return [];
    const length = buffer.readInt32(start);
    if (!(length >= 0 && length <= MAX_COUNT)) throw refuse(`a list of at most ${MAX_COUNT}`, `${length}`);
    check(start + 4, length * bytes);
    return Array.from({ length }, (_, k) => read(start + 4 + k * bytes));
  };
  const bytesOf = (field: number): Uint8Array => {
    const start = follow(field);
    if (start === null) return new Uint8Array(0);
    const length = buffer.readInt32(start);
    if (length < 0) throw refuse("bytes", `${length} of them`);
    check(start + 4, length);
    return buffer.bytes().subarray(start + 4, start + 4 + length);
  };
  return {
    int8: (field) => scalar(field, 1, (position) => buffer.readInt8(position)),
    int32: (field) => scalar(field, 4, (position) => buffer.readInt32(position)),
    string: (field) => new TextDecoder().decode(bytesOf(field)),
    table(field) {
      const position = follow(field);
      return position === null ? null : tableAt(buffer, position, refuse);
    },
    tables: (field) => vector(field, 4, (position) => tableAt(buffer, buffer.__indirect(position), refuse)),
    ints: (field) => vector(field, 4, (position) => buffer.readInt32(position)),
    floats: (field) => vector(field, 4, (position) => buffer.readFloat32(position)),
    longs: (field) => vector(field, 8, (position) => buffer.readInt64(position)),
    bytes: bytesOf,
  };
}
