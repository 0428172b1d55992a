import { type Dtype, elementCount } from "../core/array.ts";
import { invalid } from "../core/error.ts";
import type { Attributes, Op } from "./op.ts";
import { type Dim, formatShape, opError, type Shape } from "./shape.ts";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: Dtype;
}

/** A handle to one value of a graph under construction. It holds no data and nothing has to be freed. */
export interface Tensor extends TensorType {
  readonly graph: Graph;
  readonly node: Node;
  /** Which output of the node. */
  readonly index: number;
}

/** One operation applied to values that exist already, so ids are a topological order. */
export interface Node {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
}

/** Nodes in the order of their creation. Only the functions of this module add to it. */
export interface Graph {
  readonly nodes: Node[];
  /** Nodes by op, attributes and inputs: the same computation asked for twice is one node. */
  readonly shared: Map<string, Node>;
  /** Large constants by the array that holds them. */
  readonly arrays: Map<object, Tensor>;
  readonly names: Set<string>;
}

export type Numbers =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | readonly number[];

/** Where the bytes of a constant lie, little-endian, in a file beside the model. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface InputAttributes extends Attributes {
  readonly name: string;
}
/** Values of a constant: numbers in memory (a float32 constant may hold float64, rounded when emitted), or bytes in a file. */
export interface ConstantAttributes extends Attributes {
  readonly name?: string;
  readonly data: Numbers | ExternalData;
}

/** Constants up to this many elements are compared by value, larger ones by the identity of their array. */
const SMALL_CONSTANT = 256;

function leaf(name: string): Op {
  const fail = (): never => {
    throw new Error(`${name} is a leaf`);
  };
  return { name, infer: fail, emit: fail };
}
export const inputOp: Op = leaf("input");
export const constantOp: Op = leaf("constant");
/** Stands for a value that must not reach the emitted graph. */
export const placeholderOp: Op = leaf("placeholder");

export function createGraph(): Graph {
  return { nodes: [], shared: new Map(), arrays: new Map(), names: new Set() };
}

/** A value fed at every run. A string in the shape names a dimension that is known only then. */
export function input(graph: Graph, name: string, shape: Shape, dtype: Dtype = "float32"): Tensor {
  takeName(graph, name, "input");
  checkShape(`input "${name}"`, shape);
  return addNode(graph, inputOp, [], { name }, [{ shape: [...shape], dtype }]).outputs[0];
}

export interface ConstantOptions {
  readonly shape?: readonly number[];
  readonly dtype?: Dtype;
  /** Name of the initializer in the emitted graph; a running number when absent. */
  readonly name?: string;
}

/**
 * A value fixed when the graph is built: frozen weights, tables, numbers.
 *
 * The array is kept, not copied. `shape` is that of a vector when absent; `dtype` follows the array's type.
 * With {@link ExternalData} both are required.
 */
export function constant(
  graph: Graph,
  data: Numbers | number | ExternalData,
  { shape, dtype, name }: ConstantOptions = {},
): Tensor {
  const where = name === undefined ? "constant" : `constant "${name}"`;
  const values = typeof data === "number" ? Float64Array.of(data) : data;
  const type: TensorType = {
    shape: shape ?? (typeof data === "number" ? [] : [lengthOf(where, values)]),
    dtype: dtype ?? dtypeOf(where, values),
  };
  checkShape(where, type.shape);
  checkData(where, values, type);
  if (name !== undefined) takeName(graph, name, "constant");
  const attributes: ConstantAttributes = name === undefined ? { data: values } : { name, data: values };
  const create = (): Tensor => addNode(graph, constantOp, [], attributes, [type]).outputs[0];
  if (name !== undefined || isExternal(values)) return create();
  if (values.length > SMALL_CONSTANT) {
    const known = graph.arrays.get(values);
    if (
      known !== undefined &&
      known.dtype === type.dtype &&
      formatShape(known.shape) === formatShape(type.shape)
    )
      return known;
    const tensor = create();
    graph.arrays.set(values, tensor);
    return tensor;
  }
  const numbers = Array.from(values as ArrayLike<number | bigint>, (value) =>
    Object.is(value, -0) ? "-0" : value,
  );
  return share(graph, `constant|${type.dtype}|${formatShape(type.shape)}|${numbers.join()}`, create);
}

