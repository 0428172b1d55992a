import type { Random } from "../core/random.ts";
import { anyColor, jitterColor } from "./color.ts";
import type { Bulge } from "./light.ts";
import type { Layer, Look, PartModel } from "./model.ts";
import { limb, transformOutline } from "./outline.ts";
import { chance, cosine, pick, sine } from "./scalar.ts";
import { makeShape } from "./shapes.ts";

const bulges: readonly Bulge[] = [
  [0, 0],
  [0, 0],
  [0.5, 0.5],
  [0.85, 0.85],
  [0.9, 0],
];

/** A thing of no class: a random shape, at times with patches on it or limbs behind it, each a part. */
export function makeThing(r: Random, { main, second }: Look): PartModel[] {
  const bulge = pick(r, bulges);
  const gloss = chance(r, 0.3) ? r.between(0.2, 0.8) : 0;
  const toPlace = { a: 1, b: 0, c: 0, d: r.between(0.5, 1), e: 0, f: -0.5 };
  const body: Layer = {
    outline: transformOutline(makeShape(r), toPlace),
    color: main,
    bulge,
    gloss,
    patterned: true,
  };
  const parts: PartModel[] = [];
  if (chance(r, 0.25)) for (let k = 0; k < 1 + r.integer(4); k++) parts.push(thingLimb(r, second, bulge));
  parts.push({ part: "body", layers: [body] });
  if (chance(r, 0.6)) for (let k = 0; k < 1 + r.integer(5); k++) parts.push(patch(r, second));
  return parts;
}

function thingLimb(r: Random, color: Layer["color"], bulge: Bulge): PartModel {
  const angle = r.next();
  const bend = angle + r.between(-0.15, 0.15);
  const reach = r.between(0.5, 0.9);
  const width = r.between(0.02, 0.1);
  const outline = limb(
    [0.15 * cosine(angle), -0.5 + 0.15 * sine(angle), width],
    [0.6 * reach * cosine(angle), -0.5 + 0.6 * reach * sine(angle), width],
    [reach * cosine(bend), -0.5 + reach * sine(bend), width * r.between(0.4, 1.2)],
  );
  return { part: "limb", layers: [{ outline, color, bulge }] };
}

function patch(r: Random, second: Layer["color"]): PartModel {
  const size = r.between(0.12, 0.5);
  const turn = r.next();
  const place = {
    a: size * cosine(turn),
    b: size * sine(turn),
    c: -size * sine(turn),
    d: size * cosine(turn),
    e: r.between(-0.35, 0.35),
    f: -0.5 + r.between(-0.35, 0.35),
  };
  const color = chance(r, 0.5) ? jitterColor(r, second, 0.3) : anyColor(r).color;
  const layer: Layer = {
    outline: transformOutline(makeShape(r), place),
    color,
    bulge: pick(r, bulges),
    inside: true,
  };
  return { part: "patch", layers: [layer] };
}
