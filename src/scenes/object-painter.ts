import type { Size } from "../core/geometry.ts";
import type { ClassId } from "../core/label-map.ts";
import type { Random } from "../core/random.ts";
import { type Affine, compose, invert } from "./affine.ts";
import type { Backdrop } from "./backdrop.ts";
import { type Canvas, castShadow, paintShape } from "./canvas.ts";
import { anyColor, type Color, jitterColor, mixColors, type NamedColor } from "./color.ts";
import type { Plan } from "./layout.ts";
import { type Light, makeRelief, type Relief } from "./light.ts";
import { type Material, makeMaterial } from "./material.ts";
import type { Layer, PartModel } from "./model.ts";
import { objectClasses, partClassOf } from "./objects/catalog.ts";
import { boundsOf, type Outline, transformOutline } from "./outline.ts";
import { rasterize } from "./raster.ts";
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
  readonly body: Material;
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
  const contrast = mixColors(look.main, look.second, r.between(0.2, 0.8));
  const body = makeMaterial(r, {
    pattern: patternName,
    colors: patternName === "plain" ? [jitterColor(r, look.main, 0.1), look.main] : [look.main, contrast],
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
  return silhouette === null ? null : { plan, parts, silhouette, colorName: named.name, patternName, body };
}

function placePart({ part, layers }: PartModel, { classId, pose }: Plan): PlacedPart {
  return {
    partClassId: partClassOf(classId, part),
    layers: layers.map((model) => ({ outline: transformOutline(model.outline, pose), model })),
  };
}

/** Any color, or once in seven one close to what is behind: camouflage. */
function chooseColor(r: Random, { pose }: Plan, { height, width, color }: Canvas): NamedColor {
  const named = anyColor(r);
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
  const { plan, parts, silhouette, body } = subject;
  paintShadow(canvas, subject, backdrop, light);
  const share = backdrop.haze.strength * (1 - clamp(plan.nearness, 0, 1));
  const haze = { color: backdrop.haze.color, share };
  for (const { layers } of parts) {
    for (const { outline, model } of layers) {
      const material = model.patterned ? body : plainMaterial(r, model.color);
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

/** Notes a subject's pixels in the canvas's truth. A pixel is its own from half coverage on. */
export function claimPixels(canvas: Canvas, subject: Subject, owner: number, firstPart: number): void {
  const { parts, silhouette } = subject;
  const { x0, y0, x1, y1 } = silhouette.window;
  const width = x1 - x0;
  const best = new Float32Array(width * (y1 - y0));
  const winner = new Uint16Array(best.length);
  parts.forEach(({ layers }, index) => {
    for (const { outline } of layers) {
      rasterize(outline, canvas, (row, start, end, coverage) => {
        if (row < y0 || row >= y1) return;
        const base = (row - y0) * width - x0;
        for (let j = Math.max(start, x0); j < Math.min(end, x1); j++) {
          // The front part wins from half coverage on; at a seam, the one that covers more.
          if (coverage[j] < 0.5 && coverage[j] <= best[base + j]) continue;
          best[base + j] = coverage[j];
          winner[base + j] = index;
        }
      });
    }
  });
  for (let i = y0, p = 0; i < y1; i++) {
    for (let at = i * canvas.width + x0; at < i * canvas.width + x1; at++, p++) {
      if (silhouette.coverage[p] < 0.5) continue;
      canvas.owner[at] = owner;
      canvas.part[at] = firstPart + winner[p];
    }
  }
}

/** Pixels of a silhouette that are more inside than outside. */
export function solidPixels({ coverage }: Silhouette): number {
  let count = 0;
  for (let p = 0; p < coverage.length; p++) if (coverage[p] >= 0.5) count++;
  return count;
}

/** How many pixels of each object painted so far a silhouette would hide; index = owner. */
export function hiddenPixels(
  canvas: Size & Pick<Canvas, "owner">,
  silhouette: Silhouette,
  ownerCount: number,
): Uint32Array {
  const { x0, y0, x1, y1 } = silhouette.window;
  const hidden = new Uint32Array(ownerCount + 1);
  for (let i = y0, p = 0; i < y1; i++)
    for (let at = i * canvas.width + x0; at < i * canvas.width + x1; at++, p++)
      if (silhouette.coverage[p] >= 0.5) hidden[canvas.owner[at]]++;
  return hidden;
}
