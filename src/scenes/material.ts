import type { Random } from "../core/random.ts";
import type { Affine } from "./affine.ts";
import { type Color, mixColors } from "./color.ts";
import { hash } from "./noise.ts";
import { cosine, sine } from "./scalar.ts";
import { makePattern, noiseSeed, type Pattern, type PatternName } from "./texture.ts";

/** What a surface is painted with: a pattern whose values are looked up in a ramp of colors. */
export interface Material {
  readonly pattern: Pattern;
  /** [256, 3] linear colors of the values 0 to 1. */
  readonly ramp: Float32Array;
  /** Picture to pattern. */
  readonly map: Affine;
  /** Strength of the pixel-fine grain, 0 for none. */
  readonly grain: number;
  readonly seed: number;
}

export interface MaterialOptions {
  readonly pattern: PatternName;
  /** Two or more, evenly spread over the pattern's values. */
  readonly colors: readonly Color[];
  /** Pixels one unit of the pattern takes. */
  readonly unit: number;
  /** Angle of the pattern in turns. */
  readonly turn?: number;
  readonly grain?: number;
}

export function makeMaterial(r: Random, options: MaterialOptions): Material {
  const { pattern, colors, unit, turn = 0, grain = 0.06 } = options;
  const a = cosine(turn) / unit;
  const b = sine(turn) / unit;
  return {
    pattern: makePattern(r, pattern),
    ramp: makeRamp(colors),
    map: { a, b, c: -b, d: a, e: r.between(0, 100), f: r.between(0, 100) },
    grain,
    seed: noiseSeed(r),
  };
}

/** The same pattern in the same place with other colors. */
export function recolor(material: Material, colors: readonly Color[]): Material {
  return { ...material, ramp: makeRamp(colors) };
}

function makeRamp(colors: readonly Color[]): Float32Array {
  const ramp = new Float32Array(256 * 3);
  for (let value = 0; value < 256; value++) {
    const t = (value / 255) * (colors.length - 1);
    const k = Math.min(Math.floor(t), colors.length - 2);
    ramp.set(colors.length === 1 ? colors[0] : mixColors(colors[k], colors[k + 1], t - k), value * 3);
  }
  return ramp;
}

/**
 * Writes the material's linear colors of pixels (row, start) to (row, end − 1) into `out` [W, 3].
 *
 * @param depth  how far the row is, for a floor seen in perspective: the pattern shrinks by this factor round `center`
 */
export function fillRow(
  { pattern, ramp, map, grain, seed }: Material,
  row: number,
  start: number,
  end: number,
  out: Float32Array,
  floor?: { readonly depth: number; readonly center: number; readonly v: number },
): void {
  const stretch = floor === undefined ? 1 : floor.depth;
  const x = floor === undefined ? start + 0.5 : (start + 0.5 - floor.center) * stretch;
  const y = floor === undefined ? row + 0.5 : floor.v;
  const du = map.a * stretch;
  const dv = map.b * stretch;
  const step = Math.max(Math.abs(du), Math.abs(dv));
  let u = map.a * x + map.c * y + map.e;
  let v = map.b * x + map.d * y + map.f;
  for (let j = start; j < end; j++, u += du, v += dv) {
    const value = Math.floor(pattern(u, v, step) * 255.999) * 3;
    // The grain is one more hash a pixel: without it flat surfaces look like paper cut-outs.
    const light = 1 + grain * ((hash(j, row, seed) & 0xff) / 127.5 - 1);
    out[j * 3] = ramp[value] * light;
    out[j * 3 + 1] = ramp[value + 1] * light;
    out[j * 3 + 2] = ramp[value + 2] * light;
  }
}
