import type { NdArray } from "../../core/array.ts";
import type { Arrays } from "../../engine/index.ts";
import { blendOf, drawDrops } from "../../methods/segment/drops.ts";
import { SHARE_STRIDE } from "../../methods/segment/training.ts";
import type { SegmenterNetwork } from "../../models/segmenter/network.ts";
import type { Normalization } from "../../models/segmenter/normalization.ts";
import { pictureOrder } from "../picture-order.ts";
import type { TrainingCrop, TrainingCropTask } from "../tasks/training-crop.ts";
import type { SegmenterRecipe } from "./segmenter-recipe.ts";
import type { TrainingItem } from "./training-data.ts";

export interface BatchSource {
  readonly items: readonly TrainingItem[];
  readonly network: SegmenterNetwork;
  readonly normalization: Normalization;
  readonly recipe: SegmenterRecipe;
  readonly seed: number;
}

/** Threads that cut photos. */
export interface CropPool {
  run(name: "training-crop", task: TrainingCropTask): Promise<TrainingCrop>;
}

/** What a step is fed; it depends on the seed and the step alone. Photos are read and cut in the pool. */
export async function makeBatch(
  { items, network, normalization, recipe, seed }: BatchSource,
  step: number,
  pool: CropPool,
): Promise<Arrays> {
  const { side, batch, averageDecay } = recipe;
  // Zero after normalization.
  const fill = normalization.mean.map((share) => Math.round(255 * share));
  const crops = await Promise.all(
    pictureOrder(items.length, batch, step, seed).map((index, b) => {
      const { id: _, ...item } = items[index];
      return pool.run("training-crop", { ...item, side, fill, seed: `${seed} crop ${step} ${b}` });
    }),
  );
  const blend = averageDecay === null ? {} : { blend: float([1], [blendOf(step, averageDecay)]) };
  return {
    ...packCrops(crops, side, network.config.classes),
    ...drawDrops(network, batch, `${seed} drops ${step}`),
    ...blend,
  };
}

function packCrops(crops: readonly TrainingCrop[], side: number, classes: number): Arrays {
  const count = crops.length;
  const bytes = (shape: readonly number[], parts: readonly (Uint8Array | null)[]): NdArray => {
    const data = new Uint8Array(shape.reduce((product, length) => product * length, 1));
    for (const [b, part] of parts.entries()) data.set(part as Uint8Array, (b * data.length) / count);
    return { dtype: "uint8", shape, data };
  };
  const pixels = bytes(
    [count, 3, side, side],
    crops.map((crop) => crop.pixels),
  );
  if (crops[0].shares !== null) {
    const cells = side / SHARE_STRIDE;
    const shape = [count, classes, cells, cells];
    const shares = new Float32Array(count * classes * cells * cells);
    for (const [b, crop] of crops.entries())
      shares.set(crop.shares as Float32Array, (b * shares.length) / count);
    return { pixels, shares: { dtype: "float32", shape, data: shares } };
  }
  const plane = [count, side, side];
  const labels = bytes(
    plane,
    crops.map((crop) => crop.labels),
  );
  if (crops[0].confidence === null) return { pixels, labels };
  const confidence = bytes(
    plane,
    crops.map((crop) => crop.confidence),
  );
  return { pixels, labels, confidence };
}

function float(shape: readonly number[], values: readonly number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}
