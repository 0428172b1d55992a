import { join } from "node:path";
import { expect, it } from "vitest";
import { clipEsAffinity, cocoRecipe, sceneRecipe, vocRecipe } from "../../methods/fma/recipes.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { readFmaRecipe, readSeedRecipe } from "./seed-recipe.ts";

function fileOf(value: unknown): string {
  const folder = temporaryFolder();
  writeTree(folder, { "recipe.json": JSON.stringify(value) });
  return join(folder, "recipe.json");
}

it("knows the published recipes", async () => {
  expect(await readSeedRecipe("voc", { source: "contexts" })).toEqual(vocRecipe.coarse);
  expect(await readSeedRecipe("coco", { source: "contexts", round: "fine" })).toEqual(cocoRecipe.fine);
  expect(await readSeedRecipe("coco", { source: "clip" })).toEqual({
    affinity: clipEsAffinity.coco,
    power: 0.4,
  });
  expect(await readSeedRecipe("voc", { source: "classifier" })).toEqual({
    affinity: { at: "score", boxThreshold: 0.4, power: 2, rounds: 1, compat: "paper" },
    power: 1,
  });
  for (const source of ["clip", "contexts", "classifier"] as const)
    expect(await readSeedRecipe("scenes", { source })).toEqual({ affinity: null, power: 2 });
  expect(await readFmaRecipe("scenes")).toBe(sceneRecipe);
});

it("takes what a file says in place of a published one's", async () => {
  const contexts = { source: "contexts" } as const;
  expect(await readSeedRecipe(fileOf({}), contexts)).toEqual(vocRecipe.coarse);
  expect(await readSeedRecipe(fileOf({ from: "coco", power: 3 }), { source: "classifier" })).toEqual({
    affinity: { ...cocoRecipe.coarse.affinity, compat: "paper" },
    power: 3,
  });
  const both = fileOf({ affinity: null, fine: { power: 1 } });
  expect(await readSeedRecipe(both, contexts)).toEqual({ affinity: null, power: 0.6 });
  expect(await readSeedRecipe(both, { ...contexts, round: "fine" })).toEqual({ ...vocRecipe.fine, power: 1 });
  const own = fileOf({ affinity: { boxThreshold: 0 }, power: 1 });
  expect(await readSeedRecipe(own, { source: "clip" })).toEqual({
    affinity: { ...clipEsAffinity.voc, boxThreshold: 0 },
    power: 1,
  });
});

it("takes an affinity where its base has none, if that says enough", async () => {
  const source = { source: "clip" } as const;
  const said = fileOf({ from: "scenes", affinity: { at: "cam", boxThreshold: 0.5 } });
  expect(await readSeedRecipe(said, source)).toEqual({
    affinity: { at: "cam", boxThreshold: 0.5, power: 2, rounds: 1, compat: "paper" },
    power: 2,
  });
  const unsaid = fileOf({ from: "coco", fine: { affinity: { rounds: 3 } } });
  await expect(readFmaRecipe(unsaid)).rejects.toThrow(
    "recipe.json: fine.affinity: expected at and boxThreshold, where its base has no affinity, got rounds",
  );
  await expect(readSeedRecipe(fileOf({ from: "scenes", affinity: {} }), source)).rejects.toThrow(
    "recipe.json: affinity: expected at and boxThreshold, where its base has no affinity, got none",
  );
});

it("takes both rounds and the length of both trainings from a file", async () => {
  expect(await readFmaRecipe("coco")).toBe(cocoRecipe);
  const path = fileOf({ power: 1, fine: { affinity: null }, classification: { steps: 180 } });
  expect(await readFmaRecipe(path)).toEqual({
    ...vocRecipe,
    name: path,
    coarse: { ...vocRecipe.coarse, power: 1 },
    fine: { affinity: null, power: 0.7 },
    classification: { ...vocRecipe.classification, steps: 180, usedStep: 180, warmupSteps: 50 },
  });
});

it("trains without augmentation where a file says so, and at its own pace", async () => {
  const segmentation = { augmentation: null, warmupSteps: 0 };
  const { classification, ...recipe } = await readFmaRecipe(fileOf({ from: "coco", segmentation }));
  expect(classification).toEqual(cocoRecipe.classification);
  expect(recipe.segmentation).toEqual({ ...cocoRecipe.segmentation, ...segmentation });
  const [late, small] = [{ steps: 10, warmupSteps: 10 }, { augmentation: { longSide: 300 } }].map(
    (classification) => readFmaRecipe(fileOf({ classification })),
  );
  await expect(late).rejects.toThrow(
    "recipe.json: classification.warmupSteps: expected fewer than 10 steps, got 10",
  );
  await expect(small).rejects.toThrow("expected null, or nothing for that of the recipe");
});

it("lists all that is wrong in a file", async () => {
  const path = fileOf({ from: "ade", affinity: { at: "score", boxThreshold: 2 }, power: 0, extra: 1 });
  await expect(readSeedRecipe(path, { source: "classifier" })).rejects.toThrow(/4 problems\n.*\n.*\n.*\n/);
});

it("names the keys that there are, where one is none of them", async () => {
  await expect(readFmaRecipe(fileOf({ clasification: { steps: 600 } }))).rejects.toThrow(
    'recipe.json: content: expected an object with from, affinity, power, fine, classification and segmentation, got {"clasification":',
  );
  await expect(readFmaRecipe(fileOf({ fine: { from: "voc" } }))).rejects.toThrow(
    "recipe.json: fine: expected an object with affinity and power, got",
  );
});
