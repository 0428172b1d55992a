import type { Schedule } from "../../engine/index.ts";
import type { LossWeights } from "../../methods/wps/losses.ts";
import { originalRate, partRate } from "../../methods/wps/schedules.ts";
import { PART_RATE } from "../../methods/wps/training.ts";
import { type PrompterConfig, partImageNetPrompter } from "../../models/prompter/config.ts";

/** Everything about a prompter's training but its data and its model. */
export interface PrompterRecipe {
  /** Parts that can be found in a picture. */
  readonly queries: number;
  /** Of the encoder and of the decoder each. */
  readonly layers: number;
  /** Of the transformer; a multiple of its 8 heads. */
  readonly width: number;
  /** Times that each picture is seen. */
  readonly epochs: number;
  /** Pictures of a step. */
  readonly batch: number;
  readonly rate: number;
  /** "cosine" goes down once, "original" as published: to 0 in 38,370 steps and up again. */
  readonly schedule: "cosine" | "original";
  readonly losses: Required<LossWeights>;
  /** Weights to start from: as published, or such that the neck sees embeddings whitened, see `whitenNeck`. */
  readonly start: "published" | "whitened";
}

const { queries, encoderLayers: layers, dim: width, heads } = partImageNetPrompter;
const published: PrompterRecipe = {
  ...{ queries, layers, width },
  ...{ epochs: 15, batch: 8, rate: PART_RATE, schedule: "cosine" },
  losses: { class: 5, token: 20 },
  start: "published",
};

export type PrompterRecipeName = "parts" | "partimagenet";

/** By name: the published settings for PartImageNet's 20,000 pictures, and what learns faster from a few hundred of one's own. */
export const prompterRecipes: Readonly<Record<PrompterRecipeName, PrompterRecipe>> = {
  partimagenet: published,
  parts: { ...published, epochs: 100, start: "whitened" },
};

/** The network of a recipe for embeddings and tokens of some model; its neck leaves about 16 × 16 cells. */
export function recipeNetwork(
  { queries, layers, width }: PrompterRecipe,
  shape: Pick<PrompterConfig, "channels" | "grid" | "tokens">,
  classes: number,
): PrompterConfig {
  const { grid } = shape;
  return {
    ...{ channels: shape.channels, grid, strides: grid >= 64 ? [2, 2] : grid >= 32 ? [2, 1] : [1, 1] },
    ...{ dim: width, heads, mlpDim: 4 * width, encoderLayers: layers, decoderLayers: layers },
    ...{ queries, tokens: shape.tokens, classes },
  };
}

/** Steps of a run over so many pictures. */
export function recipeSteps({ epochs, batch }: PrompterRecipe, pictures: number): number {
  return Math.ceil((epochs * pictures) / batch);
}

export function recipeSchedule({ rate, schedule }: PrompterRecipe, steps: number): Schedule {
  return schedule === "original" ? originalRate(rate) : partRate(rate, steps);
}
