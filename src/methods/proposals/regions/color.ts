import type { RgbImage } from "../../../core/image.ts";

/** CIE L*a*b* (D65) as three planes [H·W]: L in 0..100, a and b in about −100..100. */
export interface LabPlanes {
  readonly L: Float32Array;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** The Lab planes of an sRGB picture. */
export function toLab({ data, height, width }: RgbImage): LabPlanes {
  const count = height * width;
  const L = new Float32Array(count);
  const a = new Float32Array(count);
  const b = new Float32Array(count);
  const linear = Float64Array.from({ length: 256 }, (_, value) => srgbToLinear(value / 255));
  const cubeRoot = Float32Array.from({ length: STEPS + 2 }, (_, step) => labCubeRoot(step / STEPS));
  for (let p = 0, i = 0; p < count; p++, i += 3) {
    const red = linear[data[i]];
    const green = linear[data[i + 1]];
    const blue = linear[data[i + 2]];
    // sRGB primaries to XYZ, each divided by the D65 white point, so that white is (1, 1, 1).
    const x = cubeRoot[(STEPS * (0.433953 * red + 0.376219 * green + 0.189828 * blue) + 0.5) | 0];
    const y = cubeRoot[(STEPS * (0.212671 * red + 0.71516 * green + 0.072169 * blue) + 0.5) | 0];
    const z = cubeRoot[(STEPS * (0.017758 * red + 0.109477 * green + 0.872765 * blue) + 0.5) | 0];
    L[p] = 116 * y - 16;
    a[p] = 500 * (x - y);
    b[p] = 200 * (y - z);
  }
  return { L, a, b };
}

/** Steps of the cube-root table: a rounding error below 0.1 L even where the root is steepest. */
const STEPS = 8192;

function srgbToLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function labCubeRoot(t: number): number {
  return t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29;
}
