import { invalid } from "../core/error.ts";
import type { Size } from "../core/geometry.ts";
import type { RgbImage } from "../core/image.ts";
import { type ClassId, foregroundClasses, type LabelMap } from "../core/label-map.ts";
import { type Random, random } from "../core/random.ts";
import type { Rle } from "../core/rle.ts";
import type { LabeledBox, LabeledPoint } from "../core/weak-label.ts";
import { type Backdrop, paintBackdrop, paintCollage } from "./backdrop.ts";
import { expose, makeCamera } from "./camera.ts";
import { type Canvas, makeCanvas } from "./canvas.ts";
import { describeScene } from "./caption.ts";
import { claimPixels, hiddenPixels, solidPixels } from "./claim.ts";
import { mirrored, type Plan, planObjects, planThings } from "./layout.ts";
import { makeLight } from "./light.ts";
import { makeSubject, paintSubject, type Subject } from "./object-painter.ts";
import { type Region, regionsOf } from "./regions.ts";
import { silhouetteRle } from "./silhouette.ts";
import { addVoidRim } from "./void-rim.ts";

export interface SceneOptions {
  /** Default 256 × 256. */
  readonly size?: Size;
  /**
   * `"objects"` (default): a few objects of the scene classes in a setting, with clutter of no class.
   * `"shapes"`: dozens of random shapes of no class, to learn masks from; the label map is all background.
   */
  readonly content?: "objects" | "shapes";
  /** Pixels this close to another class become ignore (255) in `labels`, as VOC's are; default 0, none do. */
  readonly voidRim?: number;
}

/** A part of an object that can be seen: the visible pixels, what they are and a click on them. */
export interface ScenePart extends Region {
  /** Index into `scenePartClasses`; 0 for a part of a thing of no class. */
  readonly partClassId: ClassId;
}

export interface SceneInstance extends Region {
  /** Index into `sceneClasses`; 0 for a thing of no class. */
  readonly classId: ClassId;
  /** All of it inside the picture, hidden pixels too; `mask` is the visible part. */
  readonly amodal: Rle;
  readonly parts: readonly ScenePart[];
}

/** A picture with its exact truth and every kind of weak label of it. */
export interface Scene {
  readonly id: string;
  readonly image: RgbImage;
  /** Truth: the class in front; a pixel is an object's from half coverage on. */
  readonly labels: LabelMap;
  /** Truth: the part class in front, 0 where no class has parts. */
  readonly partLabels: LabelMap;
  /** Kinds of backdrop (`stuffNames`), behind the objects too. */
  readonly stuff: LabelMap;
  /** Back to front; objects with no visible pixel are left out. */
  readonly instances: readonly SceneInstance[];
  /** Classes present, ascending. */
  readonly tags: readonly ClassId[];
  /** Boxes of the visible pixels of each object of a class. */
  readonly boxes: readonly LabeledBox[];
  /** A click on each object of a class. */
  readonly points: readonly LabeledPoint[];
  readonly captions: readonly string[];
}

/**
 * Draws a scene: the same seed and options give the same bytes on every machine and engine.
 *
 * @param seed  any integer or text; it is the scene's id
 * @throws MaskwrightError INVALID_ARGUMENT if the size is not 1 to 4096 pixels each way, or the rim no width
 */
export function drawScene(seed: number | string, options: SceneOptions = {}): Scene {
  const { size = { height: 256, width: 256 }, content = "objects", voidRim = 0 } = options;
  checkSize(size);
  if (!Number.isInteger(voidRim) || voidRim < 0)
    throw invalid("drawScene: voidRim", "an integer of 0 or more", voidRim);
  const r = random(seed);
  const light = makeLight(r);
  const canvas = makeCanvas(size);
  const backdrop =
    content === "shapes" && r.next() < 0.7 ? paintCollage(canvas, r, light) : paintBackdrop(canvas, r, light);
  const plans = content === "shapes" ? planThings(r, size) : planObjects(r, backdrop, size);
  const subjects = placeAll(canvas, r, plans, (subject) => paintSubject(canvas, r, subject, backdrop, light));
  const image = expose(canvas.color, size, makeCamera(r));
  return sceneOf(String(seed), image, canvas, subjects, backdrop, r, voidRim);
}

