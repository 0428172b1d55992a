import { z } from "zod";
import type { SegformerVariant } from "../../models/segmenter/config.ts";
import { flag, fraction, oneOf, path, positive, whole } from "./shape-parts.ts";

/** Options of the network that is trained on labels; those that are not here are chosen by the photos and the device. */
export interface SegmenterOptions {
  readonly network?: SegformerVariant;
  /** Frozen below a light head, in place of SegFormer: a model's name, or the file of a MobileNetV2. */
  readonly encoder?: string;
  /** Weights that SegFormer starts from. */
  readonly init?: string;
  readonly side?: number;
  readonly batch?: number;
  readonly steps?: number;
  readonly rate?: number;
  readonly warmup?: number;
  readonly ema: boolean;
  /** Whether rare classes count more. */
  readonly balanced: boolean;
  readonly validation: number;
  readonly validateEvery?: number;
  readonly checkpointEvery: number;
}

/** How a trained segmenter looks at photos. */
export interface PredictionOptions {
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly crf: boolean;
}

const variants = [
  "segformer-b0",
  "segformer-b1",
  "segformer-b2",
  "segformer-b3",
  "segformer-b4",
  "segformer-b5",
] as const;

export const segmenterShape: z.ZodPrefault<z.ZodType<SegmenterOptions | null>> = z
  .strictObject(
    {
      network: oneOf(variants).exactOptional().describe("What is trained (segformer-b0)"),
      encoder: z
        .string("a model, or the file of a MobileNetV2")
        .exactOptional()
        .describe(
          "Train a light head on this frozen encoder instead: a CLIP or SAM by name, or the file of a MobileNetV2",
        ),
      init: path(
        "weights that SegFormer starts from: model.safetensors of nvidia/mit-b0 and its like",
      ).exactOptional(),
      side: whole(32).exactOptional().describe("Of the squares that are cut out of photos, px"),
      batch: whole(1).exactOptional().describe("Photos of a step"),
      steps: whole(1).exactOptional().describe("Of the whole training"),
      rate: positive.exactOptional().describe("Learning rate"),
      warmup: whole(0).exactOptional().describe("Steps until the rate is reached"),
      ema: flag.default(false).describe("Keep averages of the weights, and use those"),
      balanced: flag.default(false).describe("Pixels of rare classes count more"),
      validation: fraction.default(0.1).describe("Share of the photos that is kept out of the training"),
      validateEvery: whole(1).exactOptional().describe("Steps between two validations"),
      checkpointEvery: whole(1).default(200).describe("Steps after which the work so far is saved"),
    },
    "an object or null",
  )
  .superRefine(({ encoder, network, init }, { addIssue }) => {
    const other = network !== undefined ? "network" : init !== undefined ? "init" : null;
    if (encoder !== undefined && other !== null)
      addIssue({ code: "custom", path: [other], message: "nothing beside encoder" });
  })
  .nullable()
  .prefault({})
  .describe("The network that is trained on the labels; null: none");

export const predictionsShape: z.ZodPrefault<z.ZodType<PredictionOptions>> = z
  .strictObject(
    {
      scales: z
        .array(positive.max(8, "at most 8"), "a list of numbers")
        .min(1, "at least one number")
        .default([1])
        .describe("Sizes to look at; 1 is that of the training"),
      flip: flag.default(false).describe("Look at mirror images too"),
      crf: flag.default(false).describe("Move the borders to those of colors, by a dense CRF"),
    },
    "an object",
  )
  .prefault({})
  .describe("How the trained segmenter labels the photos");
