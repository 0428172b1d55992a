import { describe, expect, it } from "vitest";
import { completeRecipe, type RecipeCircumstances, recipeSchedule } from "./segmenter-recipe.ts";

const laptop: RecipeCircumstances = {
  kind: "segformer",
  device: "cpu",
  photos: 60,
  isPretrained: false,
  exactSide: null,
};

describe("completeRecipe", () => {
  it("is small on a CPU, as published on a GPU, and less for a light head", () => {
    expect(completeRecipe(laptop, {})).toMatchObject({ side: 256, batch: 4, steps: 1500, rate: 3e-4 });
    expect(
      completeRecipe({ ...laptop, device: "cuda", photos: 10_000, isPretrained: true }, {}),
    ).toMatchObject({
      ...{ side: 512, batch: 16, steps: 40_000, rate: 6e-5 },
      ...{ warmup: 400, validateEvery: 4000, weightDecay: 0.01, headRate: 10 },
    });
    const light = { ...laptop, kind: "light" } as const;
    expect(completeRecipe(light, {})).toMatchObject({ side: 384, steps: 600, rate: 5e-3 });
    expect(completeRecipe({ ...light, exactSide: 1024 }, {}).side).toBe(1024);
  });

  it("keeps within its bounds of steps, and takes what is said", () => {
    expect(completeRecipe({ ...laptop, photos: 1 }, {}).steps).toBe(500);
    expect(completeRecipe({ ...laptop, photos: 1e6 }, {}).steps).toBe(4000);
    expect(completeRecipe(laptop, { batch: 2, rate: 1 })).toMatchObject({ steps: 3000, rate: 1 });
    expect(completeRecipe(laptop, { steps: 7 })).toMatchObject({ steps: 7, warmup: 1, validateEvery: 1 });
  });
});

describe("recipeSchedule", () => {
  it("goes up in a line and down in another", () => {
    const recipe = completeRecipe(laptop, { steps: 100, warmup: 10, rate: 2 });
    const rate = recipeSchedule(recipe);
    expect(rate(0)).toBeCloseTo(2e-6, 9);
    expect(rate(5)).toBeCloseTo(2 * 0.95 * 0.5, 4);
    expect(rate(50)).toBeCloseTo(1, 9);
    expect(rate(99)).toBeCloseTo(0.02, 9);
    expect(recipeSchedule({ ...recipe, warmup: 0 })(0)).toBe(2);
  });
});
