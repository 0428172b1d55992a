import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeLabelMap, readLabelMap } from "../../data/label-file.ts";
import { readTags } from "../../data/weak-labels.ts";
import { vocRecipe } from "../../methods/fma/recipes.ts";
import { sceneClasses } from "../../scenes/objects/catalog.ts";
import { quietContext } from "../../testing/progress.ts";
import { writeTaggedScenes } from "../../testing/tagged-scenes.ts";
import { writeTinyClip } from "../../testing/tiny-clip-model.ts";
import { writeTree } from "../../testing/tree.ts";
import { openPhotos } from "../label-input.ts";
import { createPool, type Pool } from "../pool.ts";
import { inRunDirectory } from "../run-directory.ts";
import type { WorkContext } from "../stage.ts";
import { type TrainPromptsRequest, trainPrompts } from "./train-prompts.ts";

let folder = "";
let pool: Pool;
let context: WorkContext;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maskwright-prompts-"));
  await writeTaggedScenes(folder, 3);
  pool = createPool(1);
  context = quietContext(pool);
});
afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

async function requestOf(name: TrainPromptsRequest["name"]): Promise<Omit<TrainPromptsRequest, "folder">> {
  const labels = await readTags(join(folder, "tags.csv"), sceneClasses);
  const short = { steps: 6, usedStep: 6, warmupSteps: 1, batch: 3, side: 8, augmentation: null };
  return {
    name,
    ids: [...labels.keys()].filter((id) => id.startsWith("scene")),
    photos: openPhotos(join(folder, "images")),
    tags: new Map([...labels].map(([id, { classes }]) => [id, classes])),
    clip: writeTinyClip(folder),
    texts: { name: "scenes", classes: sceneClasses.slice(1), background: ["ground", "sky"] },
    recipe: { ...vocRecipe[name], ...short },
    seed: 1,
    seeds: name === "classification" ? null : (id) => join(folder, `truth/${id}.png`),
  };
}

/** Trains, and calls `onStep` after each step. @returns bytes of the texts' embeddings */
async function train(
  out: string,
  request: Omit<TrainPromptsRequest, "folder">,
  onStep: (step: number) => void = () => {},
  { signal }: Pick<WorkContext, "signal"> = context,
): Promise<Uint8Array> {
  const advance = (step: string): void => onStep(Number(step));
  const description = { command: "test", options: {}, inputs: {} };
  return await inRunDirectory(join(folder, out), description, async (run) => {
    const own = { ...context, signal, progress: { ...context.progress, advance } };
    const { path, lines } = await trainPrompts({ ...request, folder: run.dir }, run, own);
    expect(lines).toHaveLength(6);
    return readFileSync(path);
  });
}

it("learns from seeds with more classes than their photos have tags", async () => {
  const request = await requestOf("segmentation");
  const { height, width, data } = readLabelMap(request.seeds?.("scene-0") as string);
  // Stripes of all classes, in maps of the photos' size.
  const count = request.texts.classes.length;
  const striped = { height, width, data: data.map((_, at) => 1 + ((at >> 2) % count)) };
  const seeds = (id: string): string => join(folder, `striped/${id}.png`);
  writeTree(
    folder,
    Object.fromEntries(request.ids.map((id) => [`striped/${id}.png`, encodeLabelMap(striped)])),
  );
  const tags = new Map(request.ids.map((id) => [id, [1]]));
  expect(await train("striped-run", { ...request, tags, seeds })).not.toHaveLength(0);
});

it("says which seed has an id that is no class", async () => {
  const request = await requestOf("segmentation");
  const strange = { height: 1, width: 3, data: Uint8Array.of(0, 255, request.texts.classes.length + 1) };
  writeTree(folder, { "strange.png": encodeLabelMap(strange) });
  const path = join(folder, "strange.png");
  const seeds = (id: string): string => (id === "scene-1" ? path : join(folder, `truth/${id}.png`));
  await expect(train("strange-run", { ...request, seeds })).rejects.toMatchObject({
    code: "BAD_FORMAT",
    message: `${path}: expected class ids from 0 to ${request.texts.classes.length}, or 255 for pixels to ignore, got ${request.texts.classes.length + 1}`,
  });
});

it.each(["classification", "segmentation"] as const)(
  "keeps what CLIP sees in photos that nothing augments, for %s, also after a stop",
  async (name) => {
    const request = await requestOf(name);
    const featuresOf = (out: string): string => join(folder, out, "features");
    const [whole, stopped, forgetful] = ["whole", "stopped", "forgetful"].map((each) => `${name}-${each}`);

    const stop = new AbortController();
    const stopAtTwo = (step: number): void => void (step === 2 && stop.abort());
    await expect(train(stopped, request, stopAtTwo, stop)).rejects.toMatchObject({ code: "ABORTED" });
    const [key] = readdirSync(featuresOf(stopped));
    const kept = readdirSync(join(featuresOf(stopped), key)).sort();
    expect(kept).toEqual(request.ids.map((id) => `${id}.safetensors`));

    const texts = await train(whole, request);
    expect(await train(stopped, request)).toEqual(texts);
    for (const out of [whole, stopped]) expect(existsSync(featuresOf(out))).toBe(false);
    // CLIP sees the same when it looks again.
    const forget = (): void => rmSync(featuresOf(forgetful), { recursive: true, force: true });
    expect(await train(forgetful, request, forget)).toEqual(texts);
  },
);
