import {
  add,
  concat,
  gelu,
  linear,
  matmul,
  mul,
  reshape,
  slice,
  sub,
  type Tensor,
  tanh,
  transpose,
} from "../../engine/index.ts";
import { dense, ENCODER_EPSILON, norm } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";

/** Scales at which a cell sees how far it is from a token. */
export const PLACE_SCALES = 3;
/** Roles that a token can have, such as a corner or a click. */
export const PLACE_ROLES = 4;
/** What a cell knows of one token in one role: left or right of it, above or below it, near it, each at all scales. */
const SIGNS = 3 * PLACE_SCALES;
export const PLACE_CHANNELS: number = SIGNS * PLACE_ROLES;

/**
 * An image as its cells are once each knows where it lies beside the points and corners of a prompt. A place is read off a token and off a
 * cell's position by the same two rows, so it need not be exact; a role is read off the token.
 *
 * SAM has no such layer and finds out from a billion masks that a token means a place. Everything is computed from tokens, so that those which a
 * prompter predicts (WPS-SAM) are as good.
 *
 * @param weights    `place`, `scale`, `role`, `signs`, `norm`, `lin1`, `lin2`
 * @param image      [b, P, C], b 1 or B
 * @param positions  of the cells, [1, P, C]
 * @param sparse     [B, n, C]
 * @returns          [B, P, C]
 */
export function lookForPrompt(weights: Weights, image: Tensor, positions: Tensor, sparse: Tensor): Tensor {
  const own = scoped(weights, "mask_decoder.places.");
  const [batch, count] = sparse.shape as readonly number[];
  const cells = positions.shape[1] as number;
  const read = (x: Tensor): Tensor => linear(x, own("place.weight"), { transposeWeight: true });
  const away = sub(
    reshape(read(positions), [1, cells, 1, 2, 1]),
    reshape(read(sparse), [batch, 1, count, 2, 1]),
  );
  const sides = tanh(mul(away, reshape(own("scale.weight"), [1, 1, 1, 1, PLACE_SCALES]))); // [B, P, n, 2, scales]
  const steep = sub(1, mul(sides, sides));
  const [nearX, nearY] = [0, 1].map((k) => slice(steep, { axis: 3, start: k, end: k + 1 }));
  const signs = concat([sides, mul(nearX, nearY)], 3); // [B, P, n, 3, scales]
  const apart = transpose(reshape(signs, [batch, cells, count, SIGNS]), [0, 1, 3, 2]);
  const byRole = matmul(reshape(apart, [batch, cells * SIGNS, count]), dense(own, "role", sparse));
  const seen = dense(own, "signs", reshape(byRole, [batch, cells, PLACE_CHANNELS]));
  const placed = add(image, seen);
  const hidden = gelu(dense(own, "lin1", norm(own, "norm", placed, ENCODER_EPSILON)));
  return add(placed, dense(own, "lin2", hidden));
}
