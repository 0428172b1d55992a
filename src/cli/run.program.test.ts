import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { interruptMaskwright, linesOf, maskwright } from "../testing/command.ts";
import { hashTree, temporaryFolder, timesOf, writeTree } from "../testing/tree.ts";
import { writeWeakScenes } from "../testing/weak-scenes.ts";

/** Scenes with every kind of weak labels, a recipe of boxes beside them, and `whole`: a run that nothing interrupted. */
let data = "";
const recipe =
  "method: boxes\nimages: images\nboxes: boxes.csv\nclasses: classes.txt\ntruth: truth\nsegmenter: null\n";
const run = (out: string, ...args: readonly string[]): string[] => [
  "run",
  join(data, "recipe.yaml"),
  "-o",
  out,
  ...args,
];
const volatile = /(^|\/)(report\.json|log\.ndjson)$/;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-run-"));
  await writeWeakScenes(data, 6, { height: 48, width: 64 });
  writeTree(data, { "recipe.yaml": recipe });
  const { code, stdout } = await maskwright(data, ...run("whole"));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^01-masks: objects \d+, by regions\n\n6 photos with truth\n +masks\nmIoU /);
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe("run", () => {
  it("leaves one report of all stages, and the recipe that repeats the run", async () => {
    const { stages, scores, images, fingerprint } = JSON.parse(
      readFileSync(join(data, "whole/report.json"), "utf8"),
    );
    expect({ stages, images }).toMatchObject({
      images: 6,
      stages: [{ name: "masks", folder: "01-masks", images: 6 }],
    });
    expect(scores).toMatchObject([{ name: "masks", images: 6, scores: { miou: expect.any(Number) } }]);
    const page = readFileSync(join(data, "whole/report.html"), "utf8");
    for (const part of ["IoU by class", "truth", "01-masks", "maskwright run", "Node v"])
      expect(page).toContain(part);
    const again = await maskwright(data, "run", "whole/recipe.yaml", "-o", "again", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ fingerprint, scores });
    expect(hashTree(join(data, "again/01-masks"), volatile)).toEqual(
      hashTree(join(data, "whole/01-masks"), volatile),
    );
  });

  it("says where it stands in all of it, and goes on after Ctrl-C", async () => {
    const folder = temporaryFolder();
    const pattern = /"event":"progress","stage":"1\/1 masks: objects".*"note":"run \d+:\d\d left"/;
    const { code, stderr } = await interruptMaskwright(
      folder,
      [{ signal: "SIGINT", pattern, count: 2 }],
      ...run("out", "--json", "--workers", "1"),
    );
    expect(code).toBe(130);
    expect(JSON.parse(linesOf(stderr).at(-1) ?? "")).toMatchObject({
      code: "ABORTED",
      message: expect.stringMatching(/^objects: stopped after \d of 6 images$/),
    });
    expect((await maskwright(folder, ...run("out"))).code).toBe(0);
    expect(hashTree(join(folder, "out"), /(report\.(json|html)|log\.ndjson)$/)).toEqual(
      hashTree(join(data, "whole"), /(report\.(json|html)|log\.ndjson)$/),
    );
    const times = timesOf(join(folder, "out/01-masks/labels"));
    expect((await maskwright(folder, ...run("out"))).code).toBe(0);
    expect(timesOf(join(folder, "out/01-masks/labels"))).toEqual(times);
  });

  it("goes on without a bad photo where it is told to", async () => {
    const folder = temporaryFolder();
    await writeWeakScenes(folder, 3, { height: 48, width: 64 });
    writeTree(folder, { "images/scene-1.jpg": "no photo", "recipe.yaml": recipe });
    const stopped = await maskwright(folder, "run", "recipe.yaml", "-o", "out");
    expect(stopped).toMatchObject({ code: 2, stderr: expect.stringContaining("scene-1.jpg") });
    const { code, stdout } = await maskwright(
      folder,
      "run",
      "recipe.yaml",
      "-o",
      "out",
      "--keep-going",
      "--json",
    );
    expect({ code, report: JSON.parse(stdout) }).toMatchObject({
      code: 1,
      report: { images: 2, failures: [{ id: "scene-1" }], scores: [{ images: 2 }] },
    });
    expect(readFileSync(join(folder, "out/ids.txt"), "utf8")).toBe("scene-0\nscene-1\nscene-2\n");
  });

  it("says what it would do, and writes nothing", async () => {
    const { code, stdout } = await maskwright(data, ...run("dry", "--dry-run"));
    expect({ code, lines: linesOf(stdout) }).toEqual({
      code: 0,
      lines: [
        "6 photos; nothing was written",
        expect.stringMatching(
          /^01-masks: Mask the objects that the boxes mean with regions\. It takes about .* for 6 images\.$/,
        ),
      ],
    });
    expect(existsSync(join(data, "dry"))).toBe(false);
  });
});

describe("a recipe that cannot be carried out", () => {
  it("is told all that a shipped recipe needs", async () => {
    const folder = temporaryFolder();
    const { code, stderr } = await maskwright(folder, "run", "tags", "-o", "out");
    expect({ code, lines: linesOf(stderr) }).toEqual({
      code: 2,
      lines: [
        "error: recipe tags: 3 inputs are missing",
        `  images: expected a folder of photos, got nothing at ${join(folder, "photos")}`,
        `  tags: expected a file of image tags, CSV or JSON, got nothing at ${join(folder, "tags.csv")}`,
        `  classes: expected voc, coco, a file with one class name a line, or the names themselves, got nothing at ${join(folder, "classes.txt")}`,
        "hint: --set images=PATH --set tags=PATH --set classes=PATH",
      ],
    });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it.each([
    [
      ["--set", "seeds.power=1"],
      '--set seeds.power: expected a key of the method boxes, such as seed, got "seeds"',
    ],
    [["--set", "seed=x"], '--set seed: expected an integer ≥ 1, got "x"'],
    [["--set", "seed"], "error: option '--set <key=value>' argument 'seed' is invalid. Expected key=value."],
    [["--set", "limit=2", "-o", "whole", "--set", "seed=2"], "whole: seed: expected 1 as before, got 2"],
    [["--set", "model=sam"], "--model: expected regions, "],
    [["--set", "model=sam-vit-b"], "model sam-vit-b: expected its weights in "],
  ])("%j", async (args, message) => {
    const home = process.env.MASKWRIGHT_HOME;
    process.env.MASKWRIGHT_HOME = join(data, "home");
    const { code, stderr } = await maskwright(data, ...run("refused", ...args));
    if (home === undefined) delete process.env.MASKWRIGHT_HOME;
    else process.env.MASKWRIGHT_HOME = home;
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
    expect(existsSync(join(data, "refused"))).toBe(false);
  });
});
