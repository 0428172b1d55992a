/** x of A·x = y for a positive definite A, [N, N], by Gaussian elimination. Both are used up. */
export function solve(matrix: Float64Array, values: Float64Array): Float64Array {
  const n = values.length;
  for (let k = 0; k < n; k++) {
    for (let i = k + 1; i < n; i++) {
      const factor = matrix[i * n + k] / matrix[k * n + k];
      for (let j = k; j < n; j++) matrix[i * n + j] -= factor * matrix[k * n + j];
      values[i] -= factor * values[k];
    }
  }
  const x = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    let rest = values[i];
    for (let j = i + 1; j < n; j++) rest -= matrix[i * n + j] * x[j];
    x[i] = rest / matrix[i * n + i];
  }
  return x;
}
