import {
  applyAll,
  type ConstantAttributes,
  constant,
  constantOp,
  createGraph,
  type InputAttributes,
  input,
  inputOp,
  type Tensor,
} from "./graph.ts";
import { liveValues } from "./onnx.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** A computation in two stages. */
export interface StagedGraph {
  /** What the first stage leaves for the second, values of the graph as given, by the names of the second's inputs. */
  readonly saved: Tensors;
  /** The outputs, in a graph of their own. */
  readonly rest: Tensors;
}

/**
 * Cuts a computation in two, the first of which computes the opening values and nothing else. The second goes on from what the first
 * computed. It repeats its reshapes, since they cost nothing and what they are made of need not be kept twice.
 */
export function stageGraph(outputs: Tensors, opening: Tensors): StagedGraph {
  const isEarly = new Set(liveValues(Object.values(opening)).nodes);
  const graph = createGraph();
  const rest = new Map<Tensor, Tensor>();
  const saved: Record<string, Tensor> = {};
  /** A value that is needed in the second stage. */
  const inRest = (tensor: Tensor): Tensor => {
    const known = rest.get(tensor);
    if (known !== undefined) return known;
    const made = bring(tensor);
    rest.set(tensor, made);
    return made;
  };
  const bring = (tensor: Tensor): Tensor => {
    const { node, shape, dtype } = tensor;
    if (node.op === inputOp) return input(graph, (node.attributes as InputAttributes).name, shape, dtype);
    if (node.op === constantOp) {
      const { data, name } = node.attributes as ConstantAttributes;
      const type = { shape: shape as readonly number[], dtype };
      return constant(graph, data, name === undefined ? type : { ...type, name });
    }
    if (node.op.name === "reshape") return applyAll(node.op, node.inputs.map(inRest), node.attributes)[0];
    const name = `saved/${Object.keys(saved).length}`;
    saved[name] = tensor;
    return input(graph, name, shape, dtype);
  };
  for (const node of liveValues(Object.values(outputs)).nodes) {
    if (isEarly.has(node) || node.inputs.length === 0) continue;
    const made = applyAll(node.op, node.inputs.map(inRest), node.attributes);
    for (const [k, output] of node.outputs.entries()) rest.set(output, made[k]);
  }
  return {
    saved,
    rest: Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, inRest(tensor)])),
  };
}
