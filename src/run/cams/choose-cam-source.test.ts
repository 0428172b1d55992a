import { join } from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { classList } from "../../data/class-list.ts";
import { sceneClasses } from "../../scenes/objects/catalog.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { type CamSourceChoice, chooseCamSource, chooseTexts, locateClip } from "./choose-cam-source.ts";

const choice = async (source: "classifier" | "clip"): Promise<CamSourceChoice> => ({
  source,
  classes: await classList("voc"),
  weights: null,
  texts: null,
  contexts: null,
  seed: 1,
  threads: null,
});

beforeEach(() => void vi.stubEnv("MASKWRIGHT_HOME", temporaryFolder()));

it("says how to get weights", async () => {
  await expect(chooseCamSource(await choice("clip"))).rejects.toMatchObject({
    code: "NOT_FOUND",
    hint: "maskwright models pull clip-vit-b-16, or with the file at hand: maskwright models import clip-vit-b-16 FILE",
  });
  await expect(chooseCamSource(await choice("classifier"))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    hint: expect.stringContaining("mobilenet_v2_1.0_224"),
  });
});

it("knows a classifier by its file's digest", async () => {
  const folder = temporaryFolder();
  writeTree(folder, { "a.tflite": "abc" });
  const weights = join(folder, "a.tflite");
  expect(await chooseCamSource({ ...(await choice("classifier")), weights })).toEqual({
    kind: "classifier",
    backbone: { file: weights, sha256: expect.stringMatching(/^ba7816bf/), threads: null },
    seed: 1,
  });
});

it("refuses options of the other source", async () => {
  const [clip, classifier] = [await choice("clip"), await choice("classifier")];
  await expect(chooseCamSource({ ...clip, weights: "a.tflite" })).rejects.toThrow(
    "--weights: expected nothing",
  );
  await expect(chooseCamSource({ ...classifier, texts: "a.json" })).rejects.toThrow(
    "--texts: expected --source",
  );
  await expect(chooseCamSource({ ...classifier, contexts: "runs/cls" })).rejects.toThrow(
    "--contexts: expected --source",
  );
  await expect(chooseCamSource({ ...classifier, clip: "clip-vit-l-14" })).rejects.toThrow(
    "--clip: expected --source clip",
  );
});

it("takes any CLIP of the registry, and nothing else for one", () => {
  expect(() => locateClip({ clip: "clip-vit-l-14", threads: null })).toThrow("model clip-vit-l-14: expected");
  expect(() => locateClip({ clip: "sam-vit-b", threads: null })).toThrow(
    /^--clip: expected one of clip-vit-b-16, .*, got "sam-vit-b"/,
  );
});

it("changes what a file of texts says, and leaves the rest", async () => {
  const folder = temporaryFolder();
  writeTree(folder, { "texts.json": JSON.stringify({ classes: { cow: "cattle" } }) });
  const voc = await classList("voc");
  const { classes, background } = await chooseTexts(join(folder, "texts.json"), voc);
  expect([classes[2], classes[9]]).toEqual(["bird avian", "cattle"]);
  expect(background).toEqual((await chooseTexts(null, voc)).background);
});

it("knows what is behind the classes of scenes, whatever their list is called", async () => {
  expect(await chooseTexts(null, { name: "classes", classes: sceneClasses })).toMatchObject({
    classes: sceneClasses.slice(1),
    background: expect.arrayContaining(["snow", "clutter"]),
  });
  const [, ...some] = sceneClasses.slice(0, 5);
  const texts = await chooseTexts(null, { name: "some", classes: ["background", ...some] });
  expect(texts).toMatchObject({
    name: "some",
    classes: some,
    background: expect.arrayContaining(["railway"]),
  });
  expect(texts.background).not.toContain("tree");
});
