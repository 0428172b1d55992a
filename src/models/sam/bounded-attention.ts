import { attention, concat, type QueryBlock, slice, type Tensor } from "../../engine/index.ts";

/**
 * Products of queries and keys that attention holds at once: 8 MB, which the caches keep. All heads at once, 128 queries at a time, take
 * 169 ms of a core instead of 148 (3 heads, 4,096 tokens); fewer queries at a time are slower too, since keys and values are laid out
 * anew for each product.
 */
export const DEFAULT_SCORES: number = 2 ** 21;

/** Elements `first` to before `end` of the first axis. */
export interface Part {
  readonly first: number;
  readonly end: number;
}

export interface BoundedAttentionOptions {
  readonly scores: number;
  /** What is added to the scaled products of a part, for a block of queries. */
  readonly bias?: (part: Part, block: QueryBlock) => Tensor;
}

/**
 * Attention of several sets of queries, as many of them at once as the bound on scores allows, and of a set that is alone too large
 * some queries at a time. The numbers are the same.
 *
 * @param q  [sets, ..., N, d], k and v alike
 */
export function boundedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { scores, bias }: BoundedAttentionOptions,
): Tensor {
  const [sets, ...rest] = q.shape.slice(0, -1) as readonly number[];
  const keys = k.shape[k.shape.length - 2] as number;
  const perSet = rest.reduce((count, length) => count * length, keys);
  const size = Math.max(1, Math.min(sets, Math.floor(scores / perSet)));
  const queries = rest[rest.length - 1];
  const queryBlock = Math.max(1, Math.min(queries, Math.floor((scores * queries) / perSet)));
  const parts: Tensor[] = [];
  for (let first = 0; first < sets; first += size) {
    const part = { first, end: Math.min(sets, first + size) };
    const own = (x: Tensor): Tensor =>
      size === sets ? x : slice(x, { axis: 0, start: first, end: part.end });
    const added = bias === undefined ? {} : { bias: (block: QueryBlock) => bias(part, block) };
    parts.push(attention(own(q), own(k), own(v), { ...added, ...(queryBlock < queries && { queryBlock }) }));
  }
  return parts.length === 1 ? parts[0] : concat(parts, 0);
}
