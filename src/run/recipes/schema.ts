import { z } from "zod";
import type { Method, RecipeOf } from "./recipe.ts";
import { predictionsShape, segmenterShape } from "./segmenter-shape.ts";
import { flag, oneOf, path, whole } from "./shape-parts.ts";
import { camsShape, masksShape, prompterShape, refineShape, seedsShape } from "./stage-shapes.ts";

const classList = z
  .union(
    [z.string(), z.array(z.string()).min(1)],
    "voc, coco, a file with one name a line, or a list of names",
  )
  .describe("voc, coco, a file with one class name a line, or the names themselves");
const classes = classList.default("voc");
const model = z.string("the name of a model").min(1, "the name of a model");
const maskModel = model
  .default("regions")
  .describe("Where masks come from: regions (no weights), a model of `maskwright models list`, or onnx:DIR");
const truth = path(
  "a folder of true label maps; every stage is scored with it, and no method sees it",
).exactOptional();
const proposals = path(
  "masks that are there, in place of the first stage: JSON, folders of PNGs, or a run of propose",
).exactOptional();

/** What all recipes have. */
const common = {
  images: path("a folder of photos"),
  out: path("a folder for the run; -o goes before it").exactOptional(),
  seed: whole(1).default(1).describe("What chance begins with, in every stage"),
  ids: path("a file with the ids to work on, one a line").exactOptional(),
  limit: whole(1).exactOptional().describe("Work on the first n photos only"),
  device: oneOf(["cpu", "cuda", "webgpu", "coreml", "directml"])
    .default("cpu")
    .describe("Where models compute"),
  precision: oneOf(["fp32", "fp16", "int8"])
    .default("fp32")
    .describe("What models that make masks compute with"),
} as const;

const shapes = {
  sepl: z
    .strictObject({
      method: z.literal("sepl").describe("Refine pseudo labels of any other method"),
      ...common,
      classes,
      labels: path("a folder of label PNGs, or of CAM files"),
      truth,
      proposals,
      model: maskModel,
      masks: masksShape,
      refine: refineShape,
      segmenter: segmenterShape,
      predictions: predictionsShape,
    })
    .superRefine(checkMasks),
  tags: z
    .strictObject({
      method: z.literal("tags").describe("From image tags to label maps"),
      ...common,
      classes,
      tags: path("a file of image tags, CSV or JSON"),
      truth,
      proposals,
      model: maskModel,
      masks: masksShape,
      cams: camsShape,
      seeds: seedsShape,
      segmenter: segmenterShape,
      predictions: predictionsShape,
    })
    .superRefine(checkMasks),
  boxes: z.strictObject({
    method: z.literal("boxes").describe("From boxes to label maps"),
    ...common,
    classes: classList.exactOptional(),
    boxes: path("boxes: CSV, COCO JSON, or a folder of VOC XML"),
    truth,
    model: maskModel,
    segmenter: segmenterShape,
    predictions: predictionsShape,
  }),
  points: z.strictObject({
    method: z.literal("points").describe("From points to label maps"),
    ...common,
    classes,
    points: path("a CSV file of points"),
    truth,
    model: maskModel,
    segmenter: segmenterShape,
    predictions: predictionsShape,
  }),
  parts: z
    .strictObject({
      method: z
        .literal("parts")
        .describe("From boxes or points of parts to a network that finds and masks them"),
      ...common,
      classes: classList.exactOptional(),
      boxes: path("boxes of parts: CSV, COCO JSON, or a folder of VOC XML").exactOptional(),
      points: path("a CSV file of points on parts").exactOptional(),
      parts: path(
        "COCO JSON of parts: their boxes, or where there is none, those of their masks",
      ).exactOptional(),
      centers: flag
        .default(false)
        .describe("Teach the centers of the boxes alone, the published point supervision"),
      truth: path("COCO JSON of true parts with masks; what is found is scored with it").exactOptional(),
      model: model.describe("Whose masks: a model of `maskwright models list` that takes prompts"),
      prompter: prompterShape,
      predict: path("a folder of photos to find parts in, in place of those that taught").exactOptional(),
    })
    .superRefine(checkPartLabels),
} satisfies { readonly [M in Method]: z.ZodType<RecipeOf<M>> };

/** The schema of each method's recipes. */
export const recipeShapes: { readonly [M in Method]: z.ZodType<RecipeOf<M>> } = shapes;

/** Where paths stand in a recipe, relative to its file. */
export const pathKeys: readonly string[] = [
  ...["images", "labels", "tags", "boxes", "points", "parts", "truth", "proposals", "predict", "ids", "out"],
  ...["cams.weights", "cams.texts", "segmenter.init"],
];

/** The schema of recipe files as editors read it. */
export function recipeJsonSchema(): Readonly<Record<string, unknown>> {
  const { sepl, tags, boxes, points, parts } = shapes;
  const any = z.discriminatedUnion("method", [sepl, tags, boxes, points, parts]);
  return { ...z.toJSONSchema(any, { io: "input" }), title: "Maskwright recipe" };
}

type Refinement = z.core.$RefinementCtx;

/** `max` is for regions, all else for models. */
function checkMasks(
  { model, masks }: Pick<RecipeOf<"sepl">, "model" | "masks">,
  { addIssue }: Refinement,
): void {
  const isRegions = model === "regions";
  for (const key of Object.keys(masks))
    if ((key === "max") !== isRegions) {
      const message = isRegions
        ? "nothing, since regions is asked nothing, or another model"
        : "nothing, or model: regions";
      addIssue({ code: "custom", path: ["masks", key], message });
    }
}

function checkPartLabels(
  { boxes, points, parts, centers }: Pick<RecipeOf<"parts">, "boxes" | "points" | "parts" | "centers">,
  { addIssue }: Refinement,
): void {
  const given = Object.entries({ boxes, points, parts }).flatMap(([key, path]) =>
    path === undefined ? [] : [key],
  );
  if (given.length === 0)
    addIssue({
      code: "custom",
      path: ["boxes"],
      message: "a file of boxes here, or one of points or parts by that name",
    });
  for (const key of given.slice(1))
    addIssue({ code: "custom", path: [key], message: `nothing beside ${given[0]}` });
  if (centers && points !== undefined)
    addIssue({
      code: "custom",
      path: ["centers"],
      message: "false, since points have no boxes to take the centers of",
    });
}