/** Paints the plans that can be seen well and hide nobody too much, and notes the truth. */
function placeAll(
  canvas: Canvas,
  r: Random,
  plans: readonly Plan[],
  paint: (subject: Subject) => void,
): Subject[] {
  const subjects: Subject[] = [];
  /** Pixels each object has in the picture, and how many of them are still to be seen. */
  const whole: number[] = [];
  const visible: number[] = [];
  const leastPixels = Math.max(1, 0.0006 * canvas.height * canvas.width);
  let partCount = 0;
  for (const plan of plans) {
    // Where it would hide something, the mirrored place may be free.
    for (const candidate of [plan, mirrored(plan, canvas.width)]) {
      const subject = makeSubject(r, candidate, canvas);
      if (subject === null) continue;
      const pixels = solidPixels(subject.silhouette);
      if (pixels < leastPixels) continue;
      const hidden = hiddenPixels(canvas, subject.silhouette, subjects.length);
      if (visible.some((left, k) => left - hidden[k + 1] < Math.max(1, 0.35 * whole[k]))) continue;
      subjects.push(subject);
      paint(subject);
      claimPixels(canvas, subject, subjects.length, partCount + 1);
      for (let k = 0; k < visible.length; k++) visible[k] -= hidden[k + 1];
      whole.push(pixels);
      visible.push(pixels);
      partCount += subject.parts.length;
      break;
    }
  }
  return subjects;
}

/** Reads every label off the canvas. */
function sceneOf(
  id: string,
  image: RgbImage,
  canvas: Canvas,
  subjects: readonly Subject[],
  backdrop: Backdrop,
  r: Random,
  voidRim: number,
): Scene {
  const { height, width, owner, part, stuff } = canvas;
  const size = { height, width };
  const partClasses = subjects.flatMap(({ parts }) => parts.map(({ partClassId }) => partClassId));
  const regions = regionsOf(owner, size, subjects.length);
  const partRegions = regionsOf(part, size, partClasses.length);
  const instances: SceneInstance[] = [];
  const seen: Subject[] = [];
  let firstPart = 0;
  subjects.forEach((subject, k) => {
    const parts: ScenePart[] = [];
    for (let n = 0; n < subject.parts.length; n++) {
      const region = partRegions[firstPart + n];
      if (region !== null) parts.push({ ...region, partClassId: partClasses[firstPart + n] });
    }
    firstPart += subject.parts.length;
    const region = regions[k];
    if (region === null) return;
    const amodal = silhouetteRle(subject.silhouette, size);
    instances.push({ ...region, classId: subject.plan.classId, amodal, parts });
    seen.push(subject);
  });
  const truth: LabelMap = { ...size, data: lookUp(owner, [0, ...subjects.map(({ plan }) => plan.classId)]) };
  const named = instances.filter(({ classId }) => classId !== 0);
  return {
    id,
    image,
    labels: voidRim === 0 ? truth : addVoidRim(truth, voidRim),
    partLabels: { ...size, data: lookUp(part, [0, ...partClasses]) },
    stuff: { ...size, data: stuff },
    instances,
    tags: foregroundClasses(truth),
    boxes: named.map(({ box, classId }) => ({ ...box, classId })),
    points: named.map(({ point, classId }) => ({ ...point, classId, positive: true })),
    captions: describeScene(r, instances, seen, backdrop),
  };
}

function lookUp(indices: Int32Array, values: readonly number[]): Uint8Array {
  const table = Uint8Array.from(values);
  const result = new Uint8Array(indices.length);
  for (let p = 0; p < indices.length; p++) result[p] = table[indices[p]];
  return result;
}

function checkSize({ height, width }: Size): void {
  for (const [name, length] of Object.entries({ height, width }))
    if (!Number.isInteger(length) || length < 1 || length > 4096)
      throw invalid(`drawScene: size.${name}`, "an integer from 1 to 4096", length);
}
