import { cropImage, cropRows } from "../../core/crop.ts";
import type { Box } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import type { LabelMap } from "../../core/label-map.ts";
import { mirrorRows } from "../../core/mirror.ts";
import type { Random } from "../../core/random.ts";
import { resizeImage, resizeLabels } from "../../core/resize.ts";
import { paintRle } from "../../core/rle.ts";
import { drawScene } from "../../scenes/scene.ts";
import { classNouns, nouns } from "./words.ts";

/** A scene as it is kept: a small square. */
export interface ToyScene {
  readonly image: RgbImage;
  /** Index into `nouns` of what each pixel shows. */
  readonly shown: LabelMap;
  /** Its objects of classes that are large enough to be told apart. */
  readonly objects: readonly SceneObject[];
  readonly captions: readonly string[];
}

export interface SceneObject {
  /** Index into `classNouns`. */
  readonly noun: number;
  readonly box: Box;
}

/** A square of a scene. */
export interface View {
  readonly image: RgbImage;
  readonly shown: LabelMap;
  /** Indices into `classNouns` of what it is a picture of. */
  readonly subjects: readonly number[];
}

/** Side that scenes are drawn with, in parts of the side they are kept with: pixels are averaged as a lens does. */
const DRAWN = 2;
/** Longest side from which an object is large enough, px. */
const MIN_OBJECT = 14;
/** Side of a view of an object, in parts of the object's, and how far off its middle it may be, in parts of its own. */
const AROUND = { low: 1, high: 1.5 };
const MAX_SHIFT = 0.06;
/** Shares of a view from which something counts as seen. */
const MIN_SHARES = { class: 0.01, backdrop: 0.08, clutter: 0.02 };

/** @param side  that it is kept with, px */
export function drawToyScene(id: string, side: number): ToyScene {
  const size = { height: DRAWN * side, width: DRAWN * side };
  const { image, labels, stuff, instances, captions } = drawScene(id, { size });
  const shown = stuff.data.map((kind) => classNouns.length + kind);
  for (const { classId, mask } of instances)
    paintRle(shown, mask, classId === 0 ? nouns.length - 1 : classId - 1);
  const small = { height: side, width: side };
  return {
    image: resizeImage(image, small, "bilinear"),
    shown: resizeLabels({ ...labels, data: shown }, small),
    objects: instances
      .map(({ classId, box: { x0, y0, x1, y1 } }) => ({
        noun: classId - 1,
        box: { x0: x0 / DRAWN, y0: y0 / DRAWN, x1: x1 / DRAWN, y1: y1 / DRAWN },
      }))
      .filter(({ noun, box }) => noun >= 0 && longSide(box) >= MIN_OBJECT),
    captions,
  };
}

/** The whole scene, a picture of all classes in it. */
export function wholeView({ image, shown }: ToyScene): View {
  const facts = factsOf(shown);
  return { image, shown, subjects: [...classNouns.keys()].filter((noun) => facts.has(classNouns[noun])) };
}

/**
 * A square around an object, which fills most of it: a picture of that object's class, whatever else can be seen.
 *
 * @param side  of the view, px
 */
export function objectView(
  { image, shown }: ToyScene,
  { noun, box }: SceneObject,
  side: number,
  r: Random,
): View {
  const length = Math.round(Math.min(longSide(box) * r.between(AROUND.low, AROUND.high), image.height));
  const start = (low: number, high: number): number => {
    const at = Math.round((low + high - length) / 2 + length * r.between(-MAX_SHIFT, MAX_SHIFT));
    return Math.min(Math.max(at, 0), image.height - length);
  };
  const [x0, y0] = [start(box.x0, box.x1), start(box.y0, box.y1)];
  const window = { x0, y0, x1: x0 + length, y1: y0 + length };
  const [square, size] = [
    { height: length, width: length },
    { height: side, width: side },
  ];
  const data = cropRows(shown.data, { width: shown.width, channels: 1 }, window);
  return {
    image: resizeImage(cropImage(image, window), size, "bilinear"),
    shown: resizeLabels({ ...square, data }, size),
    subjects: [noun],
  };
}

export function mirrorView({ image, shown, subjects }: View): View {
  return {
    image: { ...image, data: mirrorRows(image.data, image.width, 3) },
    shown: { ...shown, data: mirrorRows(shown.data, shown.width, 1) },
    subjects,
  };
}

/** The nouns that can be seen. */
export function factsOf({ data }: LabelMap): Set<string> {
  const shares = new Float64Array(nouns.length);
  for (const noun of data) shares[noun] += 1 / data.length;
  const least = (noun: number): number => {
    if (noun < classNouns.length) return MIN_SHARES.class;
    return noun === nouns.length - 1 ? MIN_SHARES.clutter : MIN_SHARES.backdrop;
  };
  return new Set(nouns.filter((_, noun) => shares[noun] >= least(noun)));
}

/** The share of each noun in each patch, [h · w, N]. */
export function patchShares({ height, width, data }: LabelMap, patch: number): Float32Array {
  const columns = width / patch;
  const shares = new Float32Array((height / patch) * columns * nouns.length);
  data.forEach((noun, p) => {
    const [i, j] = [Math.floor(p / width), p % width];
    shares[(Math.floor(i / patch) * columns + Math.floor(j / patch)) * nouns.length + noun] += 1 / patch ** 2;
  });
  return shares;
}

function longSide({ x0, y0, x1, y1 }: Box): number {
  return Math.max(x1 - x0, y1 - y0);
}
