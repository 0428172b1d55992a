import { reshape, type Tensor, transpose } from "../../../engine/index.ts";

/** [..., C] over the pixels of a square as [B, C, side, side]. */
export function toChannelsFirst(x: Tensor, side: number): Tensor {
  const channels = x.shape[x.shape.length - 1];
  return transpose(reshape(x, [-1, side, side, channels]), [0, 3, 1, 2]);
}
