import type { Random } from "../core/random.ts";

/*
 * Scenes have the same bytes on every machine and engine, so nothing here calls Math.sin, cos, exp or
 * pow, whose last bit is left to the engine: only + − × ÷, sqrt and floor, which IEEE 754 fixes.
 */

const TAU = 6.283185307179586;

/** Sine of an angle in turns; 1 turn is a full circle. Error below 1e-7. */
export function sine(turns: number): number {
  let t = turns - Math.floor(turns + 0.5);
  if (t > 0.25) t = 0.5 - t;
  else if (t < -0.25) t = -0.5 - t;
  const x = t * TAU;
  const s = x * x;
  // Taylor to x^11: at a quarter turn the next term is 6e-8.
  return x * (1 - (s / 6) * (1 - (s / 20) * (1 - (s / 42) * (1 - (s / 72) * (1 - s / 110)))));
}

/** Cosine of an angle in turns. */
export function cosine(turns: number): number {
  return sine(turns + 0.25);
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** 0 below `low`, 1 above `high`, 3t² − 2t³ between. */
export function smoothStep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

/** One of the items, each as likely as the others. */
export function pick<T>(r: Random, items: readonly T[]): T {
  return items[r.integer(items.length)];
}

/** True once in 1 / `probability` draws. */
export function chance(r: Random, probability: number): boolean {
  return r.next() < probability;
}

/** A number in [low, high) whose small values are as common as its large ones: low · (high / low)^t, by halvings. */
export function betweenScales(r: Random, low: number, high: number): number {
  // Bisection in ratio space needs sqrt alone, where the power would not be the same on every engine.
  let a = low;
  let b = high;
  for (let step = 0; step < 10; step++) {
    const middle = Math.sqrt(a * b);
    if (r.next() < 0.5) a = middle;
    else b = middle;
  }
  return mix(a, b, r.next());
}
