import type { NdArray } from "../core/array.ts";
import { type SegmentationSample, segmentationFeeds } from "../methods/fma/prompt-batches.ts";
import type { ClassificationOptions, SegmentationOptions } from "../methods/fma/prompt-training.ts";
import { findPlateaus } from "./golden-plateaus.ts";
import type { GoldenPictures, GoldenPrompts, Values } from "./golden-prompts.ts";

export function classificationOptions({ pictureCount, config }: GoldenPictures): ClassificationOptions {
  return { batch: pictureCount, embeddingLength: config.dim };
}

/** All pictures of the set as a batch of `classificationTraining`. */
export function classificationFeeds({
  embedding,
  isPresent,
  pictureCount,
  classCount,
}: GoldenPictures): Record<"pictures" | "present", Values> {
  const shape = [pictureCount, classCount];
  const present: NdArray<"float32"> = { dtype: "float32", shape, data: Float32Array.from(isPresent) };
  return { pictures: embedding, present };
}

export function segmentationOptions(
  { golden }: GoldenPrompts,
  { pictureCount, grid, config }: GoldenPictures,
  rows: number,
): SegmentationOptions {
  const [, height, width] = golden.get("gradcam.pixel_label").shape;
  return { batch: pictureCount, rows, grid, dim: config.vision.dim, labelSize: { height, width } };
}

/** All pictures of the set as a batch of `segmentationTraining`, in as many runs as rows ask for. */
export function segmentationRuns(
  set: GoldenPrompts,
  pictures: GoldenPictures,
  rows: number,
): Readonly<Record<string, Values>>[] {
  const { tokens, isPresent, classCount, pictureCount } = pictures;
  const labels = set.golden.get("gradcam.pixel_label").data as Uint8Array;
  const part = <T extends Float32Array | Uint8Array>(data: T, k: number): T =>
    data.subarray((k * data.length) / pictureCount, ((k + 1) * data.length) / pictureCount) as T;
  const samples = Array.from(
    { length: pictureCount },
    (_, k): SegmentationSample => ({
      tokens: part(tokens.data as Float32Array, k),
      labels: part(labels, k),
      classes: isPresent
        .slice(k * classCount, (k + 1) * classCount)
        .flatMap((value, c) => (value === 1 ? [c + 1] : [])),
    }),
  );
  const runs = segmentationFeeds(samples, { ...segmentationOptions(set, pictures, rows), classCount });
  // Tokens that were not rounded to float32.
  return runs.map((feeds) => ({ ...feeds, ...(runs.length === 1 && { tokens }) }));
}

/** [P, H, W] the label map of each pair's picture. */
export function pairLabels({ golden }: GoldenPrompts, { pairs, classCount }: GoldenPictures): Int32Array {
  const { shape, data } = golden.get("gradcam.pixel_label");
  const pixels = shape[1] * shape[2];
  const maps = pairs.flatMap((pair) => {
    const picture = Math.floor(pair / classCount);
    return Array.from((data as Uint8Array).subarray(picture * pixels, (picture + 1) * pixels));
  });
  return Int32Array.from(maps);
}

/**
 * What rounding decides of the CAM loss's slope by the CAM, as a sum over its elements; mostly 0.
 *
 * @param key  of a scale and precision: "gradcam.scale100.True.float32"
 */
export function pullSlack(set: GoldenPrompts, pictures: GoldenPictures, key: string): number {
  const { pairs, classCount } = pictures;
  const [, height, width] = set.golden.get("gradcam.pixel_label").shape;
  const { shape, data } = set.golden.get(`${key}.pos_cam`);
  const labels = pairLabels(set, pictures);
  const plateaus = findPlateaus({
    cam: { shape, data: data as Float64Array },
    labels,
    ids: pairs.map((pair) => (pair % classCount) + 1),
    size: { height, width },
  });
  const valid = labels.reduce((count, label) => (label === 255 ? count : count + 1), 0);
  return plateaus.reduce((total, { copies }) => total + copies, 0) / Math.max(1, valid);
}
