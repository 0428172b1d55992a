import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { foregroundClasses, type LabelMap } from "../core/label-map.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { readCam } from "../data/cam-file.ts";
import { readLabelMap } from "../data/label-file.ts";
import { encodeJpeg, photoSize, readPhoto } from "../data/photo.ts";
import { openNodeRuntime, openWeightFile } from "../engine/node.ts";
import { labelPixels } from "../methods/segment/inference.ts";
import { createPixelClassifier } from "../methods/segment/inference-network.ts";
import { openScores } from "../methods/segment/inference-scores.ts";
import { imageNetNormalization } from "../models/segmenter/normalization.ts";
import { tinyNetworks } from "../models/segmenter/testing/tiny-segmenter.ts";
import { interruptMaskwright, linesOf, maskwright } from "../testing/command.ts";
import { writeScenes } from "../testing/scene-files.ts";
import { writeTinySegmenters } from "../testing/segmenter-files.ts";
import { hashTree, temporaryFolder, timesOf, writeTree } from "../testing/tree.ts";

/** Photos, some of odd sizes, and checkpoints of tiny networks. */
let data = "";

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-labels-"));
  await writeScenes(data, 3, { height: 90, width: 120 });
  const odd = (height: number, width: number): Promise<Uint8Array> => {
    const samples = Uint8Array.from({ length: 3 * height * width }, (_, at) => (at * at * 31) % 251);
    return encodeJpeg({ height, width, data: samples });
  };
  writeTree(data, { "images/pixel.jpg": await odd(1, 1), "images/thin.jpg": await odd(1, 5000) });
  writeTree(data, { "scenes.txt": "scene-0\nscene-1\n" });
  writeTinySegmenters(data);
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

const predict = (out: string, ...args: readonly string[]): string[] => [
  ...["predict", "images", "--checkpoint", "segmenter.safetensors", "-o", out, ...args],
];
const labelsIn = (out: string, id: string): LabelMap => readLabelMap(join(data, out, `labels/${id}.png`));

