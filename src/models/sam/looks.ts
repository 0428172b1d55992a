import {
  add,
  div,
  matmul,
  mul,
  reshape,
  sigmoid,
  slice,
  sub,
  sum,
  type Tensor,
  tanh,
} from "../../engine/index.ts";
import type { Weights } from "./weights.ts";

/** Rounds in which a mask says what it looks like, and looks say what is the mask. */
const ROUNDS = 2;
/** Logits that looks can add or take: some of a picture look like nothing else in it. */
const MOST = 6;
/** Logits are this much steeper where they weigh pixels. */
const STEEPNESS = 2;

/**
 * The mask of a prompt by looks: which pixels look like those inside it rather than like those around it. A soft GrabCut whose colors are
 * learned and whose two models are means, so that what tells them apart is a plane.
 *
 * @param keys    [1, p, K], what each pixel looks like
 * @param places  [B, p, 2] logits: in the prompt, near it
 * @returns       [B, p] logits: the first of the places and how much more likely the looks make them
 * @see Rother et al. 2004, section 3
 */
export function likenMask(weights: Weights, keys: Tensor, places: Tensor): Tensor {
  const [batch, pixels] = places.shape as readonly number[];
  const seen = reshape(keys, [pixels, keys.shape[2] as number]);
  const plane = (k: number): Tensor =>
    reshape(slice(places, { axis: 2, start: k, end: k + 1 }), [batch, pixels]);
  const [prior, near] = [plane(0), sigmoid(mul(plane(1), STEEPNESS))];
  const gain = weights("mask_decoder.looks.weight");
  let logits = prior;
  for (let round = 0; round < ROUNDS; round++) {
    const inside = sigmoid(mul(logits, STEEPNESS));
    const outside = mul(sub(1, inside), near);
    const [ours, theirs] = [meanLook(inside, seen), meanLook(outside, seen)]; // [B, K]
    const apart = sub(ours, theirs);
    const middle = sum(mul(apart, mul(add(ours, theirs), 0.5)), { axes: 1, keepDims: true });
    const likeness = sub(matmul(apart, seen, { transposeB: true }), middle);
    logits = add(prior, mul(tanh(mul(likeness, div(gain, MOST))), MOST));
  }
  return logits;
}

/** [B, p] shares and [p, K] to [B, K]; with one pixel more of no look, so that no pixels at all have a mean. */
function meanLook(shares: Tensor, seen: Tensor): Tensor {
  return div(matmul(shares, seen), add(sum(shares, { axes: 1, keepDims: true }), 1));
}
