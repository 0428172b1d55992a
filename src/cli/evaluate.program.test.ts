import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CommandResult, linesOf, maskwright } from "../testing/command.ts";
import { dataFolder } from "../testing/folders.ts";
import { labelPng, temporaryFolder, writeTree } from "../testing/tree.ts";

const classes = "background\ncat\ndog\nghost\n";

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  const pictures = Object.entries(files).map(([name, drawing]) => [`${name}.png`, labelPng(drawing)]);
  writeTree(folder, { ...Object.fromEntries(pictures), "classes.txt": classes });
  return folder;
}

function evaluate(folder: string, ...args: string[]): Promise<CommandResult> {
  return maskwright(
    folder,
    "evaluate",
    "pred",
    "truth",
    "--classes",
    "classes.txt",
    "--workers",
    "1",
    ...args,
  );
}

describe("evaluate", () => {
  it("prints the scores of a pair as they come out by hand", async () => {
    // Scored are 5 pixels. background: 2 of (2 true + 1 more predicted); cat: 1 of 2; dog: 1 of 1.
    const folder = folderOf({ "truth/a": "011 x20", "pred/a": "010 120" });
    const { code, stdout } = await evaluate(folder, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      metric: "dataset",
      images: 1,
      miou: 72.22, // (2/3 + 1/2 + 1) / 3
      foregroundMiou: 75,
      pixelAccuracy: 80,
      classes: [
        { name: "background", iou: 66.67, precision: 66.67, recall: 100 },
        { name: "cat", iou: 50, precision: 100, recall: 50 },
        { name: "dog", iou: 100, precision: 100, recall: 100 },
        { name: "ghost", iou: null, precision: null, recall: null },
      ],
      failures: [],
    });
  });

  it("sums over the pictures before it divides", async () => {
    // background: 3 of 4 in one picture, 1 of 2 in the other: 4 of 6 together; cat: 2 of 3 and 0 of 1: 2 of 4.
    const folder = folderOf({
      "truth/a": "000 110",
      "pred/a": "000 111",
      "truth/b/c": "0 1",
      "pred/b/c": "0 0",
    });
    const { stdout } = await evaluate(folder, "--json");
    expect(JSON.parse(stdout).classes.map(({ iou }: { iou: number }) => iou)).toEqual([
      66.67,
      50,
      null,
      null,
    ]);
  });

  it("prints a table for people, with the labels before beside it", async () => {
    const folder = folderOf({ "truth/a": "011", "pred/a": "011", "old/a": "001" });
    const { stdout, stderr } = await evaluate(folder, "--before", "old");
    expect(stdout).toContain("1 image\n");
    expect(stdout).toMatch(/mIoU\s+50\.00\s+100\.00/);
    expect(stdout).not.toContain("NaN");
    expect(stderr).not.toContain("error");
  });

  it("prints the published figures under the other metric", async () => {
    // specs: the running IoUs of this pair are 0.6667, 0.7 and 0.6667.
    const folder = folderOf({
      "truth/a": "111000 1122x0 002233",
      "pred/a": "110040 111220 002203",
      "truth/empty": "00x",
      "pred/empty": "010",
    });
    const { stdout } = await evaluate(folder, "--metric", "original", "--json");
    expect(JSON.parse(stdout)).toEqual({
      metric: "original",
      images: [
        { name: "a", miou: 0.678, precision: 0.855, recall: 0.768 },
        { name: "empty", miou: null, precision: null, recall: null },
      ],
    });
  });

  it("writes the published CSV, float residue and line ends included", async () => {
    const folder = folderOf({
      "truth/a": "111000 1122x0 002233",
      "before/a": "110040 111220 002203",
      "pred/a": "111000 112200 002233",
    });
    const { code } = await evaluate(
      folder,
      "--before",
      "before",
      "--metric",
      "original",
      "--csv",
      "out/summary.csv",
    );
    expect(code).toBe(0);
    expect(readFileSync(join(folder, "out/summary.csv"), "latin1")).toBe(
      "name,pseudo_mIoU,pseudo_mprecision,pseudo_mrecall,after_sam_mIoU,after_sam_mprecision,after_sam_mrecall,mIoU_delta,mprecision_delta,mrecall_delta\r\n" +
        "a,0.678,0.855,0.768,1.0,1.0,1.0,0.32199999999999995,0.14500000000000002,0.23199999999999998\r\n",
    );
  });

  it.each([
    ["without --before", ["--metric", "original", "--csv", "x.csv"]],
    ["with the data set's metric", ["--before", "pred", "--csv", "x.csv"]],
  ])("refuses --csv %s before it works", async (_, args) => {
    const folder = folderOf({ "truth/a": "0", "pred/a": "0" });
    const { code, stdout, stderr } = await evaluate(folder, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(linesOf(stderr)[0]).toMatch(/^error: evaluate: --csv: expected /);
  });

  it("stops at a picture of another size, naming both files", async () => {
    const folder = folderOf({ "truth/a": "011 020", "pred/a": "01 00" });
    const { code, stdout, stderr } = await evaluate(folder);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(linesOf(stderr)).toEqual(["error: pred/a.png: expected 2×3 like truth/a.png, got 2×2"]);
  });

  it("stops at a picture without ground truth, and says how to choose", async () => {
    const folder = folderOf({ "truth/a": "0", "pred/a": "0", "pred/b": "0" });
    const { code, stderr } = await evaluate(folder);
    expect(code).toBe(2);
    expect(linesOf(stderr)).toEqual([
      "error: truth/b.png: expected the ground truth of b, got nothing there",
      "hint: --ids FILE chooses the images to score.",
    ]);
  });

  it("records bad pictures, scores the others and exits 1 when it is to keep going", async () => {
    const folder = folderOf({
      "truth/a": "01",
      "pred/a": "01",
      "truth/b": "01",
      "pred/b": "0",
      "pred/c": "0",
    });
    const { code, stdout, stderr } = await evaluate(folder, "--keep-going", "--json");
    expect(code).toBe(1);
    const { images, miou, failures } = JSON.parse(stdout);
    expect({ images, miou }).toEqual({ images: 1, miou: 100 });
    expect(failures).toEqual([
      { id: "b", message: "pred/b.png: expected 1×2 like truth/b.png, got 1×1" },
      { id: "c", message: "truth/c.png: expected the ground truth of c, got nothing there" },
    ]);
    const warnings = linesOf(stderr).filter((line) => JSON.parse(line).event === "warning");
    expect(warnings.length).toBe(2);
  });

  it("does not score when every picture is bad", async () => {
    const folder = folderOf({ "truth/a": "01", "pred/a": "0" });
    const { code, stdout, stderr } = await evaluate(folder, "--keep-going");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: evaluate: of 1 image all failed; the first: pred\/a\.png/m);
  });

  it("takes the ids of a list, in its order, and the first few of them", async () => {
    const folder = folderOf({ "truth/a": "0", "pred/a": "1", "truth/b": "0", "pred/b": "0", "pred/c": "0" });
    writeTree(folder, { "ids.txt": "b\na\n" });
    const both = await evaluate(folder, "--ids", "ids.txt", "--metric", "original", "--json");
    expect(JSON.parse(both.stdout).images.map(({ name }: { name: string }) => name)).toEqual(["b", "a"]);
    const first = await evaluate(folder, "--ids", "ids.txt", "--limit", "1", "--json");
    expect(JSON.parse(first.stdout)).toMatchObject({ images: 1, miou: 100 });
  });

  it("refuses an id that the folder lacks", async () => {
    const folder = folderOf({ "truth/a": "0", "pred/a": "1" });
    writeTree(folder, { "ids.txt": "a\nz\n" });
    const { code, stderr } = await evaluate(folder, "--ids", "ids.txt");
    expect(code).toBe(2);
    expect(linesOf(stderr)[0]).toBe("error: pred: expected the 2 ids of ids.txt, got none for 1 of them (z)");
  });
});

const voc = dataFolder("voc2012");

describe.skipIf(voc === null)("evaluate, real pseudo labels", () => {
  it.each([
    ["train.txt", 1464, 70.14],
    ["train_with_images.txt", 49, 60.94],
  ])("scores TransCAM on %s", async (list, images, miou) => {
    const folder = voc as string;
    const { stdout } = await maskwright(
      folder,
      "evaluate",
      "pseudo_labels/transcam",
      "SegmentationClass",
      ...["--classes", "voc", "--ids", `ImageSets/Segmentation/${list}`, "--json"],
    );
    const scores = JSON.parse(stdout);
    expect(scores).toMatchObject({ images, miou });
    expect(scores.classes.length).toBe(21);
  });
});
