import { MaskwrightError } from "../core/error.ts";
import { constant, type InputAttributes, inputOp, type Node, placeholder, type Tensor } from "./graph.ts";
import { add } from "./ops/arithmetic.ts";
import { broadcastTo } from "./ops/layout.ts";
import { formatShape, opError, sameShape, staticShape } from "./shape.ts";

/** Values to differentiate by: a list, or a record whose keys name them in errors. */
export type Variables = readonly Tensor[] | Readonly<Record<string, Tensor>>;
export type Like<V extends Variables, T = Tensor> = { -readonly [K in keyof V]: T };

/**
 * ∂loss/∂v for each variable v, of v's shape, as new values of the same graph: gradients of gradients are taken
 * by calling this again.
 *
 * A variable may be any value, an activation inside the network too. The graph is static, so are its gradients:
 * shapes on the way must be numbers.
 *
 * @param loss  one element, any rank
 * @throws MaskwrightError INVALID_ARGUMENT naming a variable that the loss does not depend on
 */
export function gradients<V extends Variables>(loss: Tensor, variables: V): Like<V> {
  const shape = staticShape("gradients", loss.shape);
  if (shape.some((dim) => dim !== 1))
    throw opError("gradients: loss", "one element", formatShape(shape), "sum or average it, or use vjp");
  return vjp([loss], [ones(loss)], variables);
}

/**
 * Σ uᵀ ∂y/∂v over outputs y with cotangents u: the gradient of Σ u·y when u does not depend on v.
 *
 * @param cotangents  one per output, of its shape or with length 1 where all elements are equal
 */
export function vjp<V extends Variables>(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  variables: V,
): Like<V> {
  if (outputs.length !== cotangents.length)
    throw opError("vjp", `${outputs.length} cotangents`, String(cotangents.length));
  const names = Object.keys(variables);
  const wanted = names.map((name) => (variables as Readonly<Record<string, Tensor>>)[name]);
  const found = pullBack(outputs, cotangents, wanted);
  const results = wanted.map((variable, i) => {
    const cotangent = found.get(variable);
    if (cotangent === undefined) throw unreachable(names[i], variable);
    return broadcastTo(cotangent, variable.shape);
  });
  if (Array.isArray(variables)) return results as Like<V>;
  return Object.fromEntries(names.map((name, i) => [name, results[i]])) as Like<V>;
}

/**
 * Σ ∂y/∂v t over variables v with tangents t: how each output moves when the variables move along the tangents.
 *
 * The vjp is linear in its cotangent u, so its own vjp by u is the jvp; u itself drops out.
 */
export function jvp(
  outputs: readonly Tensor[],
  variables: readonly Tensor[],
  tangents: readonly Tensor[],
): Tensor[] {
  if (variables.length !== tangents.length)
    throw opError("jvp", `${variables.length} tangents`, String(tangents.length));
  variables.forEach(({ shape }, i) => {
    if (!sameShape(shape, tangents[i].shape))
      throw opError("jvp: tangent", formatShape(shape), formatShape(tangents[i].shape));
  });
  return outputs.map((output) => {
    const u = placeholder(output.graph, output);
    const pulled = vjp([output], [u], variables);
    return vjp(pulled, tangents, [u])[0];
  });
}

/** Cotangents of every variable that the outputs depend on. */
function pullBack(
  outputs: readonly Tensor[],
  seeds: readonly Tensor[],
  variables: readonly Tensor[],
): Map<Tensor, Tensor> {
  const cotangents = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, cotangent: Tensor): void => {
    const sum = cotangents.get(tensor);
    cotangents.set(tensor, sum === undefined ? cotangent : add(sum, cotangent));
  };
  outputs.forEach((output, i) => {
    accumulate(output, seeds[i]);
  });
  const dependent = dependents(outputs, variables);
  for (const node of dependent.nodes.toReversed()) {
    const received = node.outputs.map((output) => cotangents.get(output) ?? null);
    if (received.every((cotangent) => cotangent === null)) continue;
    pullThrough(node, received, dependent.tensors, accumulate);
  }
  return cotangents;
}

function pullThrough(
  node: Node,
  received: readonly (Tensor | null)[],
  dependent: ReadonlySet<Tensor>,
  accumulate: (tensor: Tensor, cotangent: Tensor) => void,
): void {
  const { op, inputs, outputs, attributes } = node;
  const cotangents = received.map((each, i) =>
    each === null || op.broadcastCotangent ? each : broadcastTo(each, outputs[i].shape),
  );
  const call = { inputs, outputs, attributes, cotangents, cotangent: cotangents[0] as Tensor };
  op.vjp?.(call).forEach((cotangent, i) => {
    if (cotangent !== null && dependent.has(inputs[i])) accumulate(inputs[i], cotangent());
  });
}

/** What lies between the variables and the outputs: differentiable nodes in order, and the values they make. */
function dependents(
  outputs: readonly Tensor[],
  variables: readonly Tensor[],
): { nodes: Node[]; tensors: ReadonlySet<Tensor> } {
  const tensors = new Set(variables);
  const first = Math.min(...variables.map(({ node }) => node.id)) + 1;
  const last = Math.max(...outputs.map(({ node }) => node.id));
  const nodes = outputs[0].graph.nodes.slice(first, last + 1).filter((node) => {
    if (node.op.vjp === undefined || !node.inputs.some((tensor) => tensors.has(tensor))) return false;
    for (const output of node.outputs) if (output.dtype === "float32") tensors.add(output);
    return true;
  });
  return { nodes, tensors };
}

function ones({ graph, shape }: Tensor): Tensor {
  return constant(graph, [1], { shape: shape.map(() => 1) });
}

function unreachable(key: string, { node }: Tensor): MaskwrightError {
  const own = node.op === inputOp ? (node.attributes as InputAttributes).name : node.op.name;
  const name = /^\d+$/.test(key) ? own : key;
  return new MaskwrightError(
    "INVALID_ARGUMENT",
    `gradients: expected a loss that depends on "${name}", got one that does not`,
    {
      hint: "leave it out of the variables, or look for a stopGradient or an integer on the way to the loss",
    },
  );
}
