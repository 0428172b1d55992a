import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { linesOf, maskwright } from "../testing/command.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { writeWeakScenes } from "../testing/weak-scenes.ts";

describe("init without questions", () => {
  it("writes a recipe with comments that runs as it is", async () => {
    const folder = temporaryFolder();
    await writeWeakScenes(folder, 2, { height: 48, width: 64 });
    const { code, stdout } = await maskwright(
      folder,
      ...["init", "recipes/own.yaml", "--recipe", "boxes", "--images", "images", "--labels", "boxes.csv"],
      ...["--classes", "classes.txt", "--truth", "truth", "--model", "regions"],
    );
    expect({ code, lines: linesOf(stdout) }).toEqual({
      code: 0,
      lines: ["recipes/own.yaml is written", "maskwright run recipes/own.yaml -o runs/own"],
    });
    const text = readFileSync(join(folder, "recipes/own.yaml"), "utf8");
    expect(text).toMatch(
      /^# yaml-language-server: \$schema=\/.*\/recipes\/recipe\.schema\.json\n# Boxes around/,
    );
    for (const line of ["images: ../images", "boxes: ../boxes.csv", "truth: ../truth", "model: regions"])
      expect(text.split("\n")).toContain(line);
    const plan = await maskwright(
      folder,
      "run",
      "recipes/own.yaml",
      "-o",
      "out",
      "--set",
      "segmenter=null",
      "--dry-run",
    );
    expect(plan).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^2 photos; nothing was written\n01-masks: /),
    });
  });

  it("says what is not there yet, and takes names of classes", async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await maskwright(
      folder,
      ...["init", "--recipe", "tags", "--images", "photos", "--labels", "tags.csv", "--classes", "cat, dog"],
      ...["--machine", "gpu"],
    );
    expect({ code, lines: linesOf(stdout) }).toEqual({
      code: 0,
      lines: [
        "maskwright.yaml is written",
        "maskwright.yaml: 2 inputs are missing",
        `  images: expected a folder of photos, got nothing at ${join(folder, "photos")}`,
        `  tags: expected a file of image tags, CSV or JSON, got nothing at ${join(folder, "tags.csv")}`,
        "maskwright run maskwright.yaml -o runs/maskwright",
      ],
    });
    const lines = readFileSync(join(folder, "maskwright.yaml"), "utf8").split("\n");
    for (const line of [
      "classes: [ cat, dog ]",
      "model: mobile-sam",
      "device: cuda",
      "  network: segformer-b2",
    ])
      expect(lines).toContain(line);
  });

  it("keeps a file that is there", async () => {
    const folder = temporaryFolder();
    writeTree(folder, { "maskwright.yaml": "mine" });
    const given = ["--recipe", "tags", "--images", "photos", "--labels", "tags.csv"];
    const { code, stderr } = await maskwright(folder, "init", ...given);
    expect({ code, lines: linesOf(stderr) }).toEqual({
      code: 2,
      lines: [
        "error: maskwright.yaml: expected no file there, got one",
        "hint: Name another file, or delete it.",
      ],
    });
    expect(readFileSync(join(folder, "maskwright.yaml"), "utf8")).toBe("mine");
  });

  it("asks for a terminal, or for the flags that stand in for it", async () => {
    const folder = temporaryFolder();
    const { code, stderr } = await maskwright(folder, "init", "--recipe", "tags");
    expect({ code, lines: linesOf(stderr) }).toEqual({
      code: 2,
      lines: ["error: init: expected a terminal to ask on, or --images, --labels, got neither"],
    });
    expect(existsSync(join(folder, "maskwright.yaml"))).toBe(false);
  });
});
