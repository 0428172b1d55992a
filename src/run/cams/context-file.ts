import type { NdArray } from "../../core/array.ts";
import type { ClassTexts } from "../../core/class-texts.ts";
import { badFormat, shapeMismatch } from "../../core/error.ts";
import { formatShape } from "../../engine/index.ts";
import { openWeightFile } from "../../engine/node.ts";
import { type PromptRecipe, promptTexts, vocRecipe } from "../../methods/fma/recipes.ts";
import { digestFile } from "../store/digest.ts";
import type { ClipModel, ContextSource } from "./cam-source.ts";

/** What published checkpoints call the only tensor that they have. */
const CONTEXT_TENSOR = "prompt_learner.ctx";

/** Contexts that other code learned, and how texts stand around them. */
export interface FileContexts {
  readonly contexts: NdArray<"float32">;
  /** Names in the texts, classes first; a background without one has an empty name. */
  readonly names: readonly string[];
  readonly layout: PromptRecipe["layout"];
}

/**
 * The contexts in a checkpoint of FMA-WSSS, .pth, .pt or safetensors, as what makes CAMs.
 *
 * @throws MaskwrightError as `readContexts`
 */
export async function openContextFile(
  file: string,
  clip: ClipModel,
  texts: ClassTexts,
): Promise<ContextSource> {
  readContexts(file, clip, texts);
  const { sha256 } = await digestFile(file);
  return { kind: "contexts", clip, texts: file, sha256, classCount: texts.classes.length, around: texts };
}

/**
 * `prompt_learner.ctx` of a checkpoint: [M, D] is one context for all texts, before the names of classes and backgrounds; [G, M, D] is
 * one for each text, after the names of classes, with nameless backgrounds. So are all four that are published.
 *
 * @throws MaskwrightError NOT_FOUND; BAD_FORMAT for a file without that tensor; SHAPE_MISMATCH for one of another CLIP, or of another number
 *         of texts
 */
export function readContexts(path: string, { config }: ClipModel, texts: ClassTexts): FileContexts {
  const file = openWeightFile(path);
  try {
    const found = [...file.tensors].filter(([name]) => `.${name}`.endsWith(`.${CONTEXT_TENSOR}`));
    if (found.length !== 1)
      throw badFormat(
        path,
        `one tensor "${CONTEXT_TENSOR}"`,
        `${found.length} among ${file.tensors.size} tensors`,
      );
    const [, stored] = found[0];
    const { shape, dtype } = stored;
    if (dtype !== "float32") throw badFormat(path, `float32 "${CONTEXT_TENSOR}"`, dtype);
    const { layout, ...recipe } = shape.length === 3 ? vocRecipe.segmentation : vocRecipe.classification;
    const names = promptTexts(texts, { ...recipe, layout });
    const [count, length, width] = shape.length === 3 ? shape : [names.length, ...shape];
    const isRight = shape.length === 2 || shape.length === 3;
    if (!isRight || count !== names.length || length < 1 || width !== config.text.dim) {
      const { dim } = config.text;
      throw shapeMismatch(
        `${path}: ${CONTEXT_TENSOR}`,
        `[M, ${dim}] or [${names.length}, M, ${dim}]`,
        formatShape(shape),
      );
    }
    const contexts = stored.read() as NdArray<"float32">;
    return { contexts, names, layout: { ...layout, contextLength: length } };
  } finally {
    file.close();
  }
}
