import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCam } from "../data/cam-file.ts";
import { decodeCheckpoint } from "../engine/checkpoint.ts";
import { readSegmenter } from "../run/segmenter/segmenter-checkpoint.ts";
import { interruptMaskwright, linesOf, maskwright } from "../testing/command.ts";
import { writeTaggedScenes } from "../testing/tagged-scenes.ts";
import { hashTree, labelPng, temporaryFolder, writeTree } from "../testing/tree.ts";

/** Drawn scenes with their truth and a tiny MobileNet, and in `whole` a training that nothing interrupted. */
let data = "";
const PHOTOS = 5;

const train = (out: string, ...args: readonly string[]): string[] => [
  ...["train", "segmenter", join(data, "images"), "--labels", join(data, "truth")],
  ...["--classes", join(data, "classes.txt"), "--encoder", join(data, "tiny.safetensors")],
  ...["--side", "64", "--batch", "2", "--steps", "12", "--val-every", "4", "--ema"],
  ...["--checkpoint-every", "3", "--val", "0.2", "-o", out, ...args],
];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-segmenter-"));
  await writeTaggedScenes(data, PHOTOS);
  const { code, stdout, stderr } = await maskwright(data, ...train("whole"));
  expect({ code, stdout, errors: stderr.match(/error.*/g) }).toEqual({
    code: 0,
    stdout: expect.stringMatching(
      /^4 images, 12 steps: loss [\d.]+, mIoU [\d.]+ % of 1 after step \d+; waited for photos [\d.]+ % of the time; whole\/checkpoint/,
    ),
    errors: null,
  });
});

afterAll(() => rmSync(data, { recursive: true, force: true }));

/** Everything a run leaves that must not depend on how it came about. */
const outcome = (folder: string): unknown => hashTree(folder, /^(report\.json|log\.ndjson)$/);

describe("train segmenter", () => {
  it("leaves a checkpoint that says all about itself, the best one, the split, and the curves", async () => {
    const path = join(data, "whole/checkpoint.safetensors");
    expect(decodeCheckpoint(readFileSync(path), path).step).toBe(12);
    expect(await readSegmenter(path)).toMatchObject({
      classes: expect.arrayContaining(["background"]),
      network: { kind: "light", encoder: { kind: "mobilenet" }, config: { levels: [4, 4, 24] } },
      side: 64,
      training: { photos: 4, seed: 0, init: null, classWeights: null, recipe: { steps: 12, batch: 2 } },
    });
    const best = join(data, "whole/best.safetensors");
    const { config, step, optimizer } = decodeCheckpoint(readFileSync(best), best);
    expect((config as { validation: { step: number } }).validation.step).toBe(step);
    expect(optimizer.moments.size).toBe(0);
    expect((await readSegmenter(best)).side).toBe(64);
    const ids = ["train", "val"].map((name) =>
      linesOf(readFileSync(join(data, `whole/${name}.txt`), "utf8")),
    );
    expect(ids.map(({ length }) => length)).toEqual([4, 1]);
    const log = linesOf(readFileSync(join(data, "whole/training.ndjson"), "utf8")).map((line) =>
      JSON.parse(line),
    );
    expect(log.filter((line) => "val mIoU" in line).map((line) => line.step)).toEqual([4, 8, 12]);
    expect(log.at(-1).loss).toBeLessThan(log[0].loss);
    expect(readFileSync(join(data, "whole/report.html"), "utf8")).toContain("val mIoU");
    const report = JSON.parse(readFileSync(join(data, "whole/report.json"), "utf8"));
    expect(report.timing.waiting).toBeLessThanOrEqual(1);
    expect(report.best.miou).toBe(Math.max(...log.map((line) => line["val mIoU"] ?? 0)));
  });

  it("ends with the same bytes after it was killed, and stopped", async () => {
    const folder = temporaryFolder();
    const killing = { signal: "SIGKILL", pattern: /"stage":"train","id":"5"/ } as const;
    const killed = await interruptMaskwright(folder, [killing], ...train("out", "--json"));
    expect(killed.code).toBe("SIGKILL");
    const stopping = { signal: "SIGINT", pattern: /"stage":"train","id":"\d+"/, count: 2 } as const;
    const stopped = await interruptMaskwright(folder, [stopping], ...train("out", "--json"));
    expect(stopped.code).toBe(130);
    expect((await maskwright(folder, ...train("out"))).code).toBe(0);
    expect(outcome(join(folder, "out"))).toEqual(outcome(join(data, "whole")));
  });

  it("trains SegFormer on shares of classes, and says what it would take to go on from there", async () => {
    const folder = temporaryFolder();
    const camOf = (k: number): Uint8Array =>
      encodeCam(
        { kind: "cam", classes: [1 + k], height: 2, width: 2, data: Float32Array.of(0, 1, 2, 3) },
        { height: 48, width: 64 },
      );
    writeTree(
      folder,
      Object.fromEntries(Array.from({ length: 3 }, (_, k) => [`cams/scene-${k}.safetensors`, camOf(k)])),
    );
    const soft = (out: string, ...args: readonly string[]): string[] => [
      ...["train", "segmenter", join(data, "images"), "--labels", join(folder, "cams"), "--val", "0"],
      ...["--classes", join(data, "classes.txt"), "--side", "32", "--batch", "1", "--steps", "2"],
      ...["-o", out, ...args],
    ];
    const first = await maskwright(folder, ...soft("first"));
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^3 images, 2 steps: loss [\d.]+; /),
    });
    const init = ["--init", join("first", "checkpoint.safetensors"), "--class-weights", "auto"];
    const dry = await maskwright(folder, ...soft("dry", ...init, "--dry-run"));
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^2 steps of 1 photo at 32 px, [\d.]+ s each\nwould take about /),
    });
    const { training, network } = await readSegmenter(join(folder, "first/checkpoint.safetensors"));
    expect(network.kind).toBe("segformer");
    expect(training).toMatchObject({ init: null, photos: 3, recipe: { rate: 3e-4 } });
    // The dry run wrote nothing.
    expect(Object.keys(hashTree(folder)).some((name) => name.startsWith("dry"))).toBe(false);
  });

  it("leaves out photos of which nothing is known, and weighs pixels by how sure they are", async () => {
    const folder = temporaryFolder();
    const truth = readFileSync(join(data, "truth/scene-0.png"));
    const gray = labelPng(Array.from({ length: 48 }, () => "z".repeat(64)).join(" "));
    const nothing = labelPng(Array.from({ length: 48 }, () => "x".repeat(64)).join(" "));
    writeTree(folder, {
      "labels/scene-0.png": truth,
      "labels/scene-1.png": nothing,
      "sure/scene-0.png": gray,
      "sure/scene-1.png": gray,
    });
    const { code, stdout, stderr } = await maskwright(
      folder,
      ...train("out", "--labels", "labels", "--confidence", "sure", "--val", "0", "--steps", "2"),
    );
    expect({ code, stdout, warned: stderr.match(/left out.*/g) }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^1 image, 2 steps/),
      warned: ["left out 1 without a pixel that is known (scene-1)"],
    });
  });
});

