import type { Cam } from "../core/class-maps.ts";
import { BACKGROUND, type ClassId, type LabelMap } from "../core/label-map.ts";
import { type Random, random } from "../core/random.ts";
import type { Rle } from "../core/rle.ts";
import { addNoise, type CoarseGrid, enlarge, soften } from "./coarse-grid.ts";
import { stuffNames } from "./model.ts";
import { objectClasses, scenePartClasses, scenePartOwners } from "./objects/catalog.ts";
import { chance, pick } from "./scalar.ts";
import type { Scene, SceneInstance } from "./scene.ts";

/**
 * A class activation map that fails the way trained ones do: strongest on the parts that tell the class,
 * weak on the rest of the object, coarse (about 20 cells across the short side) and so spilling over every
 * border, dim or missing on small objects, at times on the class's usual surroundings or on an object of
 * another class of the picture.
 *
 * @param seed  another seed gives another failure of the same scene
 * @returns     [P, H, W] for the scene's P tags; values about 0 to 1, a few below 0
 */
export function roughCam(scene: Scene, seed: number | string): Cam {
  const { height, width } = scene.labels;
  const r = random(`${scene.id}/${seed}`);
  const stride = Math.max(1, Math.floor(Math.min(height, width) / 20));
  const coarse: CoarseGrid = {
    stride,
    rows: Math.ceil(height / stride),
    columns: Math.ceil(width / stride),
    height,
    width,
  };
  const grids = new Map(scene.tags.map((tag) => [tag, new Float32Array(coarse.rows * coarse.columns)]));
  for (const instance of scene.instances) {
    if (instance.classId !== BACKGROUND) activate(r, scene, instance, grids, coarse);
  }
  const data = new Float32Array(scene.tags.length * height * width);
  scene.tags.forEach((tag, index) => {
    const grid = soften(grids.get(tag) as Float32Array, coarse);
    addNoise(r, grid, coarse);
    enlarge(grid, coarse, data.subarray(index * height * width, (index + 1) * height * width));
  });
  return { kind: "cam", height, width, classes: scene.tags, data };
}

/** The share of a class's highest activation from which on `roughLabels` takes a pixel for the class. */
const LABEL_THRESHOLD = 0.4;

/**
 * Pseudo labels as a weakly supervised method might make them: `roughCam` of the same seed, each class scaled
 * to [0, 1], the strongest class where one reaches 0.4, background elsewhere. Ties go to the lower class.
 */
export function roughLabels(scene: Scene, seed: number | string): LabelMap {
  const { height, width, classes, data } = roughCam(scene, seed);
  const pixelCount = height * width;
  const labels = new Uint8Array(pixelCount);
  const best = new Float32Array(pixelCount).fill(LABEL_THRESHOLD);
  classes.forEach((classId, index) => {
    const map = data.subarray(index * pixelCount, (index + 1) * pixelCount);
    let top = 0;
    for (let p = 0; p < pixelCount; p++) top = Math.max(top, map[p]);
    // A class whose every object was missed.
    if (top === 0) return;
    for (let p = 0; p < pixelCount; p++) {
      const score = map[p] / top;
      if (score <= best[p]) continue;
      best[p] = score;
      labels[p] = classId;
    }
  });
  return { height, width, data: labels };
}

const tellingParts = new Set(
  scenePartClasses.flatMap((name, partClassId) => {
    const owner = objectClasses[scenePartOwners[partClassId] - 1];
    return owner?.telling.some((part) => name === `${owner.name} ${part}`) ? [partClassId] : [];
  }),
);

/** Adds one object's response to the grids. */
function activate(
  r: Random,
  scene: Scene,
  instance: SceneInstance,
  grids: ReadonlyMap<ClassId, Float32Array>,
  coarse: CoarseGrid,
): void {
  const { classId, area, box, point } = instance;
  const share = area / (coarse.height * coarse.width);
  if (chance(r, share < 0.01 ? 0.3 : 0.02)) return;
  const gain = r.between(share < 0.01 ? 0.5 : 0.75, 1);
  const others = scene.tags.filter((tag) => tag !== classId);
  const isConfused = others.length > 0 && chance(r, 0.06);
  const grid = grids.get(isConfused ? pick(r, others) : classId) as Float32Array;
  // The larger the object, the smaller the share of it that a classifier needs.
  const rest = r.between(0.3, 0.85) * (share > 0.06 ? 0.8 : 1);
  const spot: Spot = {
    x: point.x,
    y: point.y,
    rx: (box.x1 - box.x0) * 0.6,
    ry: (box.y1 - box.y0) * 0.6,
    fall: r.between(0.2, 0.6) + (share > 0.06 ? 0.2 : 0),
  };
  for (const { partClassId, mask } of instance.parts) {
    const weight = gain * (tellingParts.has(partClassId) ? r.between(0.85, 1) : rest * r.between(0.7, 1.1));
    addRuns(mask, weight, spot, grid, coarse);
  }
  const { home } = objectClasses[classId - 1];
  if (chance(r, 0.3))
    addSurroundings(scene, instance, pick(r, home), gain * r.between(0.3, 0.6), grid, coarse);
}

/** Where in an object a response peaks, and the share of it lost at (rx, ry) from there. */
interface Spot {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly fall: number;
}

/** Adds `weight`, less off the spot, times the share of each cell under a mask. */
function addRuns({ counts }: Rle, weight: number, spot: Spot, grid: Float32Array, coarse: CoarseGrid): void {
  const { stride, columns, height } = coarse;
  const { x, y, rx, ry, fall } = spot;
  const perPixel = weight / (stride * stride);
  for (let k = 0, position = 0; k < counts.length; k++) {
    const end = position + counts[k];
    if ((k & 1) === 1) {
      for (let p = position; p < end; p++) {
        const i = p % height;
        const j = (p - i) / height;
        const u = (j + 0.5 - x) / rx;
        const v = (i + 0.5 - y) / ry;
        const left = 1 - fall * Math.min(1, u * u + v * v);
        grid[Math.floor(i / stride) * columns + Math.floor(j / stride)] += perPixel * left;
      }
    }
    position = end;
  }
}

/** Adds a response on a kind of backdrop beside an object, fading out within about the object's size. */
function addSurroundings(
  scene: Scene,
  { box }: SceneInstance,
  stuff: (typeof stuffNames)[number],
  weight: number,
  grid: Float32Array,
  { stride, rows, columns, height, width }: CoarseGrid,
): void {
  const id = stuffNames.indexOf(stuff);
  const cx = (box.x0 + box.x1) / 2;
  const cy = (box.y0 + box.y1) / 2;
  const rx = (box.x1 - box.x0) * 0.9 + stride;
  const ry = (box.y1 - box.y0) * 0.9 + stride;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const i = Math.min(height - 1, Math.floor((y + 0.5) * stride));
      const j = Math.min(width - 1, Math.floor((x + 0.5) * stride));
      const u = (j - cx) / rx;
      const v = (i - cy) / ry;
      const isThere =
        scene.stuff.data[i * width + j] === id && scene.labels.data[i * width + j] === BACKGROUND;
      if (isThere) grid[y * columns + x] += weight * Math.max(0, 1 - u * u - v * v);
    }
  }
}
