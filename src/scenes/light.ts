import type { Random } from "../core/random.ts";
import type { Affine } from "./affine.ts";
import type { Color } from "./color.ts";
import { chance, cosine, sine } from "./scalar.ts";

/** One far light and the sky's even light. The direction points to the light: x right, y down, z to the viewer. */
export interface Light {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Share of the light that comes from everywhere, 0 to 1. */
  readonly ambient: number;
  readonly tint: Color;
  /** Darkness of cast shadows, 0 to 1, and their blur in parts of the object's size. */
  readonly shadow: number;
  readonly softness: number;
}

export function makeLight(r: Random): Light {
  const angle = r.between(0.52, 0.98);
  const height = r.between(0.3, 0.85);
  const flat = Math.sqrt(1 - height * height);
  const warmth = r.between(-0.12, 0.12);
  const isOvercast = chance(r, 0.25);
  return {
    x: cosine(angle) * flat,
    y: sine(angle) * flat,
    z: height,
    ambient: isOvercast ? r.between(0.6, 0.8) : r.between(0.3, 0.55),
    tint: [1 + warmth, 1, 1 - warmth],
    shadow: isOvercast ? r.between(0.15, 0.35) : r.between(0.35, 0.7),
    softness: isOvercast ? r.between(0.06, 0.12) : r.between(0.01, 0.06),
  };
}

/** How a part bulges across and along itself: 0 is flat, 1 is round. [0.9, 0] is a pillar, [0.9, 0.9] a ball. */
export type Bulge = readonly [across: number, along: number];

/** A part's relief under a light, ready to shade its rows. */
export interface Relief {
  /** Picture to the part's own box, which is [−1, 1]². */
  readonly local: Affine;
  readonly bulge: Bulge;
  readonly gloss: number;
  /** The light in the part's own axes. */
  readonly direction: readonly [number, number, number];
}

/** @param local  picture to the part's own box, [−1, 1]² */
export function makeRelief(local: Affine, bulge: Bulge, gloss: number, { x, y, z }: Light): Relief {
  // The part's axes in the picture, as unit vectors: the light is measured along them.
  const across = Math.sqrt(local.a * local.a + local.c * local.c) || 1;
  const along = Math.sqrt(local.b * local.b + local.d * local.d) || 1;
  return {
    local,
    bulge,
    gloss,
    direction: [(local.a * x + local.c * y) / across, (local.b * x + local.d * y) / along, z],
  };
}

/** Lights the linear colors of pixels (row, start) to (row, end − 1) in `colors` [W, 3], in place. */
export function shadeRow(
  { local, bulge, gloss, direction }: Relief,
  { ambient, tint }: Light,
  row: number,
  start: number,
  end: number,
  colors: Float32Array,
): void {
  const [lx, ly, lz] = direction;
  // A surface that faces the viewer gets light 1, so that colors keep their name.
  const diffuse = (1 - ambient) / (0.35 + 0.65 * lz);
  const halfLength = Math.sqrt(lx * lx + ly * ly + (lz + 1) * (lz + 1));
  const [hx, hy, hz] = [lx / halfLength, ly / halfLength, (lz + 1) / halfLength];
  const dp = local.a * bulge[0];
  const dq = local.b * bulge[1];
  let p = (local.a * (start + 0.5) + local.c * (row + 0.5) + local.e) * bulge[0];
  let q = (local.b * (start + 0.5) + local.d * (row + 0.5) + local.f) * bulge[1];
  for (let j = start; j < end; j++, p += dp, q += dq) {
    const tilt = p * p + q * q;
    // Corners outside the ellipse keep the slope of its rim.
    const shrink = tilt > 0.95 ? Math.sqrt(0.95 / tilt) : 1;
    const nx = p * shrink;
    const ny = q * shrink;
    const nz = Math.sqrt(1 - Math.min(tilt, 0.95));
    const lambert = nx * lx + ny * ly + nz * lz;
    const light = ambient + (lambert > 0 ? diffuse * lambert : 0);
    let shine = 0;
    if (gloss > 0) {
      const s = nx * hx + ny * hy + nz * hz;
      const s4 = s > 0 ? s * s * s * s : 0;
      const s16 = s4 * s4 * s4 * s4;
      shine = gloss * s16 * s16;
    }
    colors[j * 3] = colors[j * 3] * light * tint[0] + shine;
    colors[j * 3 + 1] = colors[j * 3 + 1] * light * tint[1] + shine;
    colors[j * 3 + 2] = colors[j * 3 + 2] * light * tint[2] + shine;
  }
}
