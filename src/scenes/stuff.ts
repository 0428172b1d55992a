import type { Random } from "../core/random.ts";
import { anyColor, type Color, hsl, jitterColor, mixColors, rgb, scaleColor } from "./color.ts";
import { type Material, makeMaterial } from "./material.ts";
import type { StuffName } from "./model.ts";
import { betweenScales, chance, pick } from "./scalar.ts";
import { type PatternName, patternNames } from "./texture.ts";

/** What a kind of backdrop is painted with: its patterns, its colors dark to light, its unit in parts of the picture's short side. */
interface StuffRecipe {
  readonly patterns: readonly PatternName[];
  readonly unit: readonly [low: number, high: number];
  colors(r: Random): readonly Color[];
}

const recipes: Record<StuffName, StuffRecipe> = {
  sky: {
    patterns: ["mottled", "mottled", "plain", "shaded"],
    unit: [0.15, 0.6],
    colors: (r) => {
      const blue = hsl(r.between(0.55, 0.62), r.between(0.2, 0.7), r.between(0.5, 0.75));
      const cloud = chance(r, 0.2) ? hsl(r.between(0.02, 0.1), 0.7, 0.7) : rgb(235, 238, 242);
      return [blue, mixColors(blue, cloud, 0.15), mixColors(blue, cloud, r.between(0.3, 1))];
    },
  },
  grass: {
    patterns: ["grassy", "grassy", "grassy", "mottled", "speckled"],
    unit: [0.015, 0.06],
    colors: (r) => {
      const green = hsl(r.between(0.18, 0.33), r.between(0.25, 0.6), r.between(0.22, 0.42));
      return [scaleColor(green, 0.45), green, mixColors(green, rgb(225, 220, 130), 0.35)];
    },
  },
  sand: {
    patterns: ["mottled", "speckled", "wavy", "plain"],
    unit: [0.02, 0.15],
    colors: (r) => {
      const sand = hsl(r.between(0.09, 0.13), r.between(0.25, 0.5), r.between(0.6, 0.75));
      return [scaleColor(sand, 0.7), sand, mixColors(sand, rgb(255, 250, 235), 0.4)];
    },
  },
  snow: {
    patterns: ["mottled", "plain"],
    unit: [0.1, 0.4],
    colors: (r) => [hsl(0.6, 0.25, r.between(0.7, 0.82)), rgb(235, 240, 248), rgb(252, 252, 255)],
  },
  soil: {
    patterns: ["mottled", "speckled", "cracked", "patchy"],
    unit: [0.02, 0.12],
    colors: (r) => {
      const soil = hsl(r.between(0.05, 0.09), r.between(0.25, 0.5), r.between(0.22, 0.4));
      return [scaleColor(soil, 0.5), soil, mixColors(soil, rgb(200, 170, 130), 0.4)];
    },
  },
  road: {
    patterns: ["speckled", "mottled", "tiled", "cracked", "brick"],
    unit: [0.02, 0.12],
    colors: (r) => {
      const gray = hsl(r.between(0.55, 0.65), r.between(0, 0.08), r.between(0.3, 0.55));
      return [scaleColor(gray, 0.65), gray, mixColors(gray, rgb(220, 220, 220), 0.25)];
    },
  },
  water: {
    patterns: ["wavy", "wavy", "mottled", "marbled"],
    unit: [0.03, 0.12],
    colors: (r) => {
      const blue = hsl(r.between(0.48, 0.62), r.between(0.3, 0.65), r.between(0.3, 0.5));
      return [scaleColor(blue, 0.55), blue, mixColors(blue, rgb(220, 240, 245), r.between(0.2, 0.5))];
    },
  },
  wall: {
    patterns: ["plain", "brick", "striped", "tiled", "mottled", "wooden", "checked", "spotted", "zigzag"],
    unit: [0.05, 0.16],
    colors: (r) => {
      const paint = hsl(r.next(), r.between(0.05, 0.45), r.between(0.35, 0.85));
      return [scaleColor(paint, r.between(0.55, 0.85)), paint, jitterColor(r, paint, 0.15)];
    },
  },
  floor: {
    patterns: ["wooden", "wooden", "tiled", "checked", "marbled", "plain"],
    unit: [0.04, 0.12],
    colors: (r) => {
      const board = hsl(r.between(0.05, 0.11), r.between(0.15, 0.5), r.between(0.25, 0.65));
      return [scaleColor(board, 0.45), board, mixColors(board, rgb(245, 225, 190), 0.3)];
    },
  },
  cloth: {
    patterns: patternNames,
    unit: [0.03, 0.15],
    colors: (r) => {
      const a = anyColor(r).color;
      return [a, mixColors(a, anyColor(r).color, r.between(0.2, 0.9))];
    },
  },
  foliage: {
    patterns: ["patchy", "mottled", "grassy", "cracked"],
    unit: [0.03, 0.12],
    colors: (r) => {
      const green = hsl(r.between(0.2, 0.38), r.between(0.25, 0.55), r.between(0.15, 0.35));
      return [scaleColor(green, 0.3), green, mixColors(green, rgb(200, 210, 110), r.between(0.1, 0.5))];
    },
  },
};

/** A fresh material of a kind of backdrop. `side` is the picture's short side in pixels. */
export function makeStuff(r: Random, name: StuffName, side: number): Material {
  const { patterns, unit, colors } = recipes[name];
  return makeMaterial(r, {
    pattern: pick(r, patterns),
    colors: colors(r),
    unit: Math.max(1.5, betweenScales(r, unit[0], unit[1]) * side),
    turn: name === "cloth" ? r.next() : 0,
    grain: r.between(0.02, 0.12),
  });
}
