import type { Size } from "../core/geometry.ts";
import type { Random } from "../core/random.ts";
import { type Outline, polygon, type Vertex } from "./outline.ts";
import { sine } from "./scalar.ts";

/** Hills or a wood behind the ground, `rise` high. */
export function ridge(r: Random, width: number, horizon: number, rise: number): Outline {
  return polygon([0, horizon + 1], [width, horizon + 1], ...wave(r, width, horizon - rise * 0.6, rise * 0.5));
}

/** Points from right to left along a wavy line. */
export function wave(r: Random, width: number, level: number, swing: number): Vertex[] {
  const octaves = [
    { phase: r.next(), waves: r.between(0.5, 1.5), swing },
    { phase: r.next(), waves: r.between(2, 4), swing: swing / 2 },
    { phase: r.next(), waves: r.between(6, 12), swing: swing / 3 },
  ];
  return Array.from({ length: 41 }, (_, k) => {
    const t = 1 - k / 40;
    const rise = octaves.reduce(
      (sum, octave) => sum + octave.swing * sine(octave.phase + octave.waves * t),
      0,
    );
    return [width * t, level + rise];
  });
}

/** A road that runs to the horizon. */
export function road(r: Random, { height, width }: Size, horizon: number): Outline {
  const far = width * r.between(0.2, 0.8);
  const near = width * r.between(0, 1);
  const half = width * r.between(0.15, 0.4);
  return polygon(
    [far - half * 0.04, horizon],
    [far + half * 0.04, horizon],
    [near + half, height + 1],
    [near - half, height + 1],
  );
}
