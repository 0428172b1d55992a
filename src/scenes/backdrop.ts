import type { Random } from "../core/random.ts";
import type { Canvas } from "./canvas.ts";
import type { Color } from "./color.ts";
import { ridge, road, wave } from "./land.ts";
import type { Light } from "./light.ts";
import type { Material } from "./material.ts";
import { type StuffName, stuffNames } from "./model.ts";
import { polygon, transformOutline } from "./outline.ts";
import { fillRegion, layShape } from "./region-painter.ts";
import { chance, pick } from "./scalar.ts";
import { makeShape } from "./shapes.ts";
import { makeStuff } from "./stuff.ts";

/** Where objects can be, and what the air looks like. */
export interface Backdrop {
  /** Row of the horizon, where the ground begins; null when the scene is seen from above. */
  readonly horizon: number | null;
  /** The kinds painted, the one objects stand on first. */
  readonly stuffs: readonly StuffName[];
  /** The scene is under water: things hang anywhere. */
  readonly isUnderWater: boolean;
  readonly haze: { readonly color: Color; readonly strength: number };
}

/** Paints what lies behind all objects, over the whole canvas. */
export function paintBackdrop(canvas: Canvas, r: Random, light: Light): Backdrop {
  return pick(r, settings)(canvas, r, light);
}

/** Paints a backdrop of shapes on cloth: every texture, any colors, nothing to recognize. */
export function paintCollage(canvas: Canvas, r: Random, light: Light): Backdrop {
  const side = Math.min(canvas.height, canvas.width);
  const base: StuffName = chance(r, 0.5) ? "cloth" : pick(r, stuffNames);
  fillRegion(canvas, makeStuff(r, base, side), base, 0, canvas.height);
  const used = new Set<StuffName>([base]);
  for (let k = r.integer(4); k > 0; k--) {
    const name: StuffName = chance(r, 0.5) ? "cloth" : pick(r, stuffNames);
    used.add(name);
    const size = r.between(0.5, 1.6) * side;
    const place = {
      a: size,
      b: 0,
      c: 0,
      d: size * r.between(0.5, 1.5),
      e: r.next() * canvas.width,
      f: r.next() * canvas.height,
    };
    layShape(canvas, transformOutline(makeShape(r), place), makeStuff(r, name, side), name, light);
  }
  return flat([...used]);
}

const settings = [
  countryside,
  countryside,
  countryside,
  street,
  lake,
  underWater,
  room,
  room,
  fromAbove,
  paintCollage,
];

function flat(stuffs: readonly StuffName[]): Backdrop {
  return { horizon: null, stuffs, isUnderWater: false, haze: { color: [0, 0, 0], strength: 0 } };
}

function countryside(canvas: Canvas, r: Random, light: Light): Backdrop {
  const { height, width } = canvas;
  const side = Math.min(height, width);
  const horizon = height * r.between(0.25, 0.6);
  const ground = pick(r, ["grass", "grass", "grass", "sand", "snow", "soil"] as const);
  const sky = makeStuff(r, "sky", side);
  fillRegion(canvas, sky, "sky", 0, horizon);
  if (chance(r, 0.6)) {
    const ridges = 1 + r.integer(2);
    for (let k = 0; k < ridges; k++) layRidge(canvas, r, light, horizon, r.between(0.05, 0.2));
  }
  fillRegion(canvas, makeStuff(r, ground, side), ground, horizon, height);
  const stuffs: StuffName[] = [ground, "sky"];
  if (chance(r, 0.3)) {
    stuffs.push("road");
    layShape(canvas, road(r, canvas, horizon), makeStuff(r, "road", side), "road", light);
  }
  return {
    horizon,
    stuffs,
    isUnderWater: false,
    haze: { color: skyColor(sky), strength: r.between(0, 0.4) },
  };
}

/** Wooded hills behind the ground, `rise` of the picture's height high. */
function layRidge(canvas: Canvas, r: Random, light: Light, horizon: number, rise: number): void {
  const { height, width } = canvas;
  const outline = ridge(r, width, horizon, height * rise);
  layShape(canvas, outline, makeStuff(r, "foliage", Math.min(height, width) * 0.6), "foliage", light);
}

