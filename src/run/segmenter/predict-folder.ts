import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { isBackgroundName } from "../../data/class-list.ts";
import { readJsonFile } from "../../data/json-file.ts";
import { addIssues, collectProblems } from "../../data/problems.ts";
import { openWeightFile } from "../../engine/node.ts";
import type { SegformerConfig } from "../../models/segmenter/config.ts";
import { segmenterWeights } from "../../models/segmenter/network.ts";
import { imageNetNormalization, type Normalization } from "../../models/segmenter/normalization.ts";
import { digestFile } from "../store/digest.ts";
import type { PixelModel } from "./predict-model.ts";

const count = (most: number) => z.int("a whole number").min(1, "at least 1").max(most, `at most ${most}`);
const fourUpTo = (most: number) =>
  z.array(count(most), "a list of four numbers").length(4, "a list of four numbers");
const four = fourUpTo(65536);
const fixed = (numbers: readonly number[]) =>
  z
    .array(z.number("a number"), "a list of numbers")
    .refine(
      (list) => String(list) === String(numbers),
      `${numbers.join(", ")}, as all published SegFormers have it`,
    )
    .optional();

const shape = z.object(
  {
    model_type: z.literal("segformer", "segformer"),
    hidden_sizes: four,
    depths: fourUpTo(256),
    num_attention_heads: four,
    sr_ratios: four,
    mlp_ratios: four.refine((list) => new Set(list).size === 1, "the same ratio four times"),
    decoder_hidden_size: count(8192),
    patch_sizes: fixed([7, 3, 3, 3]),
    strides: fixed([4, 2, 2, 2]),
    id2label: z.record(z.string().regex(/^\d+$/, "class numbers"), z.string("a text"), "an object"),
  },
  "the configuration of a SegFormer",
);

const threeNumbers = z.tuple([z.number(), z.number(), z.number()], "three numbers");
const processorShape = z.object({
  image_mean: threeNumbers.optional(),
  image_std: threeNumbers.refine((list) => list.every((each) => each > 0), "numbers above 0").optional(),
  size: z
    .union([count(2048), z.object({ height: count(2048) })], "a side")
    .optional()
    .catch(undefined),
});

/** What published SegFormers see pictures at, where a folder does not say. */
const SIDE = 512;

/**
 * A SegFormer as transformers saves it: `config.json`, weights in `model.safetensors` or `pytorch_model.bin`, and perhaps
 * `preprocessor_config.json`, whose mean, deviation and size are taken.
 *
 * Differs: transformers' processor stretches every picture to a square of that size, here pictures keep their own and it is the side of the
 * window for large ones.
 *
 * @throws MaskwrightError NOT_FOUND without the files; BAD_FORMAT for the configuration of another network; NOT_FOUND or SHAPE_MISMATCH for weights
 *         of another network
 */
export async function readSegformerFolder(folder: string): Promise<PixelModel> {
  const configPath = join(folder, "config.json");
  const path = ["model.safetensors", "pytorch_model.bin"]
    .map((name) => join(folder, name))
    .find((each) => existsSync(each));
  if (path === undefined || !existsSync(configPath))
    throw new MaskwrightError(
      "NOT_FOUND",
      `${folder}: expected config.json and model.safetensors of a SegFormer, got none`,
      {
        hint: "Download the files of a model such as nvidia/segformer-b0-finetuned-ade-512-512 into one folder.",
      },
    );
  const config = await readShape(configPath, shape);
  const named = namedChannels(channelNames(config.id2label, configPath), configPath);
  const network = {
    kind: "segformer",
    config: networkConfig(config, named.channelIds.length, configPath),
  } as const;
  const file = openWeightFile(path);
  try {
    segmenterWeights(file, network);
  } finally {
    file.close();
  }
  const { sha256 } = await digestFile(path);
  return { path, sha256, network, ...named, ...(await readProcessor(folder)) };
}

function networkConfig(config: z.infer<typeof shape>, classes: number, where: string): SegformerConfig {
  for (const [stage, dim] of config.hidden_sizes.entries()) {
    const heads = config.num_attention_heads[stage];
    if (dim % heads !== 0) throw badFormat(where, `hidden_sizes divisible by ${heads} heads`, String(dim));
  }
  return {
    dims: config.hidden_sizes,
    depths: config.depths,
    heads: config.num_attention_heads,
    reductions: config.sr_ratios,
    mlpRatio: config.mlp_ratios[0],
    decoderDim: config.decoder_hidden_size,
    classes,
  };
}

/** @throws MaskwrightError BAD_FORMAT when a number is missing */
function channelNames(id2label: Readonly<Record<string, string>>, where: string): string[] {
  const count = Object.keys(id2label).length;
  const problems = collectProblems(where);
  const names = Array.from({ length: count }, (_, channel) => {
    const name = id2label[String(channel)];
    if (name === undefined)
      problems.add(`id2label.${channel}`, `names of the classes 0 to ${count - 1}`, "none");
    return name;
  });
  problems.throwIfAny();
  return names;
}

/**
 * Classes with the background first, and the id of each channel: channels are the classes themselves where the first is a background, else their
 * ids count from 1, as label maps of ADE20K and Cityscapes do once 0 is "none of them".
 *
 * @param names  of the channels, in order
 */
function namedChannels(names: readonly string[], where: string): Pick<PixelModel, "classes" | "channelIds"> {
  const first = isBackgroundName(names[0] ?? "") ? 0 : 1;
  if (names.length < 1 || names.length + first > 255)
    throw badFormat(where, "1 to 254 classes besides a background", String(names.length));
  return {
    classes: ["background", ...names.slice(1 - first)],
    channelIds: names.map((_, channel) => channel + first),
  };
}

async function readProcessor(folder: string): Promise<{ normalization: Normalization; side: number }> {
  const path = join(folder, "preprocessor_config.json");
  if (!existsSync(path)) return { normalization: imageNetNormalization, side: SIDE };
  const { image_mean: mean, image_std: deviation, size = SIDE } = await readShape(path, processorShape);
  return {
    normalization: {
      mean: mean ?? imageNetNormalization.mean,
      deviation: deviation ?? imageNetNormalization.deviation,
    },
    side: typeof size === "number" ? size : size.height,
  };
}

async function readShape<S extends z.ZodType>(path: string, shape: S): Promise<z.infer<S>> {
  const value = await readJsonFile(path, { maxBytes: 2 ** 22 });
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = collectProblems(path);
  addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny("the folder of a SegFormer that transformers saved is expected");
  throw new Error("unreachable");
}
