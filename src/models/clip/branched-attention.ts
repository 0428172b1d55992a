import { add, concat, matmul, reshape, softmax, split, type Tensor } from "../../engine/index.ts";
import { causalBias } from "./causal-bias.ts";
import type { TextBranches } from "./text-branches.ts";
import { type AttentionParts, headScale } from "./transformer.ts";

/**
 * Causal attention of texts with a common beginning: its rows see what is before them, a text's own rows see the beginning and what is
 * before them in their text.
 *
 * @param parts  [1, heads, R, d] each, rows as `TextBranches` has them
 * @returns      [1, heads, R, d]
 */
export function branchedAttention(
  { q, k, v }: AttentionParts,
  { prefix, groups }: Pick<TextBranches, "prefix" | "groups">,
): Tensor {
  const [, heads, , width] = q.shape as readonly number[];
  const alpha = headScale(q);
  const sizes = [prefix, ...groups.map(({ count, length }) => count * length)].filter((size) => size > 0);
  const [queries, keys, values] = [q, k, v].map((part) => split(part, 2, sizes));
  const outputs: Tensor[] = [];
  if (prefix > 0) {
    const scores = matmul(queries[0], keys[0], { transposeB: true, alpha });
    outputs.push(matmul(softmax(add(scores, causalBias(q.graph, prefix))), values[0]));
  }
  groups.forEach(({ count, length }, i) => {
    const at = prefix > 0 ? i + 1 : i;
    const rows = count * length;
    const apart = (part: Tensor): Tensor => reshape(part, [heads, count, length, width]);
    const own = add(
      matmul(apart(queries[at]), apart(keys[at]), { transposeB: true, alpha }),
      causalBias(q.graph, length),
    );
    const together = (mixed: Tensor): Tensor => reshape(mixed, [1, heads, rows, width]);
    if (prefix === 0) {
      outputs.push(together(matmul(softmax(own), apart(values[at]))));
      return;
    }
    // Of all texts at once, since they share these keys.
    const shared = matmul(queries[at], keys[0], { transposeB: true, alpha }); // [1, heads, rows, P]
    const scores = concat([reshape(shared, [heads, count, length, prefix]), own], 3);
    const [toPrefix, toOwn] = split(softmax(scores), 3, [prefix, length]);
    const fromPrefix = matmul(reshape(toPrefix, [1, heads, rows, prefix]), values[0]);
    outputs.push(add(fromPrefix, together(matmul(toOwn, apart(values[at])))));
  });
  return concat(outputs, 2);
}
