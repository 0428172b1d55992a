import type { NodeProto } from "onnx-buf";
import { invalid } from "../core/error.ts";
import {
  type ConstantAttributes,
  constantOp,
  type InputAttributes,
  inputOp,
  type Node,
  placeholderOp,
  type Tensor,
  type TensorType,
} from "./graph.ts";
import { type Initializer, initializer, modelBytes, nodeProto, valueInfo } from "./onnx-proto.ts";
import type { EmitCall } from "./op.ts";

/**
 * Bytes of an ONNX model that computes the outputs, by name. Its inputs are those that the outputs depend on
 * ({@link inputsOf}), in order of declaration; nodes that no output needs are left out. Equal graphs give equal bytes.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for an output named like an input or a named constant
 */
export function emitModel(outputs: Readonly<Record<string, Tensor>>): Uint8Array<ArrayBuffer> {
  const live = liveValues(Object.values(outputs));
  const names = nameValues(live, outputs);
  const nameOf = (tensor: Tensor): string => names.get(tensor) ?? "";
  const { nodes, initializers, ...tools } = emitter();
  for (const node of live.nodes) {
    const { op, attributes } = node;
    const own = node.outputs.map(nameOf);
    if (op === constantOp)
      initializers.push(initializer(own[0], node.outputs[0], (attributes as ConstantAttributes).data));
    else if (op !== inputOp)
      op.emit({ node, attributes, inputs: node.inputs.map(nameOf), outputs: own, ...tools });
  }
  for (const [name, tensor] of Object.entries(outputs))
    if (nameOf(tensor) !== name) tools.add("Identity", [nameOf(tensor)], [name]);
  return modelBytes({
    nodes,
    initializers,
    inputs: inputsOf(Object.values(outputs)).map((type) => valueInfo(type.name, type)),
    outputs: Object.entries(outputs).map(([name, tensor]) => valueInfo(name, tensor)),
  });
}

/** What a run has to feed. */
export interface InputType extends TensorType {
  readonly name: string;
}

/** The inputs that the values depend on, in order of declaration. */
export function inputsOf(tensors: readonly Tensor[]): InputType[] {
  return liveValues(tensors)
    .nodes.filter(({ op }) => op === inputOp)
    .map(({ attributes, outputs: [{ shape, dtype }] }) => ({
      name: (attributes as InputAttributes).name,
      shape,
      dtype,
    }));
}

interface Live {
  readonly nodes: readonly Node[];
  readonly values: ReadonlySet<Tensor>;
}

/** The values that the results are computed from, themselves included, and their nodes in order. */
export function liveValues(results: readonly Tensor[]): Live {
  if (results.length === 0) throw invalid("emitModel: outputs", "at least one", results);
  if (results.some(({ graph }) => graph !== results[0].graph))
    throw invalid("emitModel: outputs", "tensors of one graph", "tensors of several graphs");
  const values = new Set(results);
  const all = results[0].graph.nodes;
  const nodes: Node[] = [];
  for (let id = Math.max(...results.map(({ node }) => node.id)); id >= 0; id--) {
    const node = all[id];
    if (!node.outputs.some((output) => values.has(output))) continue;
    if (node.op === placeholderOp) throw new Error("a placeholder is used in the graph to be emitted");
    for (const tensor of node.inputs) values.add(tensor);
    nodes.push(node);
  }
  return { nodes: nodes.reverse(), values };
}

/**
 * Inputs and named constants keep their names, outputs of ops that are results have the result's name, the others
 * are numbered: "matmul#12", ".1" for a second output.
 */
function nameValues({ nodes, values }: Live, outputs: Readonly<Record<string, Tensor>>): Map<Tensor, string> {
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of Object.entries(outputs)) {
    if (name === "" || name.includes("#") || tensor.graph.names.has(name))
      throw invalid("emitModel: outputs", 'names without "#" that no input or constant has', name);
    if (!names.has(tensor) && tensor.node.op !== inputOp && tensor.node.op !== constantOp)
      names.set(tensor, name);
  }
  nodes.forEach((node, number) => {
    const given = (node.attributes as { name?: string }).name;
    const isLeaf = node.op === inputOp || node.op === constantOp;
    node.outputs.forEach((output, index) => {
      if (names.has(output) || !values.has(output)) return;
      const numbered = `${node.op.name}#${number}${index === 0 ? "" : `.${index}`}`;
      names.set(output, isLeaf && given !== undefined ? given : numbered);
    });
  });
  return names;
}

type Emitter = Pick<EmitCall<object>, "add" | "value" | "ints" | "floats"> & {
  readonly nodes: NodeProto[];
  readonly initializers: Initializer[];
};

/** Collects nodes and initializers. */
function emitter(): Emitter {
  const nodes: NodeProto[] = [];
  const initializers: Initializer[] = [];
  const literals = new Map<string, string>();
  const add: Emitter["add"] = (type, inputs, outputs, attributes = {}) => {
    nodes.push(nodeProto(type, inputs, outputs, attributes));
  };
  const literal = (values: readonly number[] | number, dtype: "int64" | "float32"): string => {
    const [shape, numbers] = typeof values === "number" ? [[], [values]] : [[values.length], values];
    const key = `${dtype} [${shape}] ${numbers}`;
    const name = literals.get(key) ?? `literal#${literals.size}`;
    if (!literals.has(key)) initializers.push(initializer(name, { shape, dtype }, numbers));
    literals.set(key, name);
    return name;
  };
  return {
    nodes,
    initializers,
    add,
    value(type, inputs, attributes) {
      const name = `value#${nodes.length}`;
      add(type, inputs, [name], attributes);
      return name;
    },
    ints: (values) => literal(values, "int64"),
    floats: (values) => literal(values, "float32"),
  };
}
