import { addConfusion, type Confusion, confusion, emptyConfusion, scores } from "../../core/metrics.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { readPhoto } from "../../data/photo.ts";
import type { Arrays, Trainer } from "../../engine/index.ts";
import { labelPixels } from "../../methods/segment/inference.ts";
import type { NetworkSides, PixelClassifier } from "../../methods/segment/inference-network.ts";
import { openScores } from "../../methods/segment/inference-scores.ts";
import { packSquare, wholeScale } from "../../methods/segment/training-crop.ts";
import type { Normalization } from "../../models/segmenter/normalization.ts";
import { fileOf } from "../label-input.ts";

/** Photos with a truth, and how a network in training sees them. */
export interface ValidationData {
  readonly ids: readonly string[];
  readonly photos: ReadonlyMap<string, string>;
  readonly truths: ReadonlyMap<string, string>;
  readonly classCount: number;
  /** Of the squares, px. */
  readonly side: number;
  readonly normalization: Normalization;
}

/** Largest factor by which a picture is enlarged; those so small have nothing to see. */
const MAX_SCALE = 8;

/**
 * mIoU over all pixels of the photos, by the confusion matrix of `evaluate`, and how many pixels are right.
 *
 * @returns  by the names that logs have
 */
export async function validateSegmenter(
  trainer: Pick<Trainer, "evaluate">,
  data: ValidationData,
): Promise<{ readonly "val mIoU": number; readonly "val accuracy": number }> {
  const { miou, pixelAccuracy } = scores(await confuseSegmenter(trainer, data));
  return { "val mIoU": miou ?? 0, "val accuracy": pixelAccuracy ?? 0 };
}

/** The photos' pixels by true and predicted class. Photos are brought to the middle of the scales that training sees, and looked at through a window that slides. */
export async function confuseSegmenter(
  trainer: Pick<Trainer, "evaluate">,
  { ids, photos, truths, classCount, side, normalization }: ValidationData,
): Promise<Confusion> {
  const classifier = trainedClassifier(trainer, { channels: classCount, side, normalization });
  const classes = Array.from({ length: classCount }, (_, id) => id);
  const total = emptyConfusion(classCount);
  for (const id of ids) {
    const image = await readPhoto(fileOf(photos, id));
    const seen = openScores(classifier, classes, image, {
      window: { side, stride: Math.ceil((3 * side) / 4) },
      scales: [Math.min(wholeScale(image, side), MAX_SCALE)],
    });
    const labels = await labelPixels(seen, image);
    addConfusion(total, confusion(labels, readLabelMap(fileOf(truths, id)), classCount));
  }
  return total;
}

/** A network in training, through its program `predict`, which sees squares of one side. */
function trainedClassifier(
  trainer: Pick<Trainer, "evaluate">,
  { channels, side, normalization }: { channels: number; side: number; normalization: Normalization },
): PixelClassifier {
  const fill = normalization.mean.map((share) => Math.round(255 * share));
  const sides: NetworkSides = { kind: "exact", step: side };
  return {
    channels,
    sides,
    async classify(image) {
      const data = packSquare(image, side, fill);
      const feeds: Arrays = { pixels: { dtype: "uint8", shape: [1, 3, side, side], data } };
      const { logits } = await trainer.evaluate("predict", feeds);
      const [, , rows, columns] = logits.shape;
      return { height: rows, width: columns, data: logits.data as Float32Array, stride: side / rows };
    },
    dispose: async () => {},
  };
}
