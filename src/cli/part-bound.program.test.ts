import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../core/random.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { readLabelMap } from "../data/label-file.ts";
import { readPhoto } from "../data/photo.ts";
import { decodeTargets, drawParts } from "../methods/wps/predict.ts";
import { boxCenters, teachParts } from "../methods/wps/teacher.ts";
import { partImageNetPrompter } from "../models/prompter/config.ts";
import { drawPrompter } from "../models/prompter/initial.ts";
import { openSam } from "../run/open-sam.ts";
import { linesOf, maskwright } from "../testing/command.ts";
import { importRandomModel, writePartScenes } from "../testing/part-scenes.ts";
import { temporaryFolder, timesOf, writeTree } from "../testing/tree.ts";

/** Two photos, their parts in the manner of PartImageNet, a model of random weights, and prompters that boxes and centers taught. */
let data = "";
const home = process.env.MASKWRIGHT_HOME;

const network = {
  ...partImageNetPrompter,
  ...{ dim: 16, mlpDim: 16, encoderLayers: 1, decoderLayers: 1, queries: 2, classes: 2 },
};
const boxes = [
  { classId: 1, x0: 4, y0: 6, x1: 30, y1: 40 },
  { classId: 2, x0: 36, y0: 2, x1: 60, y1: 31 },
];

function partsOf(moved = 0): string {
  const annotations = boxes.map(({ classId, x0, y0, x1, y1 }, k) => ({
    id: k + 1,
    image_id: 1,
    category_id: [3, 8][classId - 1],
    bbox: [x0 + moved, y0, x1 - x0, y1 - y0],
    segmentation: [[x0, y0, x1, y0, x1, y1, x0, y1]],
  }));
  const line = { id: 3, image_id: 2, category_id: 3, bbox: [1, 1, 9, 9], segmentation: [[1, 1, 9, 9]] };
  return JSON.stringify({
    images: [0, 1].map((k) => ({ id: k + 1, file_name: `part-${k}.jpg`, height: 48, width: 64 })),
    categories: [
      { id: 3, name: "Body", supercategory: "Car" },
      { id: 8, name: "Body", supercategory: "Boat" },
    ],
    annotations: [...annotations, line],
  });
}

function checkpointOf(supervision: "boxes" | "centers"): Uint8Array {
  const config = {
    kind: "prompter",
    model: { name: "mobile-sam", sha256: "0".repeat(64), precision: "float32" },
    classes: ["background", "Car Body", "Boat Body"],
    categoryIds: [0, 3, 8],
    network,
    training: { supervision },
  };
  return writeSafetensors(drawPrompter(network, random(1)), { config: JSON.stringify(config) });
}

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-bound-"));
  process.env.MASKWRIGHT_HOME = join(data, "home");
  await writePartScenes(data, 2);
  await importRandomModel(join(data, "home"));
  const points = boxes.map(({ classId, x0, y0, x1, y1 }) =>
    ["part-0.jpg", ["Car Body", "Boat Body"][classId - 1], (x0 + x1) / 2, (y0 + y1) / 2].join(),
  );
  writeTree(data, {
    "boxes.safetensors": checkpointOf("boxes"),
    "centers.safetensors": checkpointOf("centers"),
    "parts.json": partsOf(),
    "points.csv": ["file,class,x,y", ...points, ""].join("\n"),
  });
});

afterAll(() => {
  if (home === undefined) delete process.env.MASKWRIGHT_HOME;
  else process.env.MASKWRIGHT_HOME = home;
  rmSync(data, { recursive: true, force: true });
});

const bound = (taught: string, out: string, ...args: readonly string[]): string[] => [
  ...["predict", join(data, "images"), "--checkpoint", join(data, `${taught}.safetensors`)],
  ...["--model", "mobile-sam", "-o", out, ...args],
];

