import { invalid } from "../../core/error.ts";
import { type ClassId, IGNORE } from "../../core/label-map.ts";
import { random, shuffled } from "../../core/random.ts";
import type { Arrays } from "../../engine/index.ts";
import { checkParts, type SegmentationOptions } from "./prompt-training.ts";

/**
 * The pictures of a step: each epoch goes through all in a new random order and leaves out what does not fill a batch. It
 * depends on the step alone, so a run that goes on sees what one without a break would have seen.
 *
 * With fewer pictures than a batch, batches go from one epoch's order on into the next one's.
 *
 * @param count  pictures of the training set
 * @returns      [batch] indices below `count`
 */
export function drawBatch(
  step: number,
  { count, batch, seed }: { readonly count: number; readonly batch: number; readonly seed: number | string },
): number[] {
  if (!(Number.isInteger(count) && count >= 1))
    throw invalid("drawBatch: count", "at least one picture", count);
  const perEpoch = count < batch ? count : count - (count % batch);
  const orderOf = (epoch: number): number[] =>
    shuffled(
      Array.from({ length: count }, (_, k) => k),
      random(`${seed} epoch ${epoch}`),
    );
  const orders = new Map<number, number[]>();
  return Array.from({ length: batch }, (_, k) => {
    const position = step * batch + k;
    const epoch = Math.floor(position / perEpoch);
    const order = orders.get(epoch) ?? orderOf(epoch);
    orders.set(epoch, order);
    return order[position % perEpoch];
  });
}

/** [B, F] 1 for the classes of each picture. @param classes ids from 1, as in label maps */
export function presentClasses(pictures: readonly (readonly ClassId[])[], classCount: number): Float32Array {
  const present = new Float32Array(pictures.length * classCount);
  pictures.forEach((classes, k) => {
    for (const id of classes) {
      if (!(Number.isInteger(id) && id >= 1 && id <= classCount))
        throw invalid(`picture ${k}: class`, `an id from 1 to ${classCount}`, id);
      present[k * classCount + id - 1] = 1;
    }
  });
  return present;
}

/** Rows that go through CLIP's last block at once: activations of one take some 50 MB. */
const MAX_ROWS = 32;

/**
 * How many rows, pairs of a picture and a class in it, one run of `segmentationTraining` should have room for: mostly all of a batch, since
 * each run goes through the text encoder once more, and no more than needed, since rows that only fill up are computed too.
 *
 * @param counts  classes of each picture of the training set
 */
export function rowsPerRun(counts: readonly number[], batch: number): number {
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / counts.length;
  // All but one batch in forty or so.
  const wanted = Math.max(1, Math.ceil(batch * mean + 2 * Math.sqrt(batch * variance)));
  return Math.ceil(wanted / Math.ceil(wanted / MAX_ROWS));
}

/** One picture of a segmentation step. */
export interface SegmentationSample {
  /** [T, D] that enter the last block. */
  readonly tokens: Float32Array;
  /** Classes looked for, ids from 1. None is allowed: the picture then takes no part. */
  readonly classes: readonly ClassId[];
  /** [H, W] the seed, cut as the picture was. */
  readonly labels: Uint8Array;
}

/**
 * What `segmentationTraining` is fed for one step: as many runs as the rows of the batch fill, mostly one. `trainer.step` takes
 * the mean of their gradients, which the weights make the gradient of the whole batch.
 *
 * The loss of each part of the batch is divided by the part's own number of pixels, and the parts are averaged, as published
 * accumulation does: 8 parts of 2 are not one of 16.
 *
 * @param samples  as many as `batch`
 */
export function segmentationFeeds(
  samples: readonly SegmentationSample[],
  options: SegmentationOptions & { readonly classCount: number; readonly parts?: number },
): Arrays[] {
  const { batch, rows, grid, dim, labelSize, classCount, parts = 1 } = options;
  checkParts(batch, parts);
  if (samples.length !== batch)
    throw invalid("segmentationFeeds: samples", `${batch} of them`, samples.length);
  const present = presentClasses(
    samples.map(({ classes }) => classes),
    classCount,
  );
  const length = batch / parts;
  const pixels = samples.map(({ labels }) => labels.reduce((n, id) => (id === IGNORE ? n : n + 1), 0));
  const partPixels = Array.from({ length: parts }, () => 0);
  samples.forEach(({ classes }, k) => {
    partPixels[Math.floor(k / length)] += pixels[k] * classes.length;
  });
  const pairs = samples.flatMap(({ classes }, k) =>
    classes.toSorted((a, b) => a - b).map((id) => ({ picture: k, target: id - 1 })),
  );
  const runs = Math.max(1, Math.ceil(pairs.length / rows));
  const shared = {
    tokens: joined(
      "tokens",
      samples.map(({ tokens }) => tokens),
      (1 + grid.height * grid.width) * dim,
      Float32Array,
    ),
    labels: joined(
      "labels",
      samples.map(({ labels }) => labels),
      labelSize.height * labelSize.width,
      Int32Array,
    ),
  };
  return Array.from({ length: runs }, (_, run) => {
    const own = pairs.slice(run * rows, (run + 1) * rows);
    const picture = new BigInt64Array(rows);
    const target = new BigInt64Array(rows);
    const weight = new Float32Array(rows);
    own.forEach((pair, p) => {
      picture[p] = BigInt(pair.picture);
      target[p] = BigInt(pair.target);
      const count = partPixels[Math.floor(pair.picture / length)];
      weight[p] = count === 0 ? 0 : runs / parts / count;
    });
    return {
      tokens: { dtype: "float32", shape: [batch, 1 + grid.height * grid.width, dim], data: shared.tokens },
      labels: { dtype: "int32", shape: [batch, labelSize.height, labelSize.width], data: shared.labels },
      present: { dtype: "float32", shape: [batch, classCount], data: present },
      picture: { dtype: "int64", shape: [rows], data: picture },
      target: { dtype: "int64", shape: [rows], data: target },
      weight: { dtype: "float32", shape: [rows], data: weight },
    };
  });
}

/** Equally long arrays one behind the other. */
function joined<T extends Float32Array | Int32Array>(
  what: string,
  arrays: readonly ArrayLike<number>[],
  length: number,
  type: new (length: number) => T,
): T {
  const all = new type(arrays.length * length);
  arrays.forEach((array, k) => {
    if (array.length !== length) throw invalid(`sample ${k}: ${what}`, `${length} numbers`, array.length);
    all.set(array, k * length);
  });
  return all;
}
