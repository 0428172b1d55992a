import type { Compat, Variant } from "../../methods/sepl/merge.ts";
import type { PredictionOptions, SegmenterOptions } from "./segmenter-shape.ts";

/** What is done, by the labels one has: a fixed chain of stages each. */
export type Recipe = SeplRecipe | TagsRecipe | BoxesRecipe | PointsRecipe | PartsRecipe;

export type Method = Recipe["method"];

/** The recipe of one method. */
export type RecipeOf<M extends Method> = Extract<Recipe, { readonly method: M }>;

/** What all recipes have. Paths lead from anywhere, and every default is in its place. */
interface RecipeBase {
  readonly images: string;
  readonly out?: string;
  readonly seed: number;
  /** File with the ids to work on. */
  readonly ids?: string;
  readonly limit?: number;
  /** Where masks come from. */
  readonly model: string;
  readonly device: "cpu" | "cuda" | "webgpu" | "coreml" | "directml";
  readonly precision: "fp32" | "fp16" | "int8";
  readonly truth?: string;
}

/** "voc", "coco", "partimagenet", a file, or the names. */
type Classes = string | readonly string[];

/** Refines pseudo labels of any other method. */
export interface SeplRecipe extends RecipeBase {
  readonly method: "sepl";
  readonly classes: Classes;
  readonly labels: string;
  /** Masks that are there. */
  readonly proposals?: string;
  readonly masks: MaskOptions;
  readonly refine: RefineOptions;
  readonly segmenter: SegmenterOptions | null;
  readonly predictions: PredictionOptions;
}

/** From image tags to label maps. */
export interface TagsRecipe extends RecipeBase {
  readonly method: "tags";
  readonly classes: Classes;
  readonly tags: string;
  readonly proposals?: string;
  readonly masks: MaskOptions;
  readonly cams: CamOptions;
  readonly seeds: SeedOptions;
  readonly segmenter: SegmenterOptions | null;
  readonly predictions: PredictionOptions;
}

/** From boxes to label maps. */
export interface BoxesRecipe extends RecipeBase {
  readonly method: "boxes";
  readonly classes?: Classes;
  readonly boxes: string;
  readonly segmenter: SegmenterOptions | null;
  readonly predictions: PredictionOptions;
}

/** From points to label maps. */
export interface PointsRecipe extends RecipeBase {
  readonly method: "points";
  readonly classes: Classes;
  readonly points: string;
  readonly segmenter: SegmenterOptions | null;
  readonly predictions: PredictionOptions;
}

/** From boxes or points of parts, one of the three, to a network that finds parts. */
export interface PartsRecipe extends RecipeBase {
  readonly method: "parts";
  readonly classes?: Classes;
  readonly boxes?: string;
  readonly points?: string;
  readonly parts?: string;
  readonly centers: boolean;
  readonly prompter: PrompterOptions;
  /** Photos to find parts in, in place of those that taught. */
  readonly predict?: string;
}

/** Options have the meaning and the defaults of the commands; those that are not here have the command's. */
export interface MaskOptions {
  readonly max?: number;
  readonly generator?: "sam" | "fma";
  readonly pointsPerSide?: number;
  readonly minPredictedIou?: number;
  readonly minStability?: number;
  readonly minRegionArea?: number;
}

export interface RefineOptions {
  readonly variant: Variant;
  readonly compat: Compat | null;
  readonly keepIgnore: boolean;
  readonly backgroundPower?: number;
  readonly backgroundThreshold?: number;
  readonly camKeysFrom: 0 | 1;
}

export interface CamOptions {
  readonly source: "classifier" | "clip";
  readonly weights?: string;
  readonly clip?: string;
  readonly texts?: string;
  readonly prompts: "written" | "learned";
}

export interface SeedOptions {
  /** "voc", "coco" or a JSON file. */
  readonly recipe: string;
  readonly power?: number;
  readonly crf: boolean;
}

export interface PrompterOptions {
  readonly recipe: "parts" | "partimagenet";
  readonly queries?: number;
  readonly layers?: number;
  readonly width?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly schedule?: "cosine" | "original";
  readonly validation: number;
  readonly augment: number;
  readonly checkpointEvery: number;
}
