import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readSafetensors } from "../../core/safetensors.ts";
import { readCam } from "../../data/cam-file.ts";
import { readTags } from "../../data/weak-labels.ts";
import { vocRecipe } from "../../methods/fma/recipes.ts";
import { sceneClasses } from "../../scenes/objects/catalog.ts";
import { writeTaggedScenes } from "../../testing/tagged-scenes.ts";
import { writeTinyClip } from "../../testing/tiny-clip-model.ts";
import { hashTree } from "../../testing/tree.ts";
import { type CamRequest, estimateCams, makeCams } from "../cam.ts";
import { createPool, type Pool } from "../pool.ts";
import { type SeedRequest, seed } from "../seed.ts";
import type { WorkContext } from "../stage.ts";
import type { ClipModel, ClipSource } from "./cam-source.ts";

let folder = "";
let clip: ClipModel;
let pool: Pool;
let context: WorkContext;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maskwright-clip-"));
  await writeTaggedScenes(folder, 2);
  clip = writeTinyClip(folder);
  pool = createPool(1);
  const progress = { begin: () => {}, advance: () => {}, warn: () => {}, end: () => {} };
  context = { pool, progress, signal: new AbortController().signal, keepGoing: false };
});
afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

async function requestTo(out: string): Promise<CamRequest> {
  const path = join(folder, "tags.csv");
  const source: ClipSource = {
    kind: "clip",
    clip,
    texts: { name: "scenes", classes: sceneClasses.slice(1), background: ["ground", "sky"] },
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
