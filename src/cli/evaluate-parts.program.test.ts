import { describe, expect, it } from "vitest";
import { type CommandResult, linesOf, maskwright } from "../testing/command.ts";
import { type DrawnPart, partsJson } from "../testing/part-files.ts";
import { labelPng, temporaryFolder, writeTree } from "../testing/tree.ts";

const classes = ["background", "wheel", "door", "lamp"];
type Pictures = Readonly<Record<string, readonly DrawnPart[]>>;

/** Two pictures: a wheel and a door in one, a wheel in the other. */
const truth: Pictures = {
  "a.jpg": [
    [1, "##.. ##.."],
    [2, "...# ...#"],
  ],
  "b/c.jpg": [[1, "#. #. .."]],
};
/** Half of the wheel and all of the door of "a"; all of the wheel of "b/c", and a door of which half hides half of that. */
const found: Pictures = {
  "a.jpg": [
    [1, "##.. ....", 0.9],
    [2, "...# ...#", 0.8],
  ],
  "b/c.jpg": [
    [1, "#. #. ..", 0.6],
    [2, "## .. ..", 0.7],
  ],
};

function folderOf(pred: Pictures, files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = temporaryFolder();
  const json = { "truth.json": partsJson(truth, classes), "pred.json": partsJson(pred, classes) };
  writeTree(folder, { ...json, ...files });
  return folder;
}

function evaluate(folder: string, pred: string, ...args: readonly string[]): Promise<CommandResult> {
  return maskwright(folder, "evaluate-parts", pred, "truth.json", "--workers", "1", ...args);
}

