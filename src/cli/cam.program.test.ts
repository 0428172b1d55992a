import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readCam, type StoredCam } from "../data/cam-file.ts";
import { photoSize } from "../data/photo.ts";
import { readTags } from "../data/weak-labels.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { interruptMaskwright, linesOf, maskwright } from "../testing/command.ts";
import { writeTaggedScenes } from "../testing/tagged-scenes.ts";
import { hashTree, temporaryFolder, writeTree } from "../testing/tree.ts";

/** Tagged scenes, and `whole`: their CAMs, which nothing interrupted. */
let data = "";
const cam = (out: string, ...more: string[]): string[] => [
  ...["cam", "images", "--tags", "tags.csv", "--classes", "classes.txt", "--weights", "tiny.safetensors"],
  ...["--workers", "1", "-o", out, ...more],
];
const volatile = /^(report\.json|log\.ndjson|run\.json)$/;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-tagged-"));
  await writeTaggedScenes(data, 4);
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe("cam", () => {
  it("maps the classes of each photo, odd photos too, and reports the training's loss", async () => {
    const { code, stdout } = await maskwright(data, ...cam("whole", "--attention", "--overlay"));
    const tags = await readTags(join(data, "tags.csv"), sceneClasses);
    const maps = [...tags.values()].reduce((sum, { classes }) => sum + classes.length, 0);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(`^7 images, ${maps} maps, training loss [\\d.]+: whole/cams\n$`),
      ),
    });
    const read = (id: string): Promise<StoredCam> => readCam(join(data, `whole/cams/${id}.safetensors`));
    for (const [id, { classes }] of tags) {
      const { classes: found, picture, data } = await read(id);
      expect(found).toEqual(classes);
      expect(picture).toEqual(id === "thin" ? { height: 1, width: 5000 } : { height: 48, width: 64 });
      expect(data.some((value) => value !== 0)).toBe(classes.length > 0);
    }
    expect(await photoSize(join(data, "whole/overlay/thin.jpg"))).toEqual({ height: 1, width: 5000 });
    const { height, width } = await read("thin");
    expect([height, width]).toEqual([2, 28]);
    expect(existsSync(join(data, "whole/attention/untagged.safetensors"))).toBe(false);
    const losses = linesOf(readFileSync(join(data, "whole/head.ndjson"), "utf8")).map((line) =>
      JSON.parse(line),
    );
    expect(losses).toHaveLength(500);
    expect(losses[499].loss).toBeLessThan(losses[0].loss / 2);
  });

  it("ends as if nothing had happened after Ctrl-C", async () => {
    const { code } = await interruptMaskwright(
      data,
      [{ signal: "SIGINT", pattern: /"stage":"head"/, count: 20 }],
      ...cam("stopped", "--attention", "--overlay", "--json"),
    );
    expect(code).toBe(130);
    expect(existsSync(join(data, "stopped/cams"))).toBe(false);
    expect((await maskwright(data, ...cam("stopped", "--attention", "--overlay"))).code).toBe(0);
    expect(hashTree(join(data, "stopped"), volatile)).toEqual(hashTree(join(data, "whole"), volatile));
  });

  it("says what it would take, and writes nothing", async () => {
    const { code, stdout } = await maskwright(data, ...cam("dry", "--dry-run"));
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^would take .* 7 images/) });
    expect(existsSync(join(data, "dry"))).toBe(false);
  });
});

it("records photos that are missing or cannot be read with --keep-going, and learns from the others", async () => {
  const folder = temporaryFolder();
  await writeTaggedScenes(folder, 2);
  const tags = readFileSync(join(folder, "tags.csv"), "utf8");
  writeTree(folder, { "images/scene-0.jpg": "no photo", "tags.csv": `${tags}moon.jpg,car\n` });
  const { code: refused, stderr } = await maskwright(folder, ...cam("out"));
  expect(refused).toBe(2);
  expect(stderr).toContain("--keep-going works on those that are here");
  const { code, stdout } = await maskwright(folder, ...cam("out", "--keep-going", "--json"));
  const { images, failures } = JSON.parse(stdout);
  expect({ code, images, failed: failures.map(({ id }: { id: string }) => id) }).toEqual({
    ...{ code: 1, images: 4, failed: ["moon", "scene-0"] },
  });
  const seed = cam("seeds", "--keep-going", "--json", "--dry-run").with(0, "seed");
  const dry = await maskwright(folder, ...seed);
  expect({ code: dry.code, ...JSON.parse(dry.stdout) }).toMatchObject({
    ...{ code: 1, images: 4, failures: [{ id: "scene-0" }] },
  });
});

describe("cam refuses", () => {
  it.each([
    [
      "an unknown tag, with its line",
      "file,tags\nscene-0.jpg,car;unicorn\nscene-1.jpg,dragon\n",
      "2 problems",
    ],
    ["a photo that is not there", "file,tags\nmoon.jpg,car\n", "got none for 1 of them (moon)"],
    [
      "tags of nothing",
      "file,tags\nscene-0.jpg,\n",
      "tags.csv: expected photos with tags, got none with any",
    ],
  ])("%s", async (_, tags, message) => {
    const folder = temporaryFolder();
    writeTree(folder, { "tags.csv": tags });
    const args = cam(join(folder, "out"));
    args[3] = join(folder, "tags.csv");
    const { code, stderr } = await maskwright(data, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each([
    // Without weights it is CLIP that is asked.
    [[], "maskwright models pull clip-vit-b-16"],
    [["--source", "classifier"], "--weights: expected a MobileNetV2 file, got none"],
    [["--source", "clip", "--weights", "tiny.safetensors"], "--weights: expected nothing with --source clip"],
    [["--seed", "2"], "--seed: expected something to train, got --source clip"],
    [["--weights", "nothing.tflite"], "nothing.tflite: expected a file, got nothing there"],
    [["--weights", "tags.csv"], "--weights: expected a file ending in .tflite"],
  ])("weights %j, before anything is written", async (weights, message) => {
    const args = cam("refused").filter((word) => word !== "--weights" && word !== "tiny.safetensors");
    vi.stubEnv("MASKWRIGHT_HOME", data);
    const { code, stderr } = await maskwright(data, ...args, ...weights);
    vi.unstubAllEnvs();
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(data, "refused"))).toBe(false);
  });
});