function street(canvas: Canvas, r: Random, light: Light): Backdrop {
  const { height, width } = canvas;
  const side = Math.min(height, width);
  const horizon = height * r.between(0.35, 0.6);
  fillRegion(canvas, makeStuff(r, "sky", side), "sky", 0, horizon);
  // A row of fronts of differing height and paint.
  for (let x = -r.next() * width * 0.3; x < width; ) {
    const next = x + width * r.between(0.2, 0.6);
    const top = horizon * r.between(-0.2, 0.6);
    layShape(
      canvas,
      polygon([x, top], [next, top], [next, horizon + 1], [x, horizon + 1]),
      makeStuff(r, "wall", side),
      "wall",
      light,
    );
    x = next;
  }
  fillRegion(canvas, makeStuff(r, "road", side), "road", horizon, height);
  return {
    horizon,
    stuffs: ["road", "wall", "sky"],
    isUnderWater: false,
    haze: { color: [0.5, 0.52, 0.55], strength: r.between(0, 0.2) },
  };
}

function lake(canvas: Canvas, r: Random, light: Light): Backdrop {
  const { height } = canvas;
  const side = Math.min(height, canvas.width);
  const horizon = height * r.between(0.3, 0.55);
  const sky = makeStuff(r, "sky", side);
  fillRegion(canvas, sky, "sky", 0, horizon);
  if (chance(r, 0.6)) layRidge(canvas, r, light, horizon, r.between(0.04, 0.15));
  fillRegion(canvas, makeStuff(r, "water", side), "water", horizon, height);
  return {
    horizon,
    stuffs: ["water", "sky"],
    isUnderWater: false,
    haze: { color: skyColor(sky), strength: r.between(0, 0.4) },
  };
}

function underWater(canvas: Canvas, r: Random, light: Light): Backdrop {
  const { height, width } = canvas;
  const side = Math.min(height, width);
  const water = makeStuff(r, "water", side * r.between(1, 3));
  fillRegion(canvas, water, "water", 0, height);
  const bed = height * r.between(0.75, 1.1);
  layShape(
    canvas,
    polygon([0, height * 2], [width, height * 2], ...wave(r, width, bed, height * 0.05)),
    makeStuff(r, "sand", side),
    "sand",
    light,
  );
  return {
    horizon: null,
    stuffs: ["water", "sand"],
    isUnderWater: true,
    haze: { color: skyColor(water), strength: r.between(0.1, 0.4) },
  };
}

function room(canvas: Canvas, r: Random, light: Light): Backdrop {
  const { height, width } = canvas;
  const side = Math.min(height, width);
  const horizon = height * r.between(0.3, 0.65);
  fillRegion(canvas, makeStuff(r, "wall", side), "wall", 0, horizon);
  if (chance(r, 0.4)) {
    const x = width * r.between(0.05, 0.7);
    const y = horizon * r.between(0.1, 0.4);
    layShape(
      canvas,
      polygon([x, y], [x + width * 0.25, y], [x + width * 0.25, y + horizon * 0.5], [x, y + horizon * 0.5]),
      makeStuff(r, chance(r, 0.5) ? "sky" : "cloth", side),
      "wall",
      light,
    );
  }
  const ground = chance(r, 0.65) ? "floor" : "cloth";
  fillRegion(canvas, makeStuff(r, ground, side), ground, horizon, height);
  return { horizon, stuffs: [ground, "wall"], isUnderWater: false, haze: { color: [0, 0, 0], strength: 0 } };
}

function fromAbove(canvas: Canvas, r: Random): Backdrop {
  const name = pick(r, [
    "grass",
    "sand",
    "floor",
    "floor",
    "cloth",
    "cloth",
    "road",
    "foliage",
    "water",
    "soil",
  ] as const);
  fillRegion(canvas, makeStuff(r, name, Math.min(canvas.height, canvas.width)), name, 0, canvas.height);
  return flat([name]);
}

/** The middle of a material's ramp: the color of the air before far things. */
function skyColor({ ramp }: Material): Color {
  return [ramp[128 * 3], ramp[128 * 3 + 1], ramp[128 * 3 + 2]];
}
