import { chooseCamSource } from "../cams/choose-cam-source.ts";
import { chooseProposer, chooseSegmenter, type SourceChoice } from "../masks/choose-source.ts";
import { chooseTeacher } from "../parts/teacher-model.ts";
import { readFmaRecipe } from "../seeds/seed-recipe.ts";
import { embeddingsFolder } from "../store/location.ts";
import type { Recipe } from "./recipe.ts";

/** How a recipe's models are found by what it calls them. */
export interface RecipeModels {
  readonly chooseProposer: typeof chooseProposer;
  readonly chooseSegmenter: typeof chooseSegmenter;
  readonly chooseTeacher: typeof chooseTeacher;
  readonly chooseCamSource: typeof chooseCamSource;
  readonly readFmaRecipe: typeof readFmaRecipe;
}

/** The models that are here. Nothing is fetched. */
export const storedModels: RecipeModels = {
  chooseProposer,
  chooseSegmenter,
  chooseTeacher,
  chooseCamSource,
  readFmaRecipe,
};

const precisions = { fp32: "float32", fp16: "float16", int8: "int8" } as const;
/** Of embeddings kept on disk. */
const CACHE_BYTES = 4e9;

/** The model that a recipe names for masks. */
export function maskChoice(
  { model, device, precision }: Pick<Recipe, "model" | "device" | "precision">,
  threads: number | null,
): SourceChoice {
  const cache = { folder: embeddingsFolder(), maxBytes: CACHE_BYTES };
  return { model, device, precision: precisions[precision], threads, cache };
}
