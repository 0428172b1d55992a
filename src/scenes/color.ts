import type { Random } from "../core/random.ts";
import { clamp, mix, pick } from "./scalar.ts";

/** Linear light, red, green, blue, 0 to 1. The display value is 255 · √linear. */
export type Color = readonly [red: number, green: number, blue: number];

/** A color with the word a caption uses for it. */
export interface NamedColor {
  readonly name: string;
  readonly color: Color;
}

/** A color from its display values, 0 to 255. */
export function rgb(red: number, green: number, blue: number): Color {
  return [square(red / 255), square(green / 255), square(blue / 255)];
}

function square(value: number): number {
  return value * value;
}

/** A color from hue in turns (0 red, 1/3 green), saturation and lightness, as CSS defines them. */
export function hsl(hue: number, saturation: number, lightness: number): Color {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const k = (((offset + hue * 12) % 12) + 12) % 12;
    return square(lightness - reach * clamp(Math.min(k - 3, 9 - k), -1, 1));
  };
  return [channel(0), channel(8), channel(4)];
}

export function mixColors(a: Color, b: Color, t: number): Color {
  return [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)];
}

export function scaleColor([red, green, blue]: Color, factor: number): Color {
  return [red * factor, green * factor, blue * factor];
}

/** Hue in turns, saturation, lightness. */
const palette = {
  red: [0.99, 0.75, 0.42],
  orange: [0.07, 0.85, 0.5],
  yellow: [0.14, 0.85, 0.55],
  green: [0.33, 0.5, 0.38],
  teal: [0.49, 0.55, 0.38],
  blue: [0.6, 0.6, 0.45],
  purple: [0.77, 0.45, 0.42],
  pink: [0.93, 0.65, 0.68],
  brown: [0.07, 0.45, 0.28],
  white: [0.1, 0.1, 0.9],
  gray: [0.6, 0.06, 0.5],
  black: [0.65, 0.08, 0.12],
} as const;

export type ColorName = keyof typeof palette;

const colorNames = Object.keys(palette) as ColorName[];

/** A shade of one of the colors named, or of any of the twelve. */
export function anyColor(r: Random, names: readonly ColorName[] = colorNames): NamedColor {
  const name = pick(r, names);
  const [hue, saturation, lightness] = palette[name];
  return {
    name,
    color: hsl(
      hue + r.between(-0.02, 0.02),
      clamp(saturation * r.between(0.65, 1.15), 0, 1),
      clamp(lightness + r.between(-0.09, 0.09), 0.05, 0.95),
    ),
  };
}

/** The same color a little off: lighter or darker, and a shift a channel. */
export function jitterColor(r: Random, color: Color, amount: number): Color {
  const light = 1 + amount * r.between(-1, 1);
  const shift = (value: number): number => clamp(value * light * (1 + amount * r.between(-0.4, 0.4)), 0, 1);
  return [shift(color[0]), shift(color[1]), shift(color[2])];
}
