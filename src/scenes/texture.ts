import type { Random } from "../core/random.ts";
import { fractalNoise, hash, hashUnit, nearestSites, valueNoise } from "./noise.ts";
import { clamp, sine, smoothStep } from "./scalar.ts";

/**
 * A pattern's value in [0, 1] at a point. One unit is about one feature of the pattern, `step` is the
 * distance between neighboring pixels in those units: what is finer than a pixel fades to gray.
 */
export type Pattern = (u: number, v: number, step: number) => number;

export type PatternName =
  | "plain"
  | "mottled"
  | "marbled"
  | "striped"
  | "checked"
  | "spotted"
  | "speckled"
  | "tiled"
  | "brick"
  | "wooden"
  | "grassy"
  | "cracked"
  | "patchy"
  | "wavy"
  | "zigzag"
  | "plaid"
  | "shaded";

/** Every pattern, as a function of random choices. Names are words a caption can use ("a striped car"). */
const patterns: Readonly<Record<PatternName, (r: Random) => Pattern>> = {
  plain: plain,
  mottled: cloudy,
  marbled: marble,
  striped: stripes,
  checked: checks,
  spotted: spots,
  speckled: speckle,
  tiled: tiles,
  brick: bricks,
  wooden: wood,
  grassy: grass,
  cracked: cracks,
  patchy: cells,
  wavy: waves,
  zigzag: zigzag,
  plaid: plaid,
  shaded: gradient,
};

export const patternNames: readonly PatternName[] = Object.keys(patterns) as PatternName[];

export function makePattern(r: Random, name: PatternName): Pattern {
  return patterns[name](r);
}

/** Draws a seed for the lattice hash. */
export function noiseSeed(r: Random): number {
  return r.integer(2 ** 32) | 0;
}

/** `value` where the pattern is coarser than the pixels, its mean `average` where it is finer. */
function faded(value: number, average: number, step: number): number {
  return step < 0.3 ? value : average + (value - average) * clamp((0.8 - step) * 2, 0, 1);
}

function plain(r: Random): Pattern {
  const seed = noiseSeed(r);
  return (u, v, step) => 0.35 + 0.3 * fractalNoise(u * 0.4, v * 0.4, seed, 2, step * 0.4);
}

function cloudy(r: Random): Pattern {
  const seed = noiseSeed(r);
  const octaves = 3 + r.integer(3);
  return (u, v, step) => smoothStep(0.2, 0.8, fractalNoise(u * 0.5, v * 0.5, seed, octaves, step * 0.5));
}

function marble(r: Random): Pattern {
  const seed = noiseSeed(r);
  const warp = r.between(1, 3);
  return (u, v, step) =>
    0.5 + 0.5 * faded(sine(u * 0.5 + warp * fractalNoise(u * 0.4, v * 0.4, seed, 4, step)), 0, step);
}

function stripes(r: Random): Pattern {
  const seed = noiseSeed(r);
  const share = r.between(0.3, 0.7);
  const wobble = r.next() < 0.5 ? 0 : r.between(0.1, 0.6);
  return (u, v, step) => {
    const w = u + (wobble === 0 ? 0 : wobble * valueNoise(u * 0.3, v * 0.3, seed));
    return faded(w - Math.floor(w) < share ? 0.05 : 0.95, 0.95 - 0.9 * share, step);
  };
}

function checks(r: Random): Pattern {
  const low = r.between(0, 0.3);
  return (u, v, step) => faded(((Math.floor(u) + Math.floor(v)) & 1) === 0 ? low : 1 - low, 0.5, step);
}

function spots(r: Random): Pattern {
  const seed = noiseSeed(r);
  const density = r.between(0.5, 1);
  const radius = r.between(0.22, 0.42);
  return (u, v, step) => {
    const i = Math.floor(u);
    const j = Math.floor(v);
    const h = hash(i, j, seed);
    if ((h & 0xff) / 256 >= density) return faded(0.05, 0.3, step);
    const size = radius * (0.6 + 0.4 * (((h >>> 8) & 0xff) / 256));
    const x = u - i - 0.5 - (((h >>> 16) & 0xff) / 256 - 0.5) * (1 - 2 * size);
    const y = v - j - 0.5 - ((h >>> 24) / 256 - 0.5) * (1 - 2 * size);
    return faded(x * x + y * y < size * size ? 0.95 : 0.05, 0.3, step);
  };
}

function speckle(r: Random): Pattern {
  const seed = noiseSeed(r);
  const rare = r.between(0.5, 0.75);
  return (u, v, step) => {
    const grain = smoothStep(rare - 0.12, rare + 0.12, valueNoise(u * 3, v * 3, seed));
    const ground = 0.2 + 0.3 * valueNoise(u * 0.3, v * 0.3, seed + 1);
    return faded(ground + (1 - ground) * grain, 0.45, step * 2);
  };
}

