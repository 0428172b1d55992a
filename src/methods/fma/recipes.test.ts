import { expect, it } from "vitest";
import { promptRate } from "./prompt-training.ts";
import { cocoRecipe, promptTexts, vocRecipe } from "./recipes.ts";

it.each([vocRecipe, cocoRecipe])(
  "gives a schedule and texts for $name",
  ({ texts, classification, segmentation }) => {
    for (const recipe of [classification, segmentation]) {
      const { steps, usedStep, warmupSteps, batch, parts } = recipe;
      expect(usedStep).toBeLessThanOrEqual(steps);
      expect(batch % parts).toBe(0);
      const rate = promptRate(steps, { warmupSteps });
      expect([rate(0), rate(warmupSteps - 1), rate(warmupSteps)]).toEqual([1e-5, 1e-5, 1e-3]);
      expect(rate(steps - 1)).toBeLessThan(1e-8);
      expect(promptTexts(texts, recipe)).toHaveLength(texts.classes.length + texts.background.length);
    }
  },
);

it("has the published rates at the steps that are used", () => {
  const at = ({ steps, usedStep, warmupSteps }: typeof cocoRecipe.classification): number =>
    promptRate(steps, { warmupSteps })(usedStep - 1);
  expect(at(cocoRecipe.classification)).toBeCloseTo(8.3761e-4, 8);
  expect(at(cocoRecipe.segmentation)).toBeCloseTo(3.5361e-4, 8);
});

it("leaves VOC's segmentation backgrounds without names", () => {
  const texts = promptTexts(vocRecipe.texts, vocRecipe.segmentation);
  expect(texts.slice(0, 2)).toEqual(["aeroplane", "bicycle"]);
  expect(texts.slice(20)).toEqual(Array(25).fill(""));
  expect(promptTexts(vocRecipe.texts, vocRecipe.classification)[20]).toBe("ground");
});
