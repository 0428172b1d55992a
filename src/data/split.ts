import { invalid } from "../core/error.ts";
import { random, shuffled } from "../core/random.ts";

export interface SplitOptions {
  /** Share of the pictures to validate with. Default 0.2. */
  readonly share?: number;
  readonly seed?: number | string;
}

/** Pictures to train with and to validate with, each in the order of `ids`. */
export interface Split {
  readonly training: readonly string[];
  readonly validation: readonly string[];
}

/**
 * Splits a data set that comes without a split. The same ids in any order and the same seed give the same sets; of two or more pictures
 * each set gets at least one, unless the share is 0 or 1.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a share outside [0, 1]
 */
export function splitIds(ids: readonly string[], { share = 0.2, seed = 0 }: SplitOptions = {}): Split {
  if (!(share >= 0 && share <= 1)) throw invalid("splitIds: share", "a number in [0, 1]", share);
  const rounded = Math.round(ids.length * share);
  const isWhole = share === 0 || share === 1 || ids.length < 2;
  const count = isWhole ? rounded : Math.min(Math.max(rounded, 1), ids.length - 1);
  const chosen = new Set(shuffled([...ids].sort(), random(seed)).slice(0, count));
  return {
    training: ids.filter((id) => !chosen.has(id)),
    validation: ids.filter((id) => chosen.has(id)),
  };
}
