import { constant, type Graph, type Tensor } from "../../engine/index.ts";

/**
 * What is added to the scores of later tokens: exp of it is 0, as of the −∞ of the published code, which not every device computes with.
 */
const MASKED = -1e9;

/** [T, T]: 0 for keys up to the query's own place, and what hides the later ones. */
export function causalBias(graph: Graph, length: number): Tensor {
  const data = new Float32Array(length * length);
  for (let query = 0; query < length; query++)
    data.fill(MASKED, query * length + query + 1, (query + 1) * length);
  return constant(graph, data, { shape: [length, length] });
}
