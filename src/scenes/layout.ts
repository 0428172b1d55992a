import type { Size } from "../core/geometry.ts";
import type { ClassId } from "../core/label-map.ts";
import type { Random } from "../core/random.ts";
import type { Affine } from "./affine.ts";
import type { Backdrop } from "./backdrop.ts";
import type { ObjectClass, Stance } from "./model.ts";
import { objectClasses } from "./objects/catalog.ts";
import { betweenScales, chance, cosine, mix, pick, sine } from "./scalar.ts";

/** Something to be placed: its class and how it sits in the picture. */
export interface Plan {
  /** 0 for a thing of no class. */
  readonly classId: ClassId;
  readonly stance: Stance | "lies";
  /** The object's own units to the picture. */
  readonly pose: Affine;
  /** 0 at the horizon, 1 at the lower edge: paints later what is nearer. */
  readonly nearness: number;
  /** Height in pixels. */
  readonly scale: number;
}

/** What every object's pose depends on; `zoom` scales them all. */
interface View extends Size {
  readonly backdrop: Backdrop;
  readonly zoom: number;
}

/** The classes and poses of a scene of things to recognize, back to front, with some clutter among them. */
export function planObjects(r: Random, backdrop: Backdrop, { height, width }: Size): Plan[] {
  const view: View = { backdrop, height, width, zoom: r.between(0.6, 1.25) };
  const count = 1 + Math.floor(r.next() * r.next() * 6 + r.next() * 1.6);
  const plans: Plan[] = [];
  const familiar = objectClasses.filter(({ home }) => home.some((name) => backdrop.stuffs.includes(name)));
  for (let k = 0; k < count; k++) {
    const object = familiar.length > 0 && chance(r, 0.8) ? pick(r, familiar) : pick(r, objectClasses);
    // Things of a kind come together: cars in a row, a flock.
    const companions = chance(r, 0.2) ? 1 + r.integer(2) : 0;
    // The first is in the middle and near, so that few pictures hold no class at all.
    const role = k === 0 ? "hero" : "extra";
    plans.push(planObject(r, object, role, view));
    for (let n = 0; n < companions; n++) plans.push(planObject(r, object, "extra", view));
  }
  for (let k = Math.floor(r.next() * r.next() * 7); k > 0; k--) plans.push(planThing(r, view, 0.04, 0.3));
  return plans.sort((a, b) => a.nearness - b.nearness);
}

/** Poses for dozens of things of no class, large ones mostly behind small ones. */
export function planThings(r: Random, size: Size): Plan[] {
  const count = 4 + Math.floor(betweenScales(r, 1, 60));
  const plans = Array.from({ length: count }, () => planThing(r, size, 0.05, 0.8));
  const order = new Map(plans.map((plan) => [plan, plan.scale * betweenScales(r, 0.3, 1)]));
  return plans.sort((a, b) => (order.get(b) as number) - (order.get(a) as number));
}

function planThing(r: Random, { height, width }: Size, low: number, high: number): Plan {
  const scale = betweenScales(r, low, high) * Math.min(height, width);
  const stretch = betweenScales(r, 0.5, 1.6);
  const at = { x: r.next() * width, y: r.next() * height };
  const pose = makePose(scale * stretch, scale / stretch, r.next(), 0, at.x, at.y, 0.5);
  return { classId: 0, stance: "lies", pose, nearness: r.next(), scale };
}

function planObject(
  r: Random,
  object: ObjectClass,
  role: "hero" | "extra",
  { backdrop, height, width, zoom }: View,
): Plan {
  const side = Math.min(height, width);
  const classId = objectClasses.indexOf(object) + 1;
  const flip = chance(r, 0.5) ? -1 : 1;
  const stretch = r.between(0.87, 1.15);
  const { horizon, isUnderWater } = backdrop;
  const isHero = role === "hero";
  const x = width * (isHero ? r.between(0.22, 0.78) : r.between(0.02, 0.98));
  if (horizon === null) {
    // Small kinds are seen from nearer, so that sizes differ less than in a street.
    const scale =
      side * betweenScales(r, isHero ? 0.35 : 0.18, 0.75) * Math.sqrt(Math.min(object.stature, 1.4)) * zoom;
    const turn = isUnderWater || chance(r, 0.5) ? r.between(-0.06, 0.06) : r.next();
    const y = height * (isHero ? r.between(0.3, 0.7) : r.between(0.08, 0.98));
    const pose = makePose(flip * scale * stretch, scale, turn, r.between(-0.15, 0.15), x, y, 0.5);
    return { classId, stance: isUnderWater ? "swims" : "lies", pose, nearness: r.next(), scale };
  }
  const isAloft = object.stance === "flies" || (object.stance === "swims" && chance(r, 0.5));
  const nearness = isAloft
    ? r.between(isHero ? 0.5 : 0.2, 1)
    : Math.sqrt(r.between(isHero ? 0.25 : 0.02, isHero ? 0.95 : 1.1));
  const scale = side * object.stature * zoom * (0.14 + 0.5 * nearness) * r.between(0.8, 1.25);
  const y = isAloft ? height * r.between(0.12, 0.75) : mix(horizon, height, nearness);
  const turn = isAloft ? r.between(-0.08, 0.08) : r.between(-0.012, 0.012);
  const pose = makePose(flip * scale * stretch, scale, turn, r.between(-0.08, 0.08), x, y, 0);
  return { classId, stance: isAloft ? "flies" : "stands", pose, nearness, scale };
}

/**
 * The map that puts an object's point (0, −pivot) at (x, y), scaled, sheared and turned about it.
 */
function makePose(
  sx: number,
  sy: number,
  turn: number,
  shear: number,
  x: number,
  y: number,
  pivot: number,
): Affine {
  const cos = cosine(turn);
  const sin = sine(turn);
  const a = cos * sx;
  const b = sin * sx;
  const c = cos * shear * sy - sin * sy;
  const d = sin * shear * sy + cos * sy;
  return { a, b, c, d, e: x + c * pivot, f: y + d * pivot };
}

/** The same plan on the other side of the picture. */
export function mirrored(plan: Plan, width: number): Plan {
  return { ...plan, pose: { ...plan.pose, e: width - plan.pose.e } };
}
