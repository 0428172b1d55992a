import { invalid, shapeMismatch } from "../core/error.ts";

/** Makes one gradient of several micro-batches: adds `share` · gradients to `sum` in place. Shares of 1/n give the mean of n. */
export function addGradients(sum: Float32Array, gradients: Float32Array, share: number): void {
  if (sum.length !== gradients.length) {
    throw shapeMismatch("addGradients: gradients", `${sum.length} elements`, `${gradients.length}`);
  }
  for (let p = 0; p < sum.length; p++) sum[p] += share * gradients[p];
}

/** Euclidean norm over all elements; NaN or Infinity when one of them is not finite. */
export function gradientNorm(gradients: Float32Array): number {
  // Four sums at once: a single one would wait for each addition.
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const even = gradients.length - (gradients.length % 4);
  for (let p = 0; p < even; p += 4) {
    a += gradients[p] * gradients[p];
    b += gradients[p + 1] * gradients[p + 1];
    c += gradients[p + 2] * gradients[p + 2];
    d += gradients[p + 3] * gradients[p + 3];
  }
  for (let p = even; p < gradients.length; p++) a += gradients[p] * gradients[p];
  return Math.sqrt(a + b + (c + d));
}

/**
 * Scales gradients in place so that their norm is at most `limit`, and returns the norm they had.
 *
 * As torch.nn.utils.clip_grad_norm_, which adds 1e-6 to the norm: a clipped gradient ends a little below the limit.
 * Differs: gradients whose norm is not finite are left as they are, for the caller to see.
 */
export function clipGradients(gradients: Float32Array, limit: number): number {
  if (!(limit > 0)) throw invalid("clipGradients: limit", "a number > 0", limit);
  const norm = gradientNorm(gradients);
  const scale = limit / (norm + 1e-6);
  if (scale < 1 && norm < Number.POSITIVE_INFINITY) {
    for (let p = 0; p < gradients.length; p++) gradients[p] *= scale;
  }
  return norm;
}
