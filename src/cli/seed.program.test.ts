import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { foregroundClasses } from "../core/label-map.ts";
import { encodeCam } from "../data/cam-file.ts";
import { readLabelMap } from "../data/label-file.ts";
import { encodeProposals } from "../data/proposal-file.ts";
import { readTags } from "../data/weak-labels.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { interruptMaskwright, maskwright } from "../testing/command.ts";
import { writeTaggedScenes } from "../testing/tagged-scenes.ts";
import { hashTree, temporaryFolder, writeTree } from "../testing/tree.ts";

/** Tagged scenes, and `whole`: their seeds, made without a stop. */
let data = "";
const shared = ["images", "--tags", "tags.csv", "--classes", "classes.txt", "--workers", "1"];
const seed = (out: string, ...more: string[]): string[] => [
  ...["seed", ...shared, "--weights", "tiny.safetensors", "-o", out, ...more],
];
const volatile = /^(report\.json|report\.html|log\.ndjson|run\.json)$/;
const readReport = (out: string) => JSON.parse(readFileSync(join(data, out, "report.json"), "utf8"));

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-tagged-"));
  await writeTaggedScenes(data, 4);
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe("seed", () => {
  it("labels tagged photos, odd ones too, and scores every stage of those with truth", async () => {
    const { code, stdout } = await maskwright(data, ...seed("whole", "--truth", "truth", "--overlay"));
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^7 images: [\d.]+ % .*\ntraining loss of the head of the classifier: [\d.]+\n(a class .*\n)?\n4 of 7 images with truth\n +CAM +affinity +seeds +change\nmIoU/,
      ),
    });
    const tags = await readTags(join(data, "tags.csv"), sceneClasses);
    for (const [id, { classes }] of tags) {
      const labels = readLabelMap(join(data, `whole/seeds/${id}.png`));
      const isThin = id === "thin";
      expect([labels.height, labels.width]).toEqual(isThin ? [1, 5000] : [48, 64]);
      expect(foregroundClasses(labels).filter((c) => !classes.includes(c))).toEqual([]);
      expect(existsSync(join(data, `whole/overlay/${id}.jpg`))).toBe(true);
    }
    expect(foregroundClasses(readLabelMap(join(data, "whole/seeds/untagged.png")))).toEqual([]);
    const { stages, perImage, scored } = readReport("whole");
    expect(stages.map(({ name }: { name: string }) => name)).toEqual(["CAM", "affinity", "seeds"]);
    expect(scored).toBe(4);
    expect(perImage.find(({ id }: { id: string }) => id === "untagged")).toEqual({
      ...{ id: "untagged", labeled: 0, before: null, after: null },
    });
    const page = readFileSync(join(data, "whole/report.html"), "utf8");
    for (const text of [
      "Training: head of the classifier",
      "CAM</figcaption>",
      "4 of the 7 images have a truth",
    ])
      expect(page).toContain(text);
  });

  it("ends as if nothing had happened after Ctrl-C among the CAMs, and after it was killed", async () => {
    const args = seed("stopped", "--truth", "truth", "--overlay");
    for (const [pattern, signal, code] of [
      [/"stage":"cams"/, "SIGINT", 130],
      [/"stage":"seeds"/, "SIGKILL", "SIGKILL"],
    ] as const) {
      const run = await interruptMaskwright(data, [{ signal, pattern, count: 2 }], ...args, "--json");
      expect(run.code).toBe(code);
    }
    expect((await maskwright(data, ...args)).code).toBe(0);
    expect(hashTree(join(data, "stopped"), volatile)).toEqual(hashTree(join(data, "whole"), volatile));
    const [{ timing: _, ...stopped }, { timing: __, ...whole }] = ["stopped", "whole"].map(readReport);
    expect(stopped).toEqual(whole);
  });

  it("takes CAMs and masks that are there, with the same result", async () => {
    const args = ["seed", ...shared, "--cams", "whole", "--proposals", "whole"];
    // The folder alone has no attention, so no affinity.
    expect((await maskwright(data, ...args, "-o", "again", "--truth", "truth")).code).toBe(0);
    expect(hashTree(join(data, "again/seeds"))).toEqual(hashTree(join(data, "whole/seeds")));
    expect((await maskwright(data, ...args, "--cams", "whole/cams", "-o", "plain")).code).toBe(0);
    expect(existsSync(join(data, "plain/refined"))).toBe(false);
    expect(readFileSync(join(data, "plain/report.html"), "utf8")).toContain("no affinity refined them");
  });

  it("takes CAMs of other code, on a grid of their own, and scores them", async () => {
    const cam = (classId: number): Uint8Array =>
      encodeCam({ kind: "cam", classes: [classId], height: 1, width: 2, data: Float32Array.of(0, 1) });
    const empty = readFileSync(new URL("../../fixtures/arrays/cam-empty.npy", import.meta.url));
    writeTree(data, {
      "foreign/scene-0.safetensors": cam(sceneClasses.length - 1),
      "foreign/scene-1.npy": empty,
      "beyond/scene-0.safetensors": cam(sceneClasses.length),
    });
    const seeds = (cams: string): Promise<{ code: number | string | null; stderr: string }> =>
      maskwright(
        data,
        ...["seed", "images", "--classes", "classes.txt", "--cams", cams, "--proposals", "whole"],
        ...["--truth", "truth", "-o", `of-${cams}`],
      );
    expect((await seeds("foreign")).code).toBe(0);
    expect(readReport("of-foreign")).toMatchObject({ images: 2, scored: 2, perImage: [{}, { labeled: 0 }] });
    const { code, stderr } = await seeds("beyond");
    const last = sceneClasses.length - 1;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(`expected maps of the ${last} classes of the list, got one of class`),
    });
    expect(existsSync(join(data, "of-beyond/seeds"))).toBe(false);
  });

  it("lets a CRF sharpen the scores, and takes a recipe from a file", async () => {
    writeTree(data, { "recipe.json": JSON.stringify({ affinity: null, power: 2 }) });
    const args = ["--proposals", "whole", "--cams", "whole", "--recipe", "recipe.json", "--crf", "-o", "crf"];
    const { code, stdout } = await maskwright(data, "seed", ...shared, ...args);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^7 images/) });
    expect(readReport("crf").options).toMatchObject({ affinity: null, power: 2, crf: true });
  });

  it("leaves background where there is one mask, or none", async () => {
    const one = { height: 48, width: 64, counts: Uint32Array.of(0, 48 * 64) };
    const whole = {
      rle: one,
      area: 48 * 64,
      box: { x0: 0, y0: 0, x1: 64, y1: 48 },
      predictedIou: 1,
      stability: 1,
    };
    const encode = (id: string, proposals: (typeof whole)[]): string =>
      encodeProposals({ id, height: 48, width: 64, model: "regions", proposals }, {});
    const folder = temporaryFolder();
    writeTree(folder, {
      "masks/scene-0.json": encode("scene-0", [whole]),
      "masks/scene-1.json": encode("scene-1", []),
      "ids.txt": "scene-0\nscene-1\n",
    });
    const [masks, ids] = ["masks", "ids.txt"].map((name) => join(folder, name));
    const args = ["--cams", "whole", "--proposals", masks, "--ids", ids, "-o", "few"];
    expect((await maskwright(data, "seed", ...shared, ...args)).code).toBe(0);
    expect(readReport("few")).toMatchObject({ images: 2, labeled: 0, masks: 1, lost: 2 });
  });
});

