import * as e from "../index.ts";
import { type Case, inputValues, lossWeights } from "./cases.ts";

/** A case with its loss Σ w·y, first gradients g, Σ u·g, and the gradients of that. */
export interface Differentiated {
  readonly feeds: Record<string, Float64Array>;
  readonly outputs: readonly e.Tensor[];
  readonly loss: e.Tensor;
  /** By input; an input that no gradient reaches is absent. */
  readonly first: Readonly<Record<string, e.Tensor>>;
  readonly slope: e.Tensor;
  readonly second: Readonly<Record<string, e.Tensor>>;
}

export function differentiate({ inputs, build }: Case): Differentiated {
  const graph = e.createGraph();
  const specs = Object.entries(inputs);
  const feeds = Object.fromEntries(specs.map(([name, spec], k) => [name, inputValues(spec, k)]));
  const tensors = Object.fromEntries(
    specs.map(([name, { shape, dtype }]) => [name, e.input(graph, name, shape, dtype)]),
  );
  const built = build(tensors);
  const outputs = Array.isArray(built) ? (built as readonly e.Tensor[]) : [built as e.Tensor];
  const floats = Object.entries(tensors).filter(([, { dtype }]) => dtype === "float32");
  const loss = weightedSum(outputs, 0);
  const first = reachable(loss, floats);
  // The gradients, and with no gradient at all a number that depends on nothing.
  const gradients = Object.values(first);
  const slope = gradients.length === 0 ? e.constant(graph, 0) : weightedSum(gradients, 50);
  return { feeds, outputs, loss, first, slope, second: reachable(slope, floats) };
}

function weightedSum(tensors: readonly e.Tensor[], seed: number): e.Tensor {
  const { graph } = tensors[0];
  const terms = tensors.map((tensor, k) => {
    const shape = e.staticShape("test", tensor.shape);
    const count = shape.reduce((a, b) => a * b, 1);
    const weights = e.constant(graph, lossWeights(count, seed + k), { shape, dtype: "float32" });
    return e.sum(e.mul(e.cast(tensor, "float32"), weights));
  });
  return terms.reduce((a, b) => e.add(a, b));
}

function reachable(
  loss: e.Tensor,
  variables: readonly (readonly [string, e.Tensor])[],
): Record<string, e.Tensor> {
  const found = variables.flatMap(([name, tensor]) => {
    try {
      return [[name, e.gradients(loss, { [name]: tensor })[name]] as const];
    } catch (error) {
      if (/depends on/.test((error as Error).message)) return [];
      throw error;
    }
  });
  return Object.fromEntries(found);
}
