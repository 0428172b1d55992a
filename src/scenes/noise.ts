/** A 32-bit hash of a lattice point, every bit of it usable. */
export function hash(i: number, j: number, seed: number): number {
  let h = Math.imul(i, 0x27d4eb2d) ^ Math.imul(j, 0x165667b1) ^ seed;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** The hash of a lattice point as a number in [0, 1). */
export function hashUnit(i: number, j: number, seed: number): number {
  return hash(i, j, seed) / 4294967296;
}

/** Value noise in [0, 1): random values at integer points, smoothly joined. */
export function valueNoise(u: number, v: number, seed: number): number {
  const i = Math.floor(u);
  const j = Math.floor(v);
  let s = u - i;
  let t = v - j;
  s = s * s * (3 - 2 * s);
  t = t * t * (3 - 2 * t);
  const top = hashUnit(i, j, seed) * (1 - s) + hashUnit(i + 1, j, seed) * s;
  const bottom = hashUnit(i, j + 1, seed) * (1 - s) + hashUnit(i + 1, j + 1, seed) * s;
  return top + (bottom - top) * t;
}

/**
 * Octaves of value noise, each twice as fine and half as strong, in [0, 1).
 *
 * @param step  distance between the points sampled; octaves finer than that would only alias and are left out
 */
export function fractalNoise(u: number, v: number, seed: number, octaves: number, step: number): number {
  let total = 0;
  let weight = 0;
  for (let octave = 0, scale = 1, strength = 1; octave < octaves; octave++, scale *= 2, strength *= 0.5) {
    weight += strength;
    total += strength * (step * scale > 0.7 ? 0.5 : valueNoise(u * scale, v * scale, seed + octave * 101));
  }
  return total / weight;
}

/** Distances from a point to the nearest and the second nearest of one random site a lattice cell. */
export interface NearestSites {
  readonly nearest: number;
  readonly second: number;
  /** In [0, 1): the nearest site's own number. */
  readonly tint: number;
}

export function nearestSites(u: number, v: number, seed: number): NearestSites {
  const i = Math.floor(u);
  const j = Math.floor(v);
  let nearest = 9;
  let second = 9;
  let tint = 0;
  for (let dj = -1; dj <= 1; dj++) {
    for (let di = -1; di <= 1; di++) {
      const h = hash(i + di, j + dj, seed);
      const x = i + di + (h & 0xffff) / 65536 - u;
      const y = j + dj + (h >>> 16) / 65536 - v;
      const distance = x * x + y * y;
      if (distance < nearest) {
        second = nearest;
        nearest = distance;
        tint = hashUnit(i + di, j + dj, seed ^ 0x5bd1e995);
      } else if (distance < second) second = distance;
    }
  }
  return { nearest: Math.sqrt(nearest), second: Math.sqrt(second), tint };
}
