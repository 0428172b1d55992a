import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { foregroundClasses } from "../core/label-map.ts";
import { readSafetensors } from "../core/safetensors.ts";
import { readCam, type StoredCam } from "../data/cam-file.ts";
import { readLabelMap } from "../data/label-file.ts";
import type { WeakLabels } from "../data/tags.ts";
import { readTags } from "../data/weak-labels.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { interruptMaskwright, linesOf, maskwright } from "../testing/command.ts";
import { pthFile } from "../testing/pth-file.ts";
import { writeTaggedScenes } from "../testing/tagged-scenes.ts";
import { hashTree, writeTree } from "../testing/tree.ts";

/** Tagged scenes, and contexts that `train prompts` learned from them. */
let data = "";
const tagged = ["images", "--tags", "tags.csv", "--classes", "classes.txt", "--clip", "toy-clip"];
const train = (out: string): string[] => ["train", "prompts", ...tagged, "--recipe", "short.json", "-o", out];
const learn = (out: string, ...more: string[]): string[] => [
  ...[
    "seed",
    ...tagged,
    "--prompts",
    "learned",
    "--recipe",
    "short.json",
    "--workers",
    "1",
    "-o",
    out,
    ...more,
  ],
];

const mapOf = (out: string): Promise<StoredCam> => readCam(join(data, `${out}/cams/scene-0.safetensors`));

/** The tags, and how many maps they make. */
async function countMaps(): Promise<{ tags: WeakLabels<"tags">; maps: number }> {
  const tags = await readTags(join(data, "tags.csv"), sceneClasses);
  return { tags, maps: [...tags.values()].reduce((sum, { classes }) => sum + classes.length, 0) };
}

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-clip-"));
  await writeTaggedScenes(data, 1);
  const short = { steps: 2, warmupSteps: 1 };
  writeTree(data, {
    "short.json": JSON.stringify({ from: "scenes", classification: short, segmentation: short }),
  });
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

it("cam: CLIP maps the tags of each photo", async () => {
  const { tags, maps } = await countMaps();
  const { code, stdout } = await maskwright(data, "cam", ...tagged, "-o", "written");
  expect({ code, stdout }).toEqual({ code: 0, stdout: `4 images, ${maps} maps: written/cams\n` });
  const cam = await mapOf("written");
  expect([cam.classes, cam.height, cam.width]).toEqual([tags.get("scene-0")?.classes, 3, 4]);
});

it("train prompts: learns contexts, which cam takes", async () => {
  const { code, stdout } = await maskwright(data, ...train("classification"));
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^3 images, 2 steps: loss [\d.]+; classification\/texts\.safetensors\n$/),
  });
  const learned = await maskwright(data, "cam", ...tagged, "--contexts", "classification", "-o", "learned");
  const { maps } = await countMaps();
  expect(learned).toMatchObject({ code: 0, stdout: `4 images, ${maps} maps: learned/cams\n` });
  expect((await mapOf("learned")).data).not.toEqual((await mapOf("written")).data);
});

it("cam: takes contexts as other code keeps them, and refuses a run that learned none", async () => {
  const checkpoint = readFileSync(join(data, "classification/checkpoint.safetensors"));
  const context = readSafetensors(checkpoint).get("context") as NdArray<"float32">;
  writeTree(data, { "ctx.pth": pthFile(new Map([["prompt_learner.ctx", context]])) });
  expect((await maskwright(data, "cam", ...tagged, "--contexts", "ctx.pth", "-o", "given")).code).toBe(0);
  expect(hashTree(join(data, "given/cams"))).toEqual(hashTree(join(data, "learned/cams")));

  const { code, stderr } = await maskwright(data, "cam", ...tagged, "--contexts", "written", "-o", "refused");
  expect([code, existsSync(join(data, "refused"))]).toEqual([2, false]);
  expect(stderr).toContain("expected a run of `maskwright train prompts`, got one of `cam`");
});

it("seed --dry-run: says which trainings it leaves out", async () => {
  const { stdout } = await maskwright(data, ...learn("dry", "--dry-run"));
  expect(linesOf(stdout)).toEqual([
    expect.stringMatching(/^would take about .* for 4 images; nothing was written$/),
    "not counted: training contexts, 2 and 2 steps of 16 photos, and the CAMs of the second round",
  ]);
  expect(existsSync(join(data, "dry"))).toBe(false);
});

it("seed: learns both contexts, and goes on where it was stopped", async () => {
  const stopping = { signal: "SIGINT", pattern: /"stage":"segmentation"/ } as const;
  const stopped = await interruptMaskwright(data, [stopping], ...learn("seeds", "--json"));
  expect(stopped.code).toBe(130);
  expect(existsSync(join(data, "seeds/report.json"))).toBe(false);
  const coarse = (): Record<string, string> => hashTree(join(data, "seeds/coarse"));
  const before = coarse();

  const { code, stdout } = await maskwright(data, ...learn("seeds"));
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/classification contexts: [\d.]+\n.* segmentation contexts: [\d.]+\n/),
  });
  expect(coarse()).toEqual(before);
  const tags = await readTags(join(data, "tags.csv"), sceneClasses);
  for (const [id, { classes }] of tags)
    for (const round of ["coarse/seeds", "seeds"]) {
      const shown = foregroundClasses(readLabelMap(join(data, `seeds/${round}/${id}.png`)));
      expect(shown.filter((each) => !classes.includes(each))).toEqual([]);
    }
});