function tiles(r: Random): Pattern {
  const seed = noiseSeed(r);
  const joint = r.between(0.04, 0.12);
  return (u, v, step) => {
    const i = Math.floor(u);
    const j = Math.floor(v);
    const isJoint = u - i < joint || v - j < joint;
    return faded(isJoint ? 0 : 0.55 + 0.45 * hashUnit(i, j, seed), 0.7, step);
  };
}

function bricks(r: Random): Pattern {
  const seed = noiseSeed(r);
  const joint = r.between(0.06, 0.14);
  return (u, v, step) => {
    const y = v * 1.6;
    const j = Math.floor(y);
    const x = u * 0.7 + (j & 1) * 0.5;
    const i = Math.floor(x);
    const isJoint = x - i < joint * 0.5 || y - j < joint;
    const grit = 0.2 * valueNoise(u * 6, v * 6, seed);
    return faded(isJoint ? grit * 0.5 : 0.45 + 0.4 * hashUnit(i, j, seed) + grit * 0.7, 0.6, step);
  };
}

function wood(r: Random): Pattern {
  const seed = noiseSeed(r);
  const planks = r.next() < 0.6;
  const stretch = r.between(0.05, 0.15);
  return (u, v, step) => {
    const j = Math.floor(v * 0.4);
    const plank = planks ? hashUnit(j, 7, seed) : 0.5;
    if (planks && v * 0.4 - j < 0.03 && step < 0.5) return 0;
    const x = u * stretch + plank * 30;
    const rings = sine(v * 0.5 + 2.5 * valueNoise(x, v * 0.25, seed + j));
    const fiber = valueNoise(x * 6, v * 5, seed);
    return faded(0.2 + 0.3 * plank + 0.25 * (0.5 + 0.5 * rings) + 0.25 * fiber, 0.5, step);
  };
}

function grass(r: Random): Pattern {
  const seed = noiseSeed(r);
  const lean = r.between(-0.3, 0.3);
  return (u, v, step) => {
    const blade = valueNoise((u + v * lean) * 3, v * 0.7, seed);
    const fine = step > 0.3 ? 0.5 : valueNoise((u - v * lean) * 6, v * 1.5, seed + 1);
    const patch = fractalNoise(u * 0.08, v * 0.08, seed + 2, 3, step * 0.08);
    return clamp(0.4 * faded(blade, 0.5, step * 2) + 0.25 * fine + 0.6 * patch - 0.12, 0, 1);
  };
}

function cracks(r: Random): Pattern {
  const seed = noiseSeed(r);
  const width = r.between(0.05, 0.15);
  return (u, v, step) => {
    const { nearest, second, tint } = nearestSites(u, v, seed);
    const gap = smoothStep(0, width, second - nearest);
    return faded(gap * (0.55 + 0.45 * tint), 0.7, step);
  };
}

function cells(r: Random): Pattern {
  const seed = noiseSeed(r);
  const dome = r.between(0, 0.5);
  return (u, v, step) => {
    const { nearest, tint } = nearestSites(u, v, seed);
    return faded(clamp(tint * (1 - dome) + dome * (1 - nearest), 0, 1), 0.5, step);
  };
}

function waves(r: Random): Pattern {
  const seed = noiseSeed(r);
  const chop = r.between(0.4, 1.4);
  return (u, v, step) => {
    const swell = sine(v * 0.9 + chop * fractalNoise(u * 0.3, v * 0.5, seed, 2, step) + 0.15 * sine(u * 0.4));
    const glint = valueNoise(u * 0.8, v * 3, seed + 5);
    return faded(clamp(0.45 + 0.3 * swell + 0.5 * (glint - 0.5), 0, 1), 0.45, step);
  };
}

function zigzag(r: Random): Pattern {
  const depth = r.between(0.3, 1);
  return (u, v, step) => {
    const tooth = u - Math.floor(u);
    const w = v + depth * (tooth < 0.5 ? tooth : 1 - tooth);
    return faded(w - Math.floor(w) < 0.5 ? 0.05 : 0.95, 0.5, step);
  };
}

function plaid(r: Random): Pattern {
  const a = r.between(0.2, 0.6);
  const b = r.between(0.05, 0.2);
  return (u, v, step) => {
    const x = u - Math.floor(u);
    const y = v - Math.floor(v);
    const across = x < a ? 0.45 : x > 1 - b ? 0.25 : 0;
    const down = y < a ? 0.45 : y > 1 - b ? 0.25 : 0;
    return faded(0.05 + across + down, 0.4, step);
  };
}

function gradient(r: Random): Pattern {
  const seed = noiseSeed(r);
  const slope = r.between(0.03, 0.12);
  return (u, v) => {
    const t = v * slope;
    return clamp(0.5 + 0.5 * sine(t * 0.5) + 0.1 * (valueNoise(u * 0.2, v * 0.2, seed) - 0.5), 0, 1);
  };
}
