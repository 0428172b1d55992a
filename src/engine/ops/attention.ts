import type { Tensor } from "../graph.ts";
import { formatShape, opError, staticShape } from "../shape.ts";
import { add } from "./arithmetic.ts";
import { concat } from "./joining.ts";
import { matmul } from "./linear.ts";
import { slice } from "./slicing.ts";
import { softmax } from "./softmax.ts";

/** Queries start … end − 1. */
export interface QueryBlock {
  readonly start: number;
  readonly end: number;
}

export interface AttentionOptions {
  /** Factor on the products of queries and keys; 1/√D when absent. */
  readonly scale?: number;
  /** Added to the scaled products: of a shape that broadcasts to [..., Tq, Tk], or made for each block of queries. */
  readonly bias?: Tensor | ((block: QueryBlock) => Tensor);
  /** Queries handled at once; all of them when absent. */
  readonly queryBlock?: number;
}

/**
 * softmax(scale · QKᵀ + bias) V, over any leading axes (batch, heads).
 *
 * With `queryBlock` the products of at most that many queries with all keys exist at a time: 4,096 tokens and
 * 12 heads need 805 MB at once, and 50 MB in blocks of 256. The numbers are the same.
 *
 * @param q  [..., Tq, D]
 * @param k  [..., Tk, D]
 * @param v  [..., Tk, Dv]
 * @returns  [..., Tq, Dv]
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const rank = q.shape.length;
  if (rank < 2 || k.shape.length !== rank || v.shape.length !== rank)
    throw opError(
      "attention",
      "q [..., Tq, D], k [..., Tk, D] and v [..., Tk, Dv]",
      [q, k, v].map(shapeOf).join(" and "),
    );
  const {
    scale = 1 / Math.sqrt(staticShape("attention", [q.shape[rank - 1]])[0]),
    bias,
    queryBlock,
  } = options;
  const attend = (queries: Tensor, summand: Tensor | undefined): Tensor => {
    const scores = matmul(queries, k, { transposeB: true, alpha: scale });
    return matmul(softmax(summand === undefined ? scores : add(scores, summand)), v);
  };
  if (queryBlock === undefined && typeof bias !== "function") return attend(q, bias);
  const [count] = staticShape("attention", [q.shape[rank - 2]]);
  if (queryBlock !== undefined && !(Number.isInteger(queryBlock) && queryBlock >= 1))
    throw opError("attention: queryBlock", "an integer >= 1", String(queryBlock));
  const biasOf = typeof bias === "function" ? bias : (block: QueryBlock) => blockOf(bias, block);
  const blocks: Tensor[] = [];
  for (let start = 0; start < count; start += queryBlock ?? count) {
    const block = { start, end: Math.min(count, start + (queryBlock ?? count)) };
    blocks.push(attend(slice(q, { axis: -2, ...block }), biasOf(block)));
  }
  return concat(blocks, -2);
}

/** The rows of a bias for a block of queries; one row holds for all of them. */
function blockOf(bias: Tensor | undefined, block: QueryBlock): Tensor | undefined {
  if (bias === undefined || bias.shape.length < 2 || bias.shape[bias.shape.length - 2] === 1) return bias;
  return slice(bias, { axis: -2, ...block });
}

function shapeOf({ shape }: Tensor): string {
  return formatShape(shape);
}
