import type { Graph, Node, Tensor } from "../../../engine/index.ts";

/** What is computed with a weight: the output of the last node that takes it, reshaped or transposed or as it is. */
export function computedWith(graph: Graph, weight: Tensor): Tensor {
  const forms = new Set([weight]);
  let found: Node | undefined;
  for (const node of graph.nodes) {
    if (!node.inputs.some((tensor) => forms.has(tensor))) continue;
    if (isLayout(node)) for (const output of node.outputs) forms.add(output);
    else found = node;
  }
  if (found === undefined) throw new Error("nothing is computed with the weight");
  return found.outputs[0];
}

/** The first value of an op that is computed from a tensor. */
export function following(tensor: Tensor, op: string): Tensor {
  const reached = new Set([tensor]);
  for (const node of tensor.graph.nodes) {
    if (!node.inputs.some((input) => reached.has(input))) continue;
    if (node.op.name === op) return node.outputs[0];
    for (const output of node.outputs) reached.add(output);
  }
  throw new Error(`no ${op} follows`);
}

/** Nodes of an op, in order. */
export function nodesOf({ nodes }: Graph, op: string): Node[] {
  return nodes.filter((node) => node.op.name === op);
}

function isLayout({ op }: Node): boolean {
  return op.name === "reshape" || op.name === "transpose" || op.name === "broadcastTo";
}