describe("evaluate-parts", () => {
  it("scores instances and the map they make as they come out by hand", async () => {
    const { code, stdout } = await evaluate(folderOf(found), "pred.json", "--json");
    expect(code).toBe(0);
    // Both wheels are right at IoU 0.5; above, the surer one is not: precision 1/2 at 51 of 101 recalls.
    const ap = Math.round(1000 * (1 + (9 * 51) / 101 / 2)) / 100;
    expect(JSON.parse(stdout)).toEqual({
      metric: "dataset",
      images: 2,
      miou: 50,
      miouWithBackground: 54.17, // (5/8 + 3/6 + 2/4) / 3
      macc: 75, // (3/6 + 2/2) / 2
      pixelAccuracy: 71.43, // 10 of 14
      ap50: 100,
      ap: Math.round((ap + 100) * 50) / 100,
      classes: [
        { name: "background", iou: 62.5, accuracy: 83.33, precision: 71.43, f1: 76.92 },
        { name: "wheel", iou: 50, accuracy: 50, precision: 100, f1: 66.67, ap50: 100, ap },
        { name: "door", iou: 50, accuracy: 100, precision: 50, f1: 66.67, ap50: 100, ap: 100 },
        { name: "lamp", iou: null, accuracy: null, precision: null, f1: null, ap50: null, ap: null },
      ],
      objects: [],
      failures: [],
    });
  });

  it("calls the truth itself perfect, where a part lies in another and comes first in the file", async () => {
    const nested: Pictures = {
      "a.jpg": [
        [1, ".##. .##."],
        [2, "#### ####"],
      ],
    };
    const sure = { "a.jpg": nested["a.jpg"].map(([classId, picture]): DrawnPart => [classId, picture, 1]) };
    const folder = folderOf(sure, { "truth.json": partsJson(nested, classes) });
    const { stdout } = await evaluate(folder, "pred.json", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ miou: 100, macc: 100, pixelAccuracy: 100, ap: 100 });
  });

  it("averages over the parts of each object, where the truth has several", async () => {
    const { categories, ...rest } = JSON.parse(partsJson(truth, classes));
    const objects = ["car", "car", "street"];
    const named = categories.map((each: object, k: number) => ({ ...each, supercategory: objects[k] }));
    const folder = folderOf(found, { "truth.json": JSON.stringify({ ...rest, categories: named }) });
    expect(linesOf((await evaluate(folder, "pred.json")).stdout).slice(-4)).toEqual([
      "",
      expect.stringMatching(/^object +mIoU +mACC$/),
      expect.stringMatching(/^car +50\.00 +75\.00$/),
      expect.stringMatching(/^street +– +–$/),
    ]);
    expect(JSON.parse((await evaluate(folder, "pred.json", "--json")).stdout).objects).toEqual([
      { name: "car", parts: 2, miou: 50, macc: 75 },
      { name: "street", parts: 1, miou: null, macc: null },
    ]);
  });

  it("says what a run of another command is", async () => {
    const run = JSON.stringify({ command: "train prompter", options: {}, inputs: {}, versions: {} });
    const folder = folderOf(found, { "run/run.json": run, "run/checkpoint.safetensors": "" });
    const { code, stderr } = await evaluate(folder, "run");
    const error = "error: run: expected part maps (.png), or a run of `predict`, got a run of train prompter";
    expect({ code, error: linesOf(stderr)[0] }).toEqual({ code: 2, error });
  });

  it("takes a folder of part maps, in which instances are not known apart", async () => {
    const maps = { "maps/a.png": labelPng("1102 0002"), "maps/b/c.png": labelPng("22 10 00") };
    const { stdout } = await evaluate(folderOf(found, maps), "maps");
    expect(linesOf(stdout)).toEqual([
      "2 images",
      "                      found",
      "mIoU                  50.00",
      "mIoU with background  54.17",
      "mACC                  75.00",
      "pixel accuracy        71.43",
      "",
      "class                   IoU  accuracy  precision",
      "background            62.50     83.33      71.43",
      "wheel                 50.00     50.00     100.00",
      "door                  50.00    100.00      50.00",
      "lamp                      –         –          –",
    ]);
  });

  it("takes a run, whose part maps count, and scores what bounds it beside it", async () => {
    const folder = folderOf(found, {
      "run/run.json": "{}",
      "run/instances.json": partsJson(found, classes),
      "run/labels/a.png": labelPng("1102 1100"),
      "run/labels/b/c.png": labelPng("10 10 00"),
      "bound.json": partsJson(truth, classes),
    });
    const { stdout } = await evaluate(folder, "run", "--bound", "bound.json", "--json");
    const perfect = { miou: 100, macc: 100, pixelAccuracy: 100 };
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ miou: 75, ap50: 100 }, // wheels as they are, half of the door
      bound: { ...perfect, ap50: 100, ap: 100 },
    });
    const table = await evaluate(folder, "run", "--bound", "bound.json");
    expect(linesOf(table.stdout)[2]).toMatch(/^mIoU +75.00 +100.00$/);
  });

  it("takes a bound that passes over pictures without parts, but over no others", async () => {
    const empty = { "d.jpg": [] as const };
    const folder = folderOf(
      { ...found, ...empty },
      {
        "truth.json": partsJson({ ...truth, ...empty }, classes),
        "bound.json": partsJson(truth, classes),
        "short.json": partsJson({ "a.jpg": truth["a.jpg"] }, classes),
        "maps/a.png": labelPng("1102 1102"),
      },
    );
    const { stdout } = await evaluate(folder, "pred.json", "--bound", "bound.json", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ images: 3, bound: { miou: 100, ap: 100 } });
    for (const bound of ["short.json", "maps"]) {
      const { code, stderr } = await evaluate(folder, "pred.json", "--bound", bound);
      const error = `error: ${bound}: expected the parts of b/c, got none`;
      expect({ code, errors: stderr.match(/^error.*/gm) }).toEqual({ code: 2, errors: [error] });
    }
  });

  it("gives the published figures, of masks in the middle of a square", async () => {
    const { stdout } = await evaluate(folderOf(found), "pred.json", "--metric", "original", "--json");
    // In 1024 rows: "a" lies in rows 256 to 767, of which the wheel is missed in half; the rest counts as perfect.
    const { iou, accuracy, entries, metricBatch } = JSON.parse(stdout);
    expect({ entries, metricBatch }).toEqual({ entries: 3, metricBatch: 1 });
    expect(iou).toBeCloseTo((100 * (0.75 + 1 + 1)) / 3, 0);
    expect(accuracy).toBeGreaterThan(iou);

    const nothing = { ...found, "a.jpg": [] as const };
    const alone = partsJson({ "b/c.jpg": [[1, "#. #. ..", 0.6]] }, classes);
    const folder = folderOf(nothing, { "alone.json": alone });
    const text = await evaluate(folder, "alone.json", "--metric", "original");
    expect(linesOf(text.stdout)).toEqual([
      "1 image, 1 at a time",
      "                  found",
      "IoU (rows)       100.00",
      "accuracy (rows)  100.00",
      "F1 (rows)        100.00",
    ]);
  });

  it("counts a picture in which nothing is found as missed", async () => {
    const results = "[]";
    const { stdout } = await evaluate(folderOf(found, { "results.json": results }), "results.json", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ images: 2, miou: 0, macc: 0, ap50: 0, ap: 0 });
  });

  it("warns of pictures that the predictions do not list, and counts them as missed where --ids names them", async () => {
    const folder = folderOf({ "b/c.jpg": found["b/c.jpg"] }, { "ids.txt": "a\nb/c\n" });
    const some = await evaluate(folder, "pred.json", "--json");
    expect(JSON.parse(some.stdout)).toMatchObject({ images: 1, classes: [{}, { accuracy: 50 }, {}, {}] });
    expect(some.stderr).toContain("pred.json: lists 1 of the 2 images of truth.json");
    const { code, stdout } = await evaluate(folder, "pred.json", "--ids", "ids.txt", "--json");
    expect(code).toBe(0);
    // Of the wheels, 1 pixel of 6; of the door none of 2.
    expect(JSON.parse(stdout)).toMatchObject({ images: 2, macc: 8.33, failures: [] });
  });

  it("records pictures that cannot be scored when it is to keep going", async () => {
    const pred = { "a.jpg": [[1, "#"]], "b/c.jpg": truth["b/c.jpg"], "d.jpg": [[1, "#"]] } as Pictures;
    const { code, stdout } = await evaluate(folderOf(pred), "pred.json", "--keep-going", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      images: 1,
      miou: 100,
      failures: [
        { id: "a", message: "pred.json: a: expected 2×4 like the truth, got 1×1" },
        { id: "d", message: "truth.json: expected the parts of d, got none" },
      ],
    });
    const first = await evaluate(folderOf(pred), "pred.json");
    expect({ code: first.code, error: linesOf(first.stderr)[0] }).toEqual({
      code: 2,
      error: expect.stringMatching(/^error: (pred.json: a|truth.json)/),
    });
  });

  it.each([
    [
      ["pred.json", "--metric-batch", "2"],
      /^error: evaluate-parts: --metric-batch: expected --metric original/,
    ],
    [["truthless.json"], /^error: truthless.json/],
    [["truth.json", "--classes", "names.txt"], /names of the class list, got "lamp"/],
    [["plain.json"], /^error: plain.json: 3 problems/],
  ] as [string[], RegExp][])("refuses %j", async ([pred, ...args], message) => {
    const plain = JSON.parse(partsJson(truth, classes));
    for (const annotation of plain.annotations) delete annotation.score;
    const folder = folderOf(found, {
      "names.txt": "wheel\ndoor\n",
      "plain.json": JSON.stringify(plain),
    });
    const { code, stderr } = await evaluate(folder, pred, ...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  });
});
