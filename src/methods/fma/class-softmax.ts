import {
  add,
  cast,
  concat,
  constant,
  div,
  equal,
  exp,
  expandDims,
  formatShape,
  max,
  mul,
  opError,
  softmax,
  sub,
  sum,
  type Tensor,
  where,
} from "../../engine/index.ts";

/**
 * Which classes compete for a class's probability. The background prompts always do, but for `foreground`.
 *
 * - `present`: the picture's own classes (`sm_fg_exist: True`, all published recipes), by the published masked softmax
 * - `all`: every class (`False`)
 * - `foreground`: the picture's own classes and no background (`fg_only`); with one class alone its logit is the score
 * - `clip-es`: the picture's own classes, by a plain softmax over them (CLIP-ES)
 */
export type Competition = "present" | "all" | "foreground" | "clip-es";

/** In the denominator of the published masked softmax. It shows when an absent class is ahead of all others by 8 or more. */
const EPSILON = 1e-5;
/** Its exp is 0 in every precision, and so is its gradient. */
const ABSENT = -1e9;

/**
 * exp(l − m) μ / (Σ exp(l − m) μ + 1e-5), m the largest logit whether it is masked or not. The gradient goes through m too.
 *
 * @param logits  [..., G]
 * @param mask    [..., G], 1 for classes that take part
 * @see HAL-42/AlchemyCat, `masked_softmax.py`, with the epsilon of its newest version
 */
export function maskedSoftmax(logits: Tensor, mask: Tensor): Tensor {
  const shares = mul(exp(sub(logits, max(logits, { axes: -1, keepDims: true }))), mask);
  return div(shares, add(sum(shares, { axes: -1, keepDims: true }), EPSILON));
}

/**
 * Each class's score in its picture, of which a CAM is the derivative.
 *
 * @param logits   [B, G], foreground classes first, background prompts after them
 * @param present  [B, F] float, 1 for the classes in the picture
 * @returns        [B, G]
 */
export function classScores(logits: Tensor, present: Tensor, competition: Competition): Tensor {
  if (competition === "all") return softmax(logits);
  const [batch, count] = logits.shape as readonly number[];
  const [rows, foreground] = present.shape as readonly number[];
  if (present.shape.length !== 2 || rows !== batch || foreground > count)
    throw opError("classScores: present", `[${batch}, at most ${count}]`, formatShape(present.shape));
  const background = (value: number): Tensor => {
    const shape = [batch, count - foreground];
    return constant(logits.graph, new Float32Array(shape[0] * shape[1]).fill(value), { shape });
  };
  const mask = concat([present, background(competition === "foreground" ? 0 : 1)], 1);
  if (competition === "clip-es") return softmax(where(cast(mask, "bool"), logits, ABSENT));
  const scores = maskedSoftmax(logits, mask);
  if (competition === "present") return scores;
  const isAlone = equal(expandDims(sum(present, { axes: 1 }), 1), 1); // [B, 1]
  return where(isAlone, logits, scores);
}