/** @internal A value to differentiate by that no run will ever need. */
export function placeholder(graph: Graph, type: TensorType): Tensor {
  return addNode(graph, placeholderOp, [], {}, [type]).outputs[0];
}

/**
 * The outputs of an op on tensors of one graph, as a new node or as the node that computes the same already.
 *
 * @throws MaskwrightError SHAPE_MISMATCH from the op's own rule when the inputs do not fit
 */
export function applyAll<A extends Attributes>(
  op: Op<A>,
  inputs: readonly Tensor[],
  attributes: A,
): readonly Tensor[] {
  const { graph } = inputs[0];
  for (const tensor of inputs)
    if (tensor.graph !== graph) throw invalid(op.name, "tensors of one graph", "tensors of several graphs");
  const ids = inputs.map(({ node, index }) => `${node.id}.${index}`).join();
  const key = `${op.name}|${ids}|${JSON.stringify(attributes, exactNumber)}`;
  const create = (): Tensor => {
    const types = op.infer(inputs, attributes);
    return addNode(graph, op, inputs, attributes, "shape" in types ? [types] : types).outputs[0];
  };
  return share(graph, key, create).node.outputs;
}

/** The first (mostly the only) output of {@link applyAll}. */
export function apply<A extends Attributes>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  return applyAll(op, inputs, attributes)[0];
}

/** The number a one-element constant holds, or null for every other tensor. */
export function constantValue(tensor: Tensor): number | null {
  if (tensor.node.op !== constantOp) return null;
  const { data } = tensor.node.attributes as ConstantAttributes;
  // float16 is held as bits.
  return isExternal(data) || data instanceof Uint16Array || data.length !== 1 ? null : Number(data[0]);
}

export function isExternal(data: Numbers | ExternalData): data is ExternalData {
  return "location" in data;
}

/** JSON has no infinities. */
function exactNumber(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

function share(graph: Graph, key: string, create: () => Tensor): Tensor {
  const known = graph.shared.get(key);
  if (known !== undefined) return known.outputs[0];
  const tensor = create();
  graph.shared.set(key, tensor.node);
  return tensor;
}

function addNode(
  graph: Graph,
  op: Op,
  inputs: readonly Tensor[],
  attributes: Attributes,
  types: readonly TensorType[],
): Node {
  const outputs: Tensor[] = [];
  const node: Node = { id: graph.nodes.length, op, inputs, attributes, outputs };
  types.forEach(({ shape, dtype }, index) => {
    outputs.push({ graph, node, index, shape, dtype });
  });
  graph.nodes.push(node);
  return node;
}

function takeName(graph: Graph, name: string, what: string): void {
  if (name === "") throw invalid(`${what}: name`, "a name", name);
  if (name.includes("#")) throw invalid(`${what}: name`, 'a name without "#"', name);
  if (graph.names.has(name)) throw invalid(`${what}: name`, "a name used once in the graph", name);
  graph.names.add(name);
}

function checkShape(where: string, shape: readonly Dim[]): void {
  const fits = (dim: Dim): boolean =>
    typeof dim === "string" ? dim !== "" : Number.isSafeInteger(dim) && dim >= 0;
  if (!shape.every(fits))
    throw opError(where, "dimensions that are names or integers >= 0", formatShape(shape));
}

/** Bytes of one element. */
/** Bytes of one element. */
export const BYTES: Readonly<Record<Dtype, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  uint8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
};

function checkData(where: string, data: Numbers | ExternalData, { shape, dtype }: TensorType): void {
  const count = elementCount(shape as readonly number[]);
  if (isExternal(data)) {
    const bytes = count * BYTES[dtype];
    if (data.length !== bytes)
      throw opError(where, `${bytes} bytes for ${dtype} ${formatShape(shape)}`, `${data.length} bytes`);
  } else if (data.length !== count)
    throw opError(where, `${count} numbers for ${formatShape(shape)}`, `${data.length} numbers`);
}

function lengthOf(where: string, data: Numbers | ExternalData): number {
  if (isExternal(data)) throw invalid(`${where}: shape`, "a shape beside external data", undefined);
  return data.length;
}

function dtypeOf(where: string, data: Numbers | ExternalData): Dtype {
  if (isExternal(data)) throw invalid(`${where}: dtype`, "a dtype beside external data", undefined);
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Uint16Array) return "float16";
  return "float32";
}