describe("a training that cannot begin", () => {
  it.each([
    [["--side", "60"], /^error: --side: expected a multiple of 32, got 60/],
    [["--network", "segformer-b0"], /expected --network light with --encoder, got segformer-b0$/],
    [["--init", "x.safetensors"], /expected --encoder or --init, got both$/],
    [["--val", "1"], /expected photos to train on beside the 5 for validation, got none$/],
    [["--encoder", "vgg"], /^error: --encoder: expected one of .*, or the file of a MobileNetV2, got "vgg"$/],
    [["--steps", "13", "-o", join("..", "whole")], /: recipe\.steps: expected 12 as before, got 13/],
  ] as [string[], RegExp][])("%j", async (options, message) => {
    const folder = join(data, "refused");
    writeTree(folder, { ".keep": "" });
    const { code, stderr } = await maskwright(folder, ...train("out", ...options));
    expect({ code, message: linesOf(stderr).find((line) => line.startsWith("error")) }).toEqual({
      code: 2,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ["of a class beyond the list", "z", /scene-0\.png: expected class ids below \d+, .*, got 35$/],
    ["that know nothing", "x", /expected pixels of some class, got none that is known$/],
    ["that are all background", "0", /expected pixels of some class, got nothing but the background$/],
  ])("labels %s", async (_, pixel, message) => {
    const folder = temporaryFolder();
    const rows = Array.from({ length: 48 }, () => pixel.repeat(64));
    writeTree(folder, { "labels/scene-0.png": labelPng(rows.join(" ")) });
    const { code, stderr } = await maskwright(folder, ...train("out", "--labels", "labels", "--val", "0"));
    expect({ code, message: linesOf(stderr).find((line) => line.startsWith("error")) }).toEqual({
      code: 2,
      message: expect.stringMatching(message),
    });
  });

  it("a truth of another size than its photo", async () => {
    const folder = temporaryFolder();
    const truths = Array.from({ length: PHOTOS }, (_, k) => [`truth/scene-${k}.png`, labelPng("01 10")]);
    writeTree(folder, Object.fromEntries(truths));
    const { code, stderr } = await maskwright(folder, ...train("out", "--val-labels", "truth"));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/scene-\d\.png: expected 48×64 as its photo, got 2×2/),
    });
  });

  it("labels of another size than their photo", async () => {
    const folder = temporaryFolder();
    writeTree(folder, { "labels/scene-0.png": labelPng("01 10") });
    const { code, stderr } = await maskwright(folder, ...train("out", "--labels", "labels", "--val", "0"));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/scene-0\.png: expected 48×64 as its photo, got 2×2/),
    });
  });
});
