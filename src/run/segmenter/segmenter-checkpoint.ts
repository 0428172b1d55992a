import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { parseJson } from "../../data/json-file.ts";
import { addIssues, collectProblems } from "../../data/problems.ts";
import { openWeightFile } from "../../engine/node.ts";
import { type SegmenterNetwork, segmenterWeights } from "../../models/segmenter/network.ts";
import type { Normalization } from "../../models/segmenter/normalization.ts";
import { digestFile } from "../store/digest.ts";

/** What a trained segmenter's checkpoint says of itself: enough to label photos with it, and to make it again. */
export interface SegmenterDescription {
  readonly kind: "segmenter";
  readonly network: SegmenterNetwork;
  /** Index = class id, 0 is the background. */
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  /** Of the squares it was trained on, px. */
  readonly side: number;
  /** How it was trained. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** A segmenter's weights in a file, and what they name. */
export interface SegmenterFile extends Omit<SegmenterDescription, "kind"> {
  readonly path: string;
  readonly sha256: string;
}

const count = (most: number) => z.int("a whole number").min(1, "at least 1").max(most, `at most ${most}`);
const counts = (least: number, most: number) =>
  z.array(count(65536), "a list").min(least, `at least ${least}`).max(most, `at most ${most}`);
const four = counts(4, 4);
const three = z.tuple([z.number("a number"), z.number("a number"), z.number("a number")], "three numbers");
const text = z.string("a text");
const segformer = z.object({
  kind: z.literal("segformer"),
  config: z.object(
    {
      dims: four,
      depths: four,
      heads: four,
      reductions: four,
      mlpRatio: count(64),
      decoderDim: count(8192),
      classes: count(255),
    },
    "an object",
  ),
});
const light = z.object({
  kind: z.literal("light"),
  encoder: z.object(
    { kind: z.enum(["mobilenet", "clip", "sam"], "mobilenet, clip or sam"), name: text, sha256: text },
    "an object",
  ),
  config: z.object({ levels: counts(1, 16), dim: count(8192), classes: count(255) }, "an object"),
});
const shape = z.object(
  {
    kind: z.literal("segmenter", 'the kind "segmenter"'),
    network: z.discriminatedUnion("kind", [segformer, light], "a network of the kind segformer or light"),
    classes: z.array(text, "a list").min(2, "a class").max(255, "at most 254 classes"),
    normalization: z.object({ mean: three, deviation: three }, "an object"),
    side: count(8192),
    training: z.record(z.string(), z.unknown(), "an object"),
  },
  "what `train segmenter` writes there",
);

/**
 * The segmenter of a checkpoint of `train segmenter`. Of its weights the names and shapes are checked.
 *
 * @throws MaskwrightError NOT_FOUND without such a file; BAD_FORMAT for another kind of checkpoint; NOT_FOUND or SHAPE_MISMATCH for weights
 *         of another network
 */
export async function readSegmenter(path: string): Promise<SegmenterFile> {
  const file = openWeightFile(path);
  try {
    const config = file.metadata.get("config");
    if (config === undefined)
      throw badFormat(
        path,
        "a checkpoint of `maskwright train segmenter`",
        "weights that do not say what of",
      );
    const { kind: _, ...own } = describe(config, `${path}: config`);
    segmenterWeights(file, own.network);
    return { ...own, path, sha256: (await digestFile(path)).sha256 };
  } finally {
    file.close();
  }
}

function describe(config: string, where: string): SegmenterDescription {
  const value = parseJson(new TextEncoder().encode(config), where);
  const parsed = shape.safeParse(value);
  const problems = collectProblems(where);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny("this is not the checkpoint of a segmenter");
  const description = parsed.data as SegmenterDescription;
  const { network, classes, normalization } = description;
  if (network.config.classes !== classes.length)
    throw badFormat(where, `a network of its ${classes.length} classes`, `${network.config.classes}`);
  if (network.kind === "segformer") checkDivisible(network.config, where);
  if (normalization.deviation.some((each) => !(each > 0)))
    throw badFormat(`${where}: normalization`, "deviations above 0", normalization.deviation.join(", "));
  return description;
}

function checkDivisible(
  { dims, heads }: { readonly dims: readonly number[]; readonly heads: readonly number[] },
  where: string,
): void {
  for (const [stage, dim] of dims.entries())
    if (dim % heads[stage] !== 0)
      throw badFormat(`${where}: network`, `dims divisible by ${heads[stage]} heads`, String(dim));
}