describe("predict with a segmenter", () => {
  it("labels every pixel of every photo, as the functions do", async () => {
    const { code, stdout } = await maskwright(data, ...predict("found", "--overlay", "--probabilities"));
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^5 images with (cat|dog|cat, dog): found\/labels\n$/),
    });
    const runtime = await openNodeRuntime();
    const weights = openWeightFile(join(data, "segmenter.safetensors"));
    const model = { network: tinyNetworks.segformer, encoder: null, normalization: imageNetNormalization };
    const classifier = createPixelClassifier({ ...model, weights }, runtime);
    for (const id of ["scene-0", "pixel", "thin"]) {
      const image = await readPhoto(join(data, `images/${id}.jpg`));
      // Shorter sides of 64 px, as in training; at most four times as long, and eight times as large.
      const scale = { "scene-0": 64 / 90, pixel: 8, thin: 256 / 5000 }[id] as number;
      const scores = openScores(classifier, [0, 1, 2], image, { scales: [scale] });
      const labels = await labelPixels(scores, image);
      expect(labelsIn("found", id)).toEqual(labels);
      const { height, width } = image;
      expect(await photoSize(join(data, `found/overlay/${id}.jpg`))).toEqual({ height, width });
    }
    await classifier.dispose();
    expect(new Set(labelsIn("found", "scene-0").data).size).toBeGreaterThan(1);
    expect(JSON.parse(readFileSync(join(data, "found/classes.json"), "utf8"))).toEqual([
      ...["background", "cat", "dog"],
    ]);
  });

  it("keeps probabilities that refine and evaluate read", async () => {
    const labels = labelsIn("found", "scene-1");
    const cam = await readCam(join(data, "found/probabilities/scene-1.safetensors"));
    expect(cam).toMatchObject({ height: 23, width: 30, picture: { height: 90, width: 120 } });
    expect(cam.classes).toEqual(foregroundClasses(labels));
    expect(Math.max(...cam.data)).toBeLessThanOrEqual(1);
    expect(Math.min(...cam.data)).toBeGreaterThanOrEqual(0);
    for (const command of [
      ["refine", "found/probabilities", "--images", "images", "-o", "refined"],
      ["evaluate", "found/probabilities", "found"],
      ["evaluate", "found", "found", "--json"],
    ]) {
      const classes = ["--classes", "found/classes.json", "--ids", "scenes.txt"];
      const { code, stdout, stderr } = await maskwright(data, ...command, ...classes);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      if (command.includes("--json")) expect(JSON.parse(stdout).miou).toBe(100);
    }
  });

  it("looks at other sizes, mirror images, through windows, and lets a CRF refine", async () => {
    const maps = new Set<string>([hashTree(join(data, "found/labels"))["scene-0.png"]]);
    for (const [name, ...options] of [
      ["window", "--sliding", "--window", "48", "--stride", "24"],
      ["scales", "--scales", "0.5,1,1.5", "--flip"],
      ["crf", "--crf"],
    ]) {
      const { code } = await maskwright(data, ...predict(name, ...options, "--ids", "scenes.txt"));
      expect(code).toBe(0);
      expect(labelsIn(name, "scene-0")).toMatchObject({ height: 90, width: 120 });
      maps.add(hashTree(join(data, name, "labels"))["scene-0.png"]);
    }
    expect(maps.size).toBe(4);
  });

  it("goes on where it stopped, keeps what is there, and refuses to mix options", async () => {
    const folder = join(data, "again");
    expect((await maskwright(data, ...predict("again", "--limit", "2", "--probabilities"))).code).toBe(0);
    const before = timesOf(join(folder, "labels"));
    const killing = { signal: "SIGKILL", pattern: /"stage":"labels"/ } as const;
    const killed = await interruptMaskwright(
      data,
      [killing],
      ...predict("again", "--probabilities", "--json"),
    );
    expect(killed.code).toBe("SIGKILL");
    expect((await maskwright(data, ...predict("again", "--probabilities"))).code).toBe(0);
    expect(timesOf(join(folder, "labels"))).toMatchObject(before);
    expect(hashTree(join(folder, "probabilities"))).toEqual(hashTree(join(data, "found/probabilities")));
    const { code, stderr } = await maskwright(data, ...predict("again", "--probabilities", "--flip"));
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("flip: expected false as before"),
    });
    const dry = await maskwright(data, ...predict("dry", "--dry-run"));
    expect(dry.stdout).toMatch(/^would take about .*5 images/);
    expect(existsSync(join(data, "dry"))).toBe(false);
  });

  it("takes a light head with its encoder, and a folder as published", async () => {
    for (const [name, checkpoint] of [
      ["light", "light.safetensors"],
      ["hub", "published"],
    ]) {
      const args = ["predict", "images", "--checkpoint", checkpoint, "-o", name, "--json"];
      const { code, stdout } = await maskwright(data, ...args);
      expect({ code, report: JSON.parse(stdout) }).toMatchObject({
        code: 0,
        report: { images: 5, failures: [] },
      });
    }
    // The same weights, whose ids count from 1 without a background.
    const { data: own } = labelsIn("found", "scene-2");
    expect([...labelsIn("hub", "scene-2").data]).toEqual(Array.from(own, (id) => id + 1));
    expect(JSON.parse(readFileSync(join(data, "hub/classes.json"), "utf8"))).toEqual([
      ...["background", "wall", "cat", "dog"],
    ]);
  });
});

describe("a prediction that cannot be made", () => {
  it("records a bad photo and goes on with --keep-going", async () => {
    const folder = temporaryFolder();
    writeTree(folder, {
      "images/a.jpg": readFileSync(join(data, "images/scene-0.jpg")),
      "images/b.jpg": "no photo",
    });
    const args = ["predict", "images", "--checkpoint", join(data, "segmenter.safetensors"), "-o", "out"];
    expect((await maskwright(folder, ...args)).code).toBe(2);
    const { code, stdout } = await maskwright(folder, ...args, "--keep-going", "--json");
    expect({ code, report: JSON.parse(stdout) }).toMatchObject({
      ...{ code: 1, report: { images: 1, failures: [{ id: "b" }] } },
    });
  });

  it.each<[string[], RegExp]>([
    [["--model", "sam-vit-b"], /^error: --model: expected a prompter's checkpoint, got a segmenter's$/],
    [["--sliding", "--window", "4096"], /^error: window: side: expected an integer from 1 to 2048, got 4096/],
    [
      ["--sliding", "--window", "32", "--stride", "33"],
      /^error: window: stride: expected an integer from 1 to/,
    ],
    [["--checkpoint", "images"], /^error: images: expected config.json and model.safetensors of a SegFormer/],
    [["--checkpoint", "plain.safetensors", "--flip"], /^error: --flip: expected a segmenter's checkpoint/],
  ])("%j", async (options, message) => {
    writeTree(data, { "plain.safetensors": writeSafetensors(new Map()) });
    const { code, stderr } = await maskwright(data, ...predict("refused", ...options));
    expect({ code, line: linesOf(stderr).find((line) => line.startsWith("error")) }).toEqual({
      ...{ code: 2, line: expect.stringMatching(message) },
    });
  });
});
