import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readTags } from "../data/weak-labels.ts";
import { type FmaRecipe, vocRecipe } from "../methods/fma/recipes.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { openClipScenes, sceneTexts } from "../testing/clip-scenes.ts";
import { hashTree, writeTree } from "../testing/tree.ts";
import { refineCams } from "./affinity.ts";
import { makeCams } from "./cam.ts";
import type { ClipModel } from "./cams/cam-source.ts";
import { openContexts } from "./cams/contexts.ts";
import { type SeedRequest, seed } from "./seed.ts";
import type { Affinity } from "./seeds/affinity-stage.ts";
import { openCams } from "./seeds/cam-origin.ts";
import type { WorkContext } from "./stage.ts";
import { learnContexts } from "./train-prompts.ts";

let folder = "";
let clip: ClipModel;
let context: WorkContext;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ folder, clip, context, close } = await openClipScenes());
});
afterAll(() => close());

const short = { steps: 3, usedStep: 3, warmupSteps: 1, batch: 4, side: 8, augmentation: null };
const recipe: FmaRecipe = {
  ...vocRecipe,
  texts: sceneTexts,
  classification: { ...vocRecipe.classification, ...short },
  segmentation: { ...vocRecipe.segmentation, ...short },
};

it("makes of both rounds, stage by stage, what the whole makes", async () => {
  const at = (name: string): string => join(folder, name);
  const images = at("images");
  const classes = { name: "scenes", classes: sceneClasses };
  const tags = { path: at("tags.csv"), labels: await readTags(at("tags.csv"), sceneClasses) };
  const shared = { images, tags, classes, overlay: false } as const;
  const seedRequest = {
    ...shared,
    masks: { kind: "photos", folder: images, proposer: { kind: "regions", maxProposals: 20 } },
    ...{ recipe: recipe.fine, crf: false, truth: null, commandLine: "" },
  } as const;
  const whole: SeedRequest = {
    ...seedRequest,
    cams: { kind: "learned", clip, recipe, seed: 1 },
    out: at("whole"),
  };
  await seed(whole, context);

  const masks = { kind: "folder", folder: at("whole/proposals") } as const;
  expect(openCams(at("whole"), 0)).toMatchObject({ source: "contexts", round: "fine" });
  for (const [name, own, seeds, made] of [
    ["classification", recipe.coarse, null, "coarse/"],
    ["segmentation", recipe.fine, at("seeds-classification"), ""],
  ] as const) {
    const [learned, cams, refined, out] = ["learned", "cams", "refined", "seeds"].map((each) =>
      at(`${each}-${name}`),
    );
    const report = await learnContexts(
      { ...shared, seeds, clip, texts: sceneTexts, recipe: recipe[name], seed: 1, out: learned },
      context,
    );
    expect(report).toMatchObject({ images: 4, steps: 3, failures: [], options: { set: name } });
    const source = await openContexts(learned, clip, classes);
    await makeCams({ ...shared, source, keepsAttention: true, out: cams }, context);
    const folderOf = openCams(cams, 0);
    expect(folderOf).toMatchObject({ source: "contexts", isRefined: false });
    const affinity = { affinity: own.affinity as Affinity, attention: folderOf.attention as string };
    await refineCams({ cams: folderOf, ...affinity, out: refined }, context);
    expect(openCams(refined, 0)).toMatchObject({ source: "contexts", isRefined: true, attention: null });
    const seeded = await seed(
      { ...seedRequest, masks, cams: openCams(refined, 0), recipe: own, out },
      context,
    );
    expect(seeded.options).toMatchObject({ source: "contexts", round: "coarse" });
    for (const stage of ["cams", "refined", "seeds"]) {
      const alone = stage === "cams" ? cams : stage === "refined" ? refined : out;
      expect(hashTree(join(alone, stage))).toEqual(hashTree(at(`whole/${made}${stage}`)));
    }
  }
});

it("learns from photos that are good, with their seeds, where it is told to go on", async () => {
  const at = (name: string): string => join(folder, name);
  const labels = await readTags(at("tags.csv"), sceneClasses);
  const request = {
    images: at("images"),
    tags: {
      path: at("tags.csv"),
      labels: new Map([...labels, ["moon", { kind: "tags", classes: [1] } as const]]),
    },
    classes: { name: "scenes", classes: sceneClasses },
    // Truth in place of seeds, which the odd photos do not have.
    ...{
      seeds: at("truth"),
      clip,
      texts: sceneTexts,
      recipe: recipe.segmentation,
      seed: 1,
      out: at("going"),
    },
  };
  await expect(learnContexts(request, context)).rejects.toThrow("got none for 1 of them (moon)");
  const fewer = { ...request, texts: { ...sceneTexts, classes: sceneTexts.classes.slice(0, 1) } };
  const scenes = { ...fewer, tags: { ...request.tags, labels }, ids: at("scenes.txt") };
  writeTree(folder, { "scenes.txt": "scene-0\nscene-1\n" });
  await expect(learnContexts(scenes, context)).rejects.toThrow(
    /scene-\d\.png: expected class ids from 0 to 1, or 255 for pixels to ignore, got \d+$/,
  );
  expect(existsSync(at("going"))).toBe(false);
  const report = await learnContexts(request, { ...context, keepGoing: true });
  expect(report.images).toBe(2);
  expect(report.failures.map(({ id }) => id)).toEqual(["moon", "gray", "thin"]);
  const again = await learnContexts(request, { ...context, keepGoing: true });
  expect(again.fingerprint).toBe(report.fingerprint);
});
