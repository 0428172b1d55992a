import type { ClassId } from "../core/label-map.ts";
import type { Random } from "../core/random.ts";
import { type Affine, compose, invert } from "./affine.ts";
import type { Backdrop } from "./backdrop.ts";
import { type Canvas, castShadow, paintShape } from "./canvas.ts";
import { anyColor, type Color, jitterColor, mixColors, type NamedColor } from "./color.ts";
import type { Plan } from "./layout.ts";
import { type Light, makeRelief, type Relief } from "./light.ts";
import { type Material, makeMaterial, recolor } from "./material.ts";
import type { Layer, PartModel } from "./model.ts";
import { objectClasses, partClassOf } from "./objects/catalog.ts";
import { boundsOf, type Outline, transformOutline } from "./outline.ts";
import { betweenScales, chance, clamp, pick } from "./scalar.ts";
import { blurSilhouette, type Silhouette, silhouetteOf } from "./silhouette.ts";
import { type PatternName, patternNames } from "./texture.ts";
import { makeThing } from "./things.ts";

/** An object ready to be painted: its shapes in the picture and where it will be. */
export interface Subject {
  readonly plan: Plan;
  readonly parts: readonly PlacedPart[];
  readonly silhouette: Silhouette;
  readonly colorName: string;
  /** The pattern on it; "plain" when it has none to speak of. */
  readonly patternName: PatternName;
  /** The pattern where it lies on the object, and the color it alternates with. */
  readonly body: Material;
  readonly second: Color;
}

interface PlacedPart {
  readonly partClassId: ClassId;
  readonly layers: readonly PlacedLayer[];
}

interface PlacedLayer {
  readonly outline: Outline;
  readonly model: Layer;
}

/** Builds what a plan says, or null when none of it lies in the picture. */
export function makeSubject(r: Random, plan: Plan, canvas: Canvas): Subject | null {
  const named = chooseColor(r, plan, canvas);
  const look = { main: named.color, second: anyColor(r).color };
  const models = plan.classId === 0 ? makeThing(r, look) : objectClasses[plan.classId - 1].build(r, look);
  const patternName = chance(r, plan.classId === 0 ? 0.3 : 0.6) ? "plain" : pick(r, patternNames);
  const isPlain = patternName === "plain";
  const second = isPlain
    ? jitterColor(r, look.main, 0.1)
    : mixColors(look.main, look.second, r.between(0.2, 0.8));
  const body = makeMaterial(r, {
    pattern: patternName,
    colors: [look.main, second],
    unit: Math.max(2, plan.scale * betweenScales(r, 0.06, 0.3)),
    turn: chance(r, 0.5) ? 0 : r.next(),
    grain: r.between(0.02, 0.1),
  });
  const parts = models.map((model) => placePart(model, plan));
  const visible = parts.flatMap(({ layers }) => layers.filter(({ model }) => !model.inside));
  const silhouette = silhouetteOf(
    visible.map(({ outline }) => outline),
    canvas,
  );
  if (silhouette === null) return null;
  return { plan, parts, silhouette, colorName: named.name, patternName, body, second };
}

function placePart({ part, layers }: PartModel, { classId, pose }: Plan): PlacedPart {
  return {
    partClassId: partClassOf(classId, part),
    layers: layers.map((model) => ({ outline: transformOutline(model.outline, pose), model })),
  };
}

/** A color of the class's, or once in seven one close to what is behind: camouflage. */
function chooseColor(r: Random, { classId, pose }: Plan, { height, width, color }: Canvas): NamedColor {
  const usual = classId === 0 ? undefined : objectClasses[classId - 1].colors;
  const named = anyColor(r, chance(r, 0.85) ? usual : undefined);
  if (!chance(r, 1 / 7)) return named;
  const x = clamp(Math.floor(pose.e - pose.c * 0.4), 0, width - 1);
  const y = clamp(Math.floor(pose.f - pose.d * 0.4), 0, height - 1);
  const at = (y * width + x) * 3;
  const behind: Color = [color[at], color[at + 1], color[at + 2]];
  return { name: "hidden", color: jitterColor(r, mixColors(named.color, behind, 0.85), 0.1) };
}

/** Paints a subject with its shadow. */
export function paintSubject(
  canvas: Canvas,
  r: Random,
  subject: Subject,
  backdrop: Backdrop,
  light: Light,
): void {
  const { plan, parts, silhouette, body, second } = subject;
  paintShadow(canvas, subject, backdrop, light);
  const share = backdrop.haze.strength * (1 - clamp(plan.nearness, 0, 1));
  const haze = { color: backdrop.haze.color, share };
  for (const { layers } of parts) {
    for (const { outline, model } of layers) {
      const material = model.patterned ? recolor(body, [model.color, second]) : plainMaterial(r, model.color);
      const relief = reliefOf(model, plan.pose, light);
      paintShape(canvas, outline, { material, relief, haze }, light, model.inside ? silhouette : undefined);
    }
  }
}

function plainMaterial(r: Random, color: Color): Material {
  return makeMaterial(r, {
    pattern: "plain",
    colors: [jitterColor(r, color, 0.08), color],
    unit: 8,
    grain: 0.04,
  });
}

/** The part's own box, in the object's units, is where its bulge is round. */
function reliefOf({ outline, bulge = [0, 0], gloss = 0 }: Layer, pose: Affine, light: Light): Relief {
  const { x0, y0, x1, y1 } = boundsOf([outline]);
  const boxToObject = { a: (x1 - x0) / 2, b: 0, c: 0, d: (y1 - y0) / 2, e: (x0 + x1) / 2, f: (y0 + y1) / 2 };
  return makeRelief(invert(compose(boxToObject, pose)), bulge, gloss, light);
}

/** What stands casts a shadow along the ground, what lies drops one beside itself, what flies or swims none. */
function paintShadow(canvas: Canvas, { plan, parts }: Subject, { horizon }: Backdrop, light: Light): void {
  const { stance, pose, scale } = plan;
  if (stance === "flies" || stance === "swims") return;
  const cast: Affine =
    stance === "stands"
      ? shadowOnGround(pose.f, light)
      : { a: 1, b: 0, c: 0, d: 1, e: -light.x * scale * 0.07, f: -light.y * scale * 0.07 };
  const outlines = parts.flatMap(({ layers }) =>
    layers.filter(({ model }) => !model.inside).map(({ outline }) => transformOutline(outline, cast)),
  );
  const radius = Math.floor(light.softness * scale * 0.6);
  const shadow = silhouetteOf(outlines, canvas, radius * 2);
  if (shadow === null) return;
  blurSilhouette(shadow, radius);
  castShadow(canvas, shadow, light.shadow, horizon === null ? 0 : Math.floor(horizon));
}

/** Lays what is above row `base` along the ground, away from the light. */
function shadowOnGround(base: number, { x, z }: Light): Affine {
  const lean = x * 0.9;
  const flat = 0.12 + 0.2 * z;
  return { a: 1, b: 0, c: lean, d: flat, e: -lean * base, f: base - flat * base };
}
