import type { Random } from "../core/random.ts";
import { type Canvas, paintShape } from "./canvas.ts";
import type { Color } from "./color.ts";
import type { Light } from "./light.ts";
import { fillRow, type Material } from "./material.ts";
import { type StuffName, stuffNames } from "./model.ts";
import { type Outline, polygon, transformOutline, type Vertex } from "./outline.ts";
import { rasterize } from "./raster.ts";
import { chance, pick, sine } from "./scalar.ts";
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
    for (let k = 0; k < ridges; k++)
      layShape(
        canvas,
        ridge(r, width, horizon, height * r.between(0.05, 0.2)),
        makeStuff(r, "foliage", side * 0.6),
        "foliage",
        light,
      );
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
  const { height, width } = canvas;
  const side = Math.min(height, width);
  const horizon = height * r.between(0.3, 0.55);
  const sky = makeStuff(r, "sky", side);
  fillRegion(canvas, sky, "sky", 0, horizon);
  if (chance(r, 0.6))
    layShape(
      canvas,
      ridge(r, width, horizon, height * r.between(0.04, 0.15)),
      makeStuff(r, "foliage", side * 0.6),
      "foliage",
      light,
    );
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

/** Fills rows with a material; ground below a horizon is seen in perspective. */
function fillRegion(canvas: Canvas, material: Material, name: StuffName, from: number, to: number): void {
  const { height, width } = canvas;
  const first = Math.floor(from + 0.5);
  const last = Math.floor(to + 0.5);
  const id = stuffNames.indexOf(name);
  const row = new Float32Array(width * 3);
  const isGround = from > 0;
  const near = height - from + height * 0.15;
  for (let i = first; i < last; i++) {
    const depth = near / (i + 0.5 - from + height * 0.15);
    fillRow(
      material,
      i,
      0,
      width,
      row,
      isGround ? { depth, center: width / 2, v: depth * height } : undefined,
    );
    canvas.color.set(row, i * width * 3);
    canvas.stuff.fill(id, i * width, (i + 1) * width);
  }
}

/** Paints a shape of the backdrop and notes its kind. */
function layShape(canvas: Canvas, outline: Outline, material: Material, name: StuffName, light: Light): void {
  paintShape(canvas, outline, { material, relief: null, haze: { color: [0, 0, 0], share: 0 } }, light);
  const id = stuffNames.indexOf(name);
  rasterize(outline, canvas, (row, start, end, coverage) => {
    for (let j = start; j < end; j++) if (coverage[j] >= 0.5) canvas.stuff[row * canvas.width + j] = id;
  });
}

/** Hills or a wood behind the ground, `rise` high. */
function ridge(r: Random, width: number, horizon: number, rise: number): Outline {
  return polygon([0, horizon + 1], [width, horizon + 1], ...wave(r, width, horizon - rise * 0.6, rise * 0.5));
}

/** Points from right to left along a wavy line. */
function wave(r: Random, width: number, level: number, swing: number): Vertex[] {
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
function road(r: Random, { height, width }: Canvas, horizon: number): Outline {
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

/** The middle of a material's ramp: the color of the air before far things. */
function skyColor({ ramp }: Material): Color {
  return [ramp[128 * 3], ramp[128 * 3 + 1], ramp[128 * 3 + 2]];
}
