/**
 * Fits how likely a fine region of a box is part of its object, on every second photo of both sets, and prints the
 * coefficients: `npx tsx bench/segment-fit.ts`. Logistic regression by Newton's method with a little ridge. Every object
 * counts the same, as do both sets; a region counts by its pixels.
 */
import { boxArea } from "../src/core/geometry.ts";
import { decodeRle } from "../src/core/rle.ts";
import { readPhoto } from "../src/data/photo.ts";
import { BOX_FEATURE_NAMES, boxFeatures } from "../src/methods/proposals/regions/box-features.ts";
import { buildPartitionTrees } from "../src/methods/proposals/regions/hierarchies.ts";
import { type BoxedPhoto, boxedSets, readBoxedPhotos } from "./boxed-photos.ts";
import { solve } from "./lib/solve.ts";

/** A region: its features, and the weights of its pixels on the object and beside it. */
interface Row {
  readonly features: Float64Array;
  readonly on: number;
  readonly off: number;
}

const size = BOX_FEATURE_NAMES.length;
const RIDGE = 1e-3;

const sets = await Promise.all(boxedSets.map(readBoxedPhotos));
const rows: Row[] = [];
for (const photos of sets) {
  if (photos === null) continue;
  const tuning = photos.filter(({ isForTuning }) => isForTuning);
  const count = tuning.reduce((sum, { objects }) => sum + objects.length, 0);
  for (const photo of tuning) rows.push(...(await rowsOf(photo, 1 / count)));
}
if (rows.length > 0) {
  const coefficients = fitQuality(rows);
  BOX_FEATURE_NAMES.forEach((name, k) => {
    console.log(coefficients[k].toFixed(3).padStart(7), name);
  });
}

async function rowsOf({ path, objects }: BoxedPhoto, weight: number): Promise<Row[]> {
  const image = await readPhoto(path);
  const trees = buildPartitionTrees(image);
  const { labels, height, width, count } = trees[0].graph.superpixels;
  return objects.flatMap(({ box, truth }) => {
    const { leaves, pixels, features } = boxFeatures(trees, box);
    const isSet = decodeRle(truth).data;
    const shared = new Float64Array(count);
    const [x, y] = [image.width / width, image.height / height];
    for (let i = Math.round(box.y0 / y); i < Math.round(box.y1 / y); i++) {
      const row = Math.floor((i + 0.5) * y) * image.width;
      for (let j = Math.round(box.x0 / x); j < Math.round(box.x1 / x); j++)
        shared[labels[i * width + j]] += isSet[row + Math.floor((j + 0.5) * x)];
    }
    const share = weight / (boxArea(box) / (x * y));
    return leaves.map((leaf, k) => ({
      features: features.slice(k * size, (k + 1) * size),
      on: share * shared[leaf],
      off: share * (pixels[k] - shared[leaf]),
    }));
  });
}

/** Minimizes the weighted log loss and the ridge, which the constant is free of. */
function fitQuality(rows: readonly Row[]): Float64Array {
  let x: Float64Array = new Float64Array(size);
  for (let step = 0; step < 30; step++) {
    const hessian = new Float64Array(size * size);
    const gradient = new Float64Array(size);
    for (const { features, on, off } of rows) {
      const logit = features.reduce((sum, value, f) => sum + value * x[f], 0);
      const p = 1 / (1 + Math.exp(-logit));
      const slope = off * p - on * (1 - p);
      const bend = (on + off) * p * (1 - p);
      for (let f = 0; f < size; f++) {
        gradient[f] += slope * features[f];
        for (let g = 0; g < size; g++) hessian[f * size + g] += bend * features[f] * features[g];
      }
    }
    for (let f = 1; f < size; f++) {
      gradient[f] += RIDGE * x[f];
      hessian[f * size + f] += RIDGE;
    }
    const move = solve(hessian, gradient);
    x = x.map((value, f) => value - move[f]);
  }
  return x;
}
