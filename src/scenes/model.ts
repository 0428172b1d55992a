import type { Random } from "../core/random.ts";
import type { Color, ColorName } from "./color.ts";
import type { Bulge } from "./light.ts";
import type { Outline } from "./outline.ts";

/*
 * Objects are drawn in their own units: x to the right, y down, the ground at y = 0, about 1 high
 * (so most of an object has y from −1 to 0), centered on x = 0.
 */

/** One painted shape of a part. */
export interface Layer {
  readonly outline: Outline;
  readonly color: Color;
  /** Default flat. */
  readonly bulge?: Bulge;
  /** Strength of the highlight, default 0. */
  readonly gloss?: number;
  /** Painted with the object's pattern instead of the plain color. */
  readonly patterned?: boolean;
  /** Shows only within the object's other shapes. */
  readonly inside?: boolean;
}

/** One part of an object: what it is called and its shapes, back to front. Two wheels are two parts. */
export interface PartModel {
  readonly part: string;
  readonly layers: readonly Layer[];
}

/** The colors an object is built with; camouflage chooses them close to what is behind. */
export interface Look {
  readonly main: Color;
  readonly second: Color;
}

export type StuffName = (typeof stuffNames)[number];

/** Kinds of backdrop, index = stuff id. */
export const stuffNames = [
  "sky",
  "grass",
  "sand",
  "snow",
  "soil",
  "road",
  "water",
  "wall",
  "floor",
  "cloth",
  "foliage",
] as const;

/** How a class sits in a scene; a boat stands on the water. */
export type Stance = "stands" | "flies" | "swims";

/** A class of objects: a small description a scene is put together from. */
export interface ObjectClass {
  readonly name: string;
  /** Plural, for captions. */
  readonly plural: string;
  /** Names of its parts; every part that `build` makes is one of them. */
  readonly parts: readonly string[];
  /** The parts by which a classifier knows the class: where a CAM lights up. */
  readonly telling: readonly string[];
  /** Height beside a person's, before perspective. */
  readonly stature: number;
  readonly stance: Stance;
  /** The colors it mostly has; without them any will do. */
  readonly colors?: readonly ColorName[];
  /** Backdrops it is usually seen with. */
  readonly home: readonly StuffName[];
  build(r: Random, look: Look): readonly PartModel[];
}
