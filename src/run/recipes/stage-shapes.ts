import { z } from "zod";
import type { CamOptions, MaskOptions, PrompterOptions, RefineOptions, SeedOptions } from "./recipe.ts";
import { anyNumber, flag, fraction, oneOf, path, positive, whole } from "./shape-parts.ts";

/** Options of one stage: an object that may be left out. */
type StageShape<T> = z.ZodPrefault<z.ZodType<T>>;

export const masksShape: StageShape<MaskOptions> = z
  .strictObject(
    {
      max: whole(1).exactOptional().describe("With regions: at most so many masks a photo"),
      generator: oneOf(["sam", "fma"])
        .exactOptional()
        .describe(
          "How a model is asked for everything: as published, or as in FMA-WSSS, whole objects first",
        ),
      pointsPerSide: whole(1, 1000).exactOptional().describe("Ask a model at n × n points"),
      minPredictedIou: anyNumber.exactOptional().describe("The least predicted IoU of a mask"),
      minStability: anyNumber.exactOptional().describe("The least stability of a mask"),
      minRegionArea: anyNumber
        .min(0, "a number ≥ 0")
        .exactOptional()
        .describe("Fill holes and drop islands below n px"),
    },
    "an object",
  )
  .prefault({})
  .describe("How every photo's masks are proposed");

export const refineShape: StageShape<RefineOptions> = z
  .strictObject(
    {
      variant: oneOf(["max_iou", "max_iou_imp", "max_iou_imp2"])
        .default("max_iou_imp2")
        .describe("Which rules of SEPL"),
      compat: oneOf(["original", "paper"])
        .nullable()
        .default(null)
        .describe("The published code, bit for bit; or the paper's text; or neither"),
      keepIgnore: flag.default(false).describe("Ignore pixels that no mask paints stay ignore"),
      backgroundPower: positive
        .exactOptional()
        .describe("Where labels are CAMs: the background scores (1 - highest)^p"),
      backgroundThreshold: fraction
        .exactOptional()
        .describe("Where labels are CAMs: the background scores t (0.3)"),
      camKeysFrom: z
        .literal([0, 1], "0 or 1")
        .default(0)
        .describe("Number of the first class after the background in the keys of CAM files"),
    },
    "an object",
  )
  .superRefine(({ backgroundPower, backgroundThreshold }, { addIssue }) => {
    if (backgroundPower !== undefined && backgroundThreshold !== undefined)
      addIssue({ code: "custom", path: ["backgroundThreshold"], message: "nothing beside backgroundPower" });
  })
  .prefault({})
  .describe("How masks are merged into labels (SEPL)");

export const camsShape: StageShape<CamOptions> = z
  .strictObject(
    {
      source: oneOf(["classifier", "clip"])
        .default("clip")
        .describe(
          "classifier: a head that learns your tags over a frozen MobileNetV2; clip: CLIP, told the classes' names",
        ),
      weights: path("classifier: a MobileNetV2 as .tflite, or .safetensors of transformers").exactOptional(),
      clip: z
        .string("the name of a model")
        .exactOptional()
        .describe("clip: which, as `maskwright models list` has it (clip-vit-b-16)"),
      texts: path("clip: JSON with what classes and background are called").exactOptional(),
      prompts: oneOf(["written", "learned"])
        .default("written")
        .describe("clip: written texts, or contexts learned from your photos in two rounds, as in FMA-WSSS"),
    },
    "an object",
  )
  .superRefine(({ source, weights, clip, texts, prompts }, { addIssue }) => {
    const refuse = (key: string, message: string): void => addIssue({ code: "custom", path: [key], message });
    if (source === "classifier") {
      if (weights === undefined) refuse("weights", "a MobileNetV2 file, for the classifier");
      if (clip !== undefined) refuse("clip", "nothing, or source: clip");
      if (texts !== undefined) refuse("texts", "nothing, since a classifier reads no texts");
      if (prompts === "learned") refuse("prompts", "written, or source: clip");
    } else if (weights !== undefined)
      refuse("weights", "nothing, since `maskwright models` keeps those of CLIP");
  })
  .prefault({})
  .describe("Where class activation maps come from");

export const seedsShape: StageShape<SeedOptions> = z
  .strictObject(
    {
      recipe: z
        .string("voc, coco, scenes or a JSON file")
        .default("voc")
        .describe(
          "Affinity and background, and how contexts are learned: voc, coco, scenes (for toy-clip), or a JSON file",
        ),
      power: positive
        .exactOptional()
        .describe("The background scores (1 - highest)^p, in place of the recipe's"),
      crf: flag.default(false).describe("Draw scores to the photo's edges by a dense CRF before masks vote"),
    },
    "an object",
  )
  .prefault({})
  .describe("How maps and masks become labels (FMA-WSSS)");

export const prompterShape: StageShape<PrompterOptions> = z
  .strictObject(
    {
      recipe: oneOf(["parts", "partimagenet"])
        .default("parts")
        .describe("For a few hundred photos, 100 epochs; or as published for PartImageNet, 15 epochs"),
      queries: whole(1).exactOptional().describe("Parts that can be found in a photo"),
      layers: whole(1).exactOptional().describe("Layers of the encoder and of the decoder each"),
      width: whole(8)
        .multipleOf(8, "a multiple of 8")
        .exactOptional()
        .describe("Of the network, a multiple of 8"),
      epochs: whole(1).exactOptional().describe("Times that each photo is seen"),
      batch: whole(1).exactOptional().describe("Photos of a step"),
      rate: positive.exactOptional().describe("Learning rate"),
      schedule: oneOf(["cosine", "original"])
        .exactOptional()
        .describe("Of the learning rate: down to 0, or as published"),
      validation: fraction.default(0.2).describe("Share of the photos that is kept out of the training"),
      augment: whole(0).default(0).describe("Changed versions of each photo to learn from besides"),
      checkpointEvery: whole(1).default(200).describe("Steps after which the work so far is saved"),
    },
    "an object",
  )
  .prefault({})
  .describe("The network that learns to find parts (WPS-SAM)");
