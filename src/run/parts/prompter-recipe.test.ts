import { describe, expect, it } from "vitest";
import { neckSide, partImageNetPrompter } from "../../models/prompter/config.ts";
import { prompterRecipes, recipeNetwork, recipeSchedule, recipeSteps } from "./prompter-recipe.ts";

const { partimagenet, parts } = prompterRecipes;

describe("recipes", () => {
  it("have the published network for SAM's embeddings", () => {
    const shape = { channels: 256, grid: 64, tokens: 2 };
    expect(recipeNetwork(partimagenet, shape, 40)).toEqual(partImageNetPrompter);
  });

  it.each([
    [64, 16],
    [32, 16],
    [16, 16],
    [4, 4],
  ])("leave of a grid of %i cells a side of %i", (grid, side) => {
    expect(neckSide(recipeNetwork(parts, { channels: 8, grid, tokens: 6 }, 3))).toBe(side);
  });

  it("see every picture as often as they say", () => {
    expect(recipeSteps({ ...parts, epochs: 3, batch: 8 }, 10)).toBe(4);
    expect(recipeSteps({ ...parts, epochs: 1, batch: 1 }, 1)).toBe(1);
  });

  it("end at no rate, or as published at step 38,370", () => {
    const cosine = recipeSchedule(parts, 4000);
    expect(cosine(250)).toBeCloseTo(1e-4, 9);
    expect(cosine(3999)).toBeLessThan(1e-8);
    const original = recipeSchedule({ ...parts, schedule: "original" }, 4000);
    expect([original(0), original(38370)]).toEqual([0, 0]);
  });
});
