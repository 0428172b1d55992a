import { cropImage } from "../../core/crop.ts";
import type { Box } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import type { Random } from "../../core/random.ts";
import { resizeImage } from "../../core/resize.ts";
import { stuffNames } from "../../scenes/model.ts";
import { sceneClasses } from "../../scenes/objects/catalog.ts";
import type { Scene } from "../../scenes/scene.ts";

/** A square of a scene, and what is in it. */
export interface View {
  readonly image: RgbImage;
  /** Nouns: classes, backdrops, "clutter". */
  readonly facts: ReadonlySet<string>;
}

/** Shares of a view from which something counts as seen. */
const MIN_CLASS = 0.01;
const MIN_BACKDROP = 0.08;
const MIN_CLUTTER = 0.02;

/** Side of a view, in parts of the scene's. */
const ZOOM = { low: 0.35, high: 1 };
/** Side of a view that is laid around an object, in parts of the object's. */
const AROUND = { low: 1, high: 1.8 };
/** Share of the views that are laid around an object, and px of the smallest one. */
const AROUND_SHARE = 0.85;
const MIN_SIDE = 56;

/**
 * Squares of a square scene, at random scales; most around an object of a class, so that many show a single class.
 *
 * @param side  of the views, px
 */
export function cutViews(scene: Scene, count: number, side: number, r: Random): View[] {
  return Array.from({ length: count }, () => cutView(scene, drawWindow(scene, r), side));
}

/** The whole scene as a view, as its captions describe it. */
export function wholeView(scene: Scene, side: number): View {
  const { height, width } = scene.image;
  return cutView(scene, { x0: 0, y0: 0, x1: width, y1: height }, side);
}

function drawWindow({ image, instances }: Scene, r: Random): Box {
  const objects = instances.filter(({ classId }) => classId !== 0);
  if (objects.length === 0 || r.next() > AROUND_SHARE) {
    const side = Math.round(image.height * r.between(ZOOM.low, ZOOM.high));
    const room = image.height - side;
    return square(r.integer(room + 1), r.integer(room + 1), side);
  }
  const { box } = objects[r.integer(objects.length)];
  const length = Math.max(box.x1 - box.x0, box.y1 - box.y0) * r.between(AROUND.low, AROUND.high);
  const side = Math.round(Math.min(Math.max(length, MIN_SIDE), image.height));
  // Its center is somewhere in the middle of the view.
  const start = (low: number, high: number): number => {
    const at = Math.round((low + high) / 2 - side * r.between(0.35, 0.65));
    return Math.min(Math.max(at, 0), image.height - side);
  };
  return square(start(box.x0, box.x1), start(box.y0, box.y1), side);
}

function square(x0: number, y0: number, side: number): Box {
  return { x0, y0, x1: x0 + side, y1: y0 + side };
}

function cutView(scene: Scene, window: Box, side: number): View {
  const image = resizeImage(cropImage(scene.image, window), { height: side, width: side }, "bilinear");
  return { image, facts: factsOf(scene, window) };
}

function factsOf({ labels, stuff, instances }: Scene, window: Box): Set<string> {
  const { x0, y0, x1, y1 } = window;
  const classes = new Uint32Array(sceneClasses.length);
  const backdrops = new Uint32Array(stuffNames.length);
  for (let i = y0; i < y1; i++)
    for (let p = i * labels.width + x0; p < i * labels.width + x1; p++) {
      classes[labels.data[p]]++;
      if (labels.data[p] === 0) backdrops[stuff.data[p]]++;
    }
  const area = (x1 - x0) * (y1 - y0);
  const facts = new Set<string>();
  sceneClasses.forEach((name, id) => {
    if (id > 0 && classes[id] >= MIN_CLASS * area) facts.add(name);
  });
  stuffNames.forEach((name, id) => {
    if (backdrops[id] >= MIN_BACKDROP * area) facts.add(name);
  });
  const isClutter = instances.some(
    ({ classId, area: own, point: { x, y } }) =>
      classId === 0 && own >= MIN_CLUTTER * area && x >= x0 && x < x1 && y >= y0 && y < y1,
  );
  if (isClutter) facts.add("clutter");
  return facts;
}
