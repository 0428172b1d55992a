import type { Size } from "../../../core/geometry.ts";
import type { LabPlanes } from "./color.ts";

/** A plane [H·W] smoothed by a Gaussian of `sigma` pixels; beyond the picture its border pixel repeats. */
export function smooth(plane: Float32Array, { height, width }: Size, sigma: number): Float32Array {
  const kernel = halfGaussian(sigma);
  const radius = kernel.length - 1;
  const rows = new Float32Array(plane.length);
  const padded = new Float32Array(width + 2 * radius);
  for (let i = 0; i < height; i++) {
    const start = i * width;
    padded.fill(plane[start], 0, radius);
    padded.set(plane.subarray(start, start + width), radius);
    padded.fill(plane[start + width - 1], radius + width);
    for (let j = 0; j < width; j++) {
      const middle = j + radius;
      let sum = kernel[0] * padded[middle];
      for (let r = 1; r <= radius; r++) sum += kernel[r] * (padded[middle - r] + padded[middle + r]);
      rows[start + j] = sum;
    }
  }
  // Down the columns, but a row at a time, so that memory is read in order.
  const result = new Float32Array(plane.length);
  for (let i = 0; i < height; i++) {
    const start = i * width;
    for (let r = -radius; r <= radius; r++) {
      const weight = kernel[Math.abs(r)];
      const shift = Math.min(height - 1, Math.max(0, i + r)) * width;
      for (let j = 0; j < width; j++) result[start + j] += weight * rows[shift + j];
    }
  }
  return result;
}

/** The three planes, each smoothed. */
export function smoothLab({ L, a, b }: LabPlanes, size: Size, sigma: number): LabPlanes {
  return { L: smooth(L, size, sigma), a: smooth(a, size, sigma), b: smooth(b, size, sigma) };
}

/**
 * How fast the color changes at each pixel, in the direction where it changes fastest: Lab units a pixel, by
 * central differences, over all three planes at once.
 *
 * @see Di Zenzo 1986: the root of the larger eigenvalue of the summed gradient tensor
 */
export function colorGradient({ L, a, b }: LabPlanes, { height, width }: Size): Float32Array {
  const gradient = new Float32Array(height * width);
  for (let i = 0, p = 0; i < height; i++) {
    const up = i > 0 ? width : 0;
    const down = i + 1 < height ? width : 0;
    for (let j = 0; j < width; j++, p++) {
      const left = j > 0 ? p - 1 : p;
      const right = j + 1 < width ? p + 1 : p;
      const lx = L[right] - L[left];
      const ly = L[p + down] - L[p - up];
      const ax = a[right] - a[left];
      const ay = a[p + down] - a[p - up];
      const bx = b[right] - b[left];
      const by = b[p + down] - b[p - up];
      const xx = lx * lx + ax * ax + bx * bx;
      const yy = ly * ly + ay * ay + by * by;
      const xy = lx * ly + ax * ay + bx * by;
      const larger = (xx + yy + Math.sqrt((xx - yy) * (xx - yy) + 4 * xy * xy)) / 2;
      gradient[p] = Math.sqrt(larger) / 2;
    }
  }
  return gradient;
}

/** The right half of a Gaussian, from its middle to 3 sigma; the whole sums to 1. */
function halfGaussian(sigma: number): Float32Array {
  const radius = Math.ceil(3 * sigma);
  const kernel = Float32Array.from({ length: radius + 1 }, (_, r) =>
    Math.exp(-(r * r) / (2 * sigma * sigma)),
  );
  const total = 2 * kernel.reduce((sum, weight) => sum + weight, 0) - kernel[0];
  return kernel.map((weight) => weight / total);
}