describe("predict with true parts", () => {
  it("draws what the teacher makes of them, which evaluate-parts takes for the bound", async () => {
    const folder = temporaryFolder();
    const parts = join(data, "parts.json");
    const { code, stdout, stderr } = await maskwright(folder, ...bound("boxes", "bound", "--parts", parts));
    expect({ code, stdout, warned: stderr.includes("left out 1 mask of fewer than three corners") }).toEqual({
      code: 0,
      stdout: "2 images, 2 parts: bound/instances.json, part maps in bound/labels\n",
      warned: true,
    });
    const again = await maskwright(folder, ...bound("centers", "centers", "--parts", parts));
    expect(again.code).toBe(0);
    const points = bound("centers", "points", "--points", join(data, "points.csv"));
    expect((await maskwright(folder, ...points)).code).toBe(0);

    const model = await openSam("mobile-sam");
    const image = await readPhoto(join(data, "images/part-0.jpg"));
    const embedding = await model.embed(image);
    const label = { kind: "boxes", boxes } as const;
    const [byBoxes, byCenters] = await Promise.all(
      [label, boxCenters(label)].map(async (taught) => {
        const targets = await teachParts(model, taught, embedding.original);
        return drawParts(await decodeTargets(model, embedding, targets), image);
      }),
    );
    await model.close();
    const labelsOf = (out: string, id: string) => readLabelMap(join(folder, out, `labels/${id}.png`));
    expect(byBoxes.labels).not.toEqual(byCenters.labels);
    expect(labelsOf("bound", "part-0")).toEqual(byBoxes.labels);
    expect(labelsOf("centers", "part-0")).toEqual(byCenters.labels);
    expect(labelsOf("points", "part-0")).toEqual(byCenters.labels);
    expect(new Set(labelsOf("bound", "part-1").data)).toEqual(new Set([0]));
    const { categories, annotations } = JSON.parse(
      readFileSync(join(folder, "bound/instances.json"), "utf8"),
    );
    expect(categories).toEqual([
      { id: 3, name: "Car Body" },
      { id: 8, name: "Boat Body" },
    ]);
    expect(annotations.map(({ category_id: id }: { category_id: number }) => id)).toEqual([3, 8]);

    const scored = await maskwright(folder, "evaluate-parts", "centers", parts, "--bound", "bound", "--json");
    const { classes, bound: best } = JSON.parse(scored.stdout);
    expect(classes.map(({ name }: { name: string }) => name)).toEqual([
      "background",
      "Car Body",
      "Boat Body",
    ]);
    expect(best.miou).toBeGreaterThanOrEqual(0);
  });

  it("goes on where it stopped, and draws again what moved", async () => {
    const folder = temporaryFolder();
    writeTree(folder, { "parts.json": partsOf() });
    const args = bound("boxes", "out", "--parts", "parts.json");
    expect((await maskwright(folder, ...args, "--limit", "1")).code).toBe(0);
    const first = timesOf(join(folder, "out/labels"));
    expect(Object.keys(first)).toEqual(["part-0.png"]);
    expect((await maskwright(folder, ...args)).code).toBe(0);
    const second = timesOf(join(folder, "out/labels"));
    expect(second).toMatchObject(first);
    writeTree(folder, { "parts.json": partsOf(2) });
    expect((await maskwright(folder, ...args)).code).toBe(0);
    const third = timesOf(join(folder, "out/labels"));
    expect(third["part-0.png"]).not.toBe(second["part-0.png"]);
    expect(third["part-1.png"]).toBe(second["part-1.png"]);
  });

  it.each([
    [["--points", "points.csv"], /^error: --points: expected boxes, as they taught .*, got points$/],
    [
      ["--points", "points.csv", "--parts", "parts.json"],
      /'--points <file>' cannot be used with option '--pa/,
    ],
    [["--parts", "parts.json", "--raw-tokens"], /'--parts <file>' cannot be used with option '--raw-tokens'/],
  ] as [string[], RegExp][])("refuses %j", async (options, message) => {
    const { code, stderr } = await maskwright(data, ...bound("boxes", "refused", ...options));
    expect({ code, line: linesOf(stderr)[0] }).toEqual({ code: 2, line: expect.stringMatching(message) });
  });
});
