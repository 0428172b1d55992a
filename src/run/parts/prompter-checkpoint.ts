import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { parseJson } from "../../data/json-file.ts";
import { partImageNetClasses } from "../../data/part-image-net.ts";
import { addIssues, collectProblems } from "../../data/problems.ts";
import { openWeightFile } from "../../engine/node.ts";
import type { PromptKind } from "../../methods/wps/token-projection.ts";
import { type PrompterConfig, partImageNetPrompter } from "../../models/prompter/config.ts";
import { prompterWeights } from "../../models/prompter/weights.ts";
import { digestFile } from "../store/digest.ts";
import type { Supervision } from "./part-labels.ts";
import type { PrompterRecipe } from "./prompter-recipe.ts";

/** What a trained prompter's checkpoint says of itself: enough to find parts with it, and to make it again. */
export interface PrompterDescription {
  readonly kind: "prompter";
  /** Whose embeddings it reads. */
  readonly model: { readonly name: string; readonly sha256: string; readonly precision: string };
  /** Index = class id. */
  readonly classes: readonly string[];
  /** COCO's category id of each class id. */
  readonly categoryIds: readonly number[];
  readonly network: PrompterConfig;
  readonly training: {
    readonly recipe: PrompterRecipe;
    readonly supervision: Supervision;
    /** Changed versions of each picture. */
    readonly versions: number;
    readonly seed: number;
    readonly pictures: number;
    /** Digest of the pictures, the model and what was taught of them. */
    readonly fingerprint: string;
  };
}

/** A prompter's weights in a file, and what they find. */
export interface PrompterFile extends Pick<PrompterDescription, "classes" | "categoryIds" | "network"> {
  /** What its tokens stand for. */
  readonly prompts: PromptKind;
  readonly path: string;
  readonly sha256: string;
  /** Null in a file that does not say. */
  readonly model: PrompterDescription["model"] | null;
  /** Where a picture lies in the square that the encoder sees: as SAM has it, or in the middle, as the published training. */
  readonly frame: "sam" | "center";
  /** What a decoder is given, where nobody says: the prompts nearest to the predicted tokens, or the tokens as they are, which is published. */
  readonly tokens: "nearest" | "raw";
}

const count = (most: number) => z.int("a whole number").min(1, "at least 1").max(most, `at most ${most}`);
const stride = z.union([z.literal(1), z.literal(2)], "1 or 2");
const shape = z.object(
  {
    kind: z.literal("prompter", 'the kind "prompter"'),
    model: z.object(
      { name: z.string("a text"), sha256: z.string("a text"), precision: z.string("a text") },
      "an object",
    ),
    classes: z.array(z.string("a text"), "a list").min(2, "a class").max(255, "at most 254 classes"),
    categoryIds: z.array(z.int("a whole number"), "a list"),
    network: z.object(
      {
        channels: count(8192),
        grid: count(1024),
        strides: z.tuple([stride, stride], "two strides"),
        dim: count(8192),
        heads: count(256),
        mlpDim: count(65536),
        encoderLayers: count(256),
        decoderLayers: count(256),
        queries: count(65536),
        tokens: count(256),
        classes: count(254),
      },
      "an object",
    ),
    training: z.object(
      { supervision: z.enum(["boxes", "centers", "points"], "boxes, centers or points") },
      "an object",
    ),
  },
  "what `train prompter` writes there",
);

/**
 * The prompter of a checkpoint of `train prompter`, or one of the authors, which is for PartImageNet's 40 parts. Of its weights the names
 * and shapes are checked.
 *
 * @throws MaskwrightError NOT_FOUND without such a file; BAD_FORMAT for another kind of checkpoint; NOT_FOUND or SHAPE_MISMATCH for weights
 *         of another network
 */
export async function readPrompterFile(path: string): Promise<PrompterFile> {
  const file = openWeightFile(path);
  try {
    const text = file.metadata.get("config");
    const own = text === undefined ? published : describe(text, `${path}: config`);
    prompterWeights(file, own.network);
    return { ...own, path, sha256: (await digestFile(path)).sha256 };
  } finally {
    file.close();
  }
}

/** What the authors' checkpoints do not say. */
const published: Omit<PrompterFile, "path" | "sha256"> = {
  model: null,
  classes: partImageNetClasses,
  categoryIds: partImageNetClasses.map((_, classId) => Math.max(0, classId - 1)),
  network: partImageNetPrompter,
  prompts: "box",
  frame: "center",
  tokens: "raw",
};

function describe(text: string, where: string): Omit<PrompterFile, "path" | "sha256"> {
  const value = parseJson(new TextEncoder().encode(text), where);
  const parsed = shape.safeParse(value);
  const problems = collectProblems(where);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny("this is not the checkpoint of a prompter");
  const { model, classes, categoryIds, network, training } = parsed.data as z.infer<typeof shape>;
  if (network.classes !== classes.length - 1 || categoryIds.length !== classes.length)
    throw badFormat(
      where,
      `a network and category ids of its ${classes.length - 1} classes`,
      `${network.classes} and ${categoryIds.length}`,
    );
  if (new Set(categoryIds.slice(1)).size !== categoryIds.length - 1)
    throw badFormat(where, "each category id once", categoryIds.slice(1).join(", "));
  const prompts = training.supervision === "boxes" ? "box" : "point";
  return { model, classes, categoryIds, network, prompts, frame: "sam", tokens: "nearest" };
}
