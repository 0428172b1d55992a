import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { foregroundClasses } from "../../core/label-map.ts";
import { readSafetensors } from "../../core/safetensors.ts";
import { readCam } from "../../data/cam-file.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { encodeProposals } from "../../data/proposal-file.ts";
import { readTags } from "../../data/weak-labels.ts";
import { vocRecipe } from "../../methods/fma/recipes.ts";
import { sceneClasses } from "../../scenes/objects/catalog.ts";
import { openClipScenes, sceneTexts } from "../../testing/clip-scenes.ts";
import { hashTree, temporaryFolder, writeTree } from "../../testing/tree.ts";
import { type CamRequest, estimateCams, makeCams } from "../cam.ts";
import { type SeedRequest, seed } from "../seed.ts";
import { openCams } from "../seeds/cam-origin.ts";
import type { WorkContext } from "../stage.ts";
import type { ClipModel, ClipSource } from "./cam-source.ts";

let folder = "";
let clip: ClipModel;
let context: WorkContext;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ folder, clip, context, close } = await openClipScenes());
});
afterAll(() => close());

async function requestTo(out: string): Promise<CamRequest> {
  const path = join(folder, "tags.csv");
  const source: ClipSource = {
    kind: "clip",
    clip,
    texts: sceneTexts,
  };
  return {
    images: join(folder, "images"),
    tags: { path, labels: await readTags(path, sceneClasses) },
    classes: { name: "scenes", classes: sceneClasses },
    source,
    keepsAttention: true,
    overlay: false,
    out: join(folder, out),
  };
}

it("maps what CLIP sees of each photo's tags, odd photos too", async () => {
  const request = await requestTo("out");
  const report = await makeCams(request, context);
  expect(report).toMatchObject({ images: 5, failures: [], loss: null, options: { source: "clip" } });
  for (const [id, { classes }] of request.tags.labels) {
    const cam = await readCam(join(folder, `out/cams/${id}.safetensors`));
    expect(cam.classes).toEqual(classes);
    // Patches of 2 px; the long photo is shrunk to 640.
    if (classes.length > 0) expect([cam.height, cam.width]).toEqual(id === "thin" ? [1, 320] : [24, 32]);
  }
  const path = join(folder, "out/texts.safetensors");
  const texts = readSafetensors(readFileSync(path)).get("texts");
  expect(texts?.shape).toEqual([sceneClasses.length + 1, clip.config.dim]);

  const before = hashTree(join(folder, "out"), /report|log/);
  expect((await makeCams(request, context)).fingerprint).toBe(report.fingerprint);
  expect(hashTree(join(folder, "out"), /report|log/)).toEqual(before);
  expect(await makeCams(await requestTo("again"), context)).toMatchObject({
    fingerprint: report.fingerprint,
  });
  expect(hashTree(join(folder, "again/cams"))).toEqual(hashTree(join(folder, "out/cams")));
});

it("makes seeds of odd photos by its CAMs, with one mask and with none too", async () => {
  const { source: _, ...request } = await requestTo("out");
  const masks = temporaryFolder();
  const rle = { height: 48, width: 64, counts: Uint32Array.of(0, 48 * 64) };
  const box = { x0: 0, y0: 0, x1: 64, y1: 48 };
  const whole = { rle, area: 48 * 64, box, predictedIou: 1, stability: 1 };
  const sizes = { thin: [1, 5000] } as Readonly<Record<string, readonly number[]>>;
  for (const id of request.tags.labels.keys()) {
    const [height, width] = sizes[id] ?? [48, 64];
    const proposals = id === "scene-0" ? [whole] : [];
    writeTree(masks, {
      [`${id}.json`]: encodeProposals({ id, height, width, model: "regions", proposals }, {}),
    });
  }
  const shared = {
    ...request,
    cams: openCams(join(folder, "out"), 0),
    ...{ recipe: vocRecipe.coarse, crf: false, truth: null, commandLine: "" },
  };
  const few = { ...shared, masks: { kind: "folder", folder: masks } as const, out: join(folder, "few") };
  expect(await seed(few, context)).toMatchObject({ images: 5, labeled: 0, masks: 1, failures: [] });
  const proposer = { kind: "regions", maxProposals: 20 } as const;
  const many = { kind: "photos", folder: request.images, proposer } as const;
  await seed({ ...shared, masks: many, out: join(folder, "many") }, context);
  for (const [id, { classes }] of request.tags.labels) {
    const seeds = readLabelMap(join(folder, `many/seeds/${id}.png`));
    expect([seeds.height, seeds.width]).toEqual(sizes[id] ?? [48, 64]);
    expect(foregroundClasses(seeds).filter((c) => !classes.includes(c))).toEqual([]);
  }
});

it("learns contexts in two rounds, goes on after a stop, and ends the same", async () => {
  const { source, out: _, ...shared } = await requestTo("");
  const { texts } = source as ClipSource;
  const short = { steps: 4, usedStep: 4, warmupSteps: 1, batch: 4, parts: 2, side: 8 };
  const augmentation = { longSide: { low: 8, high: 16 } };
  const { classification, segmentation } = vocRecipe;
  const recipe = {
    ...vocRecipe,
    texts,
    classification: { ...classification, ...short, augmentation },
    segmentation: { ...segmentation, ...short, augmentation },
  };
  const proposer = { kind: "regions", maxProposals: 20 } as const;
  const requestOf = (out: string): SeedRequest => ({
    ...shared,
    cams: { kind: "learned", clip, recipe, seed: 1 },
    masks: { kind: "photos", folder: shared.images, proposer },
    recipe: recipe.fine,
    crf: false,
    truth: join(folder, "truth"),
    overlay: false,
    commandLine: "maskwright seed",
    out: join(folder, out),
  });
  const whole = await seed(requestOf("learned"), context);
  expect(whole.stages.map(({ name }) => name)).toEqual([
    "coarse CAM",
    "coarse affinity",
    "coarse seeds",
    "CAM",
    "affinity",
    "seeds",
  ]);
  expect(whole.losses.map(({ name, loss }) => [name, Number.isFinite(loss)])).toEqual([
    ["classification contexts", true],
    ["segmentation contexts", true],
  ]);
  const page = readFileSync(join(folder, "learned/report.html"), "utf8");
  expect(page).toContain("Training: segmentation contexts");

  const stop = new AbortController();
  const progress = {
    ...context.progress,
    begin: (stage: string) => void (stage === "segmentation" && setTimeout(() => stop.abort(), 1)),
  };
  const stopped = seed(requestOf("stopped"), { ...context, progress, signal: stop.signal });
  await expect(stopped).rejects.toMatchObject({ code: "ABORTED" });
  const { timing: _again, ...again } = await seed(requestOf("stopped"), context);
  expect(again).toEqual({ ...whole, timing: undefined });
  const volatile = /report|log|run\.json/;
  expect(hashTree(join(folder, "stopped"), volatile)).toEqual(hashTree(join(folder, "learned"), volatile));
});

it("says what it would take", async () => {
  expect((await estimateCams(await requestTo("dry"), context)).images).toBe(5);
});