describe("seed refuses", () => {
  it.each([
    [["--cams", "whole", "--weights", "tiny.safetensors"], "expected --cams DIR or --weights FILE, got both"],
    [
      ["--cams", "whole", "--proposals", "whole", "--model", "regions"],
      "expected --proposals DIR or --model",
    ],
    [["--cams", "whole", "--prompts", "learned"], "expected --cams DIR or --prompts learned, got both"],
    [["--weights", "tiny.safetensors", "--prompts", "learned"], "--prompts learned: expected --source clip"],
    [["--cams", "truth"], "expected CAM files (npy, npz, safetensors), got label maps"],
    [["--cams", "whole", "--recipe", "wrong.json"], "wrong.json: 2 problems"],
    [["--cams", "whole", "--device", "cpu"], "--device: expected a model, got --model regions"],
    [
      ["--cams", "whole", "--proposals", "whole", "--pred-iou-thresh", "0"],
      "expected masks to make, got --proposals",
    ],
    [["--cams", "whole", "--contexts", "whole"], "expected --cams DIR or --contexts DIR, got both"],
    [["--cams", "whole", "--source", "clip"], "expected --cams DIR or --source NAME, got both"],
    [["--cams", "whole", "--clip", "nope"], "expected --cams DIR or --clip NAME, got both"],
    [["--cams", "whole", "--texts", "nope.json"], "expected --cams DIR or --texts FILE, got both"],
    [["--cams", "whole", "--seed", "2"], "expected --cams DIR or --seed N, got both"],
    [["--weights", "tiny.safetensors", "--cam-keys-from", "0"], "--cam-keys-from: expected --cams DIR"],
    [["--seed", "2"], "--seed: expected something to train, got --source clip"],
    [["--prompts", "learned", "--round", "fine"], "--round NAME or --prompts learned"],
    [["--prompts", "learned"], "maskwright models pull clip-vit-b-16"],
  ])("%j, before anything is written", async (options, message) => {
    writeTree(data, {
      "wrong.json": JSON.stringify({ from: "ade", power: 0 }),
    });
    vi.stubEnv("MASKWRIGHT_HOME", data);
    const { code, stderr } = await maskwright(data, "seed", ...shared, ...options, "-o", "refused");
    vi.unstubAllEnvs();
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(data, "refused"))).toBe(false);
  });
});
