import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodePng } from "../data/png-encode.ts";
import { linesOf, maskwright } from "../testing/command.ts";
import { makePng, pngHeader, pngStart } from "../testing/png.ts";
import { writeScenes } from "../testing/scene-files.ts";
import { hashTree, labelPng, temporaryFolder, writeTree } from "../testing/tree.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const noMasks = (height: number, width: number): string =>
  JSON.stringify({ image: { height, width }, annotations: [] });

/** Three pictures, of which "b" will be the bad one. */
const good: Files = {
  "labels/a.png": labelPng("012 000"),
  "labels/b.png": labelPng("012 000"),
  "labels/c.png": labelPng("012 000"),
  "proposals/a.json": noMasks(2, 3),
  "proposals/b.json": noMasks(2, 3),
  "proposals/c.json": noMasks(2, 3),
};

const refine = ["refine", "labels", "--proposals", "proposals", "-o", "out", "--workers", "1"];

function folderOf(files: Files): string {
  const folder = temporaryFolder();
  writeTree(folder, files);
  return folder;
}

/** The error and hint lines; what else is said (progress of the good pictures) does not matter. */
function complaints(stderr: string): string[] {
  return linesOf(stderr).filter((line) => !/^(proposals|pseudo|evaluate|convert) \d+\/\d+ · /.test(line));
}

function expectOneLine(stderr: string, error: RegExp): void {
  const [first, ...rest] = complaints(stderr);
  expect(first).toMatch(error);
  expect(first.startsWith("error: ")).toBe(true);
  expect(rest.length).toBeLessThanOrEqual(1);
  for (const line of rest) expect(line).toMatch(/^(hint: |\()/);
}

const badPictures: readonly (readonly [
  what: string,
  file: string,
  bytes: string | Uint8Array,
  error: string,
])[] = [
  [
    "a truncated PNG",
    "labels/b.png",
    labelPng("012 000").subarray(0, 60),
    "labels/b.png: chunk PLTE at byte 33: expected ",
  ],
  [
    "colors instead of labels",
    "labels/b.png",
    makePng({ height: 2, width: 3, colorType: 2, samples: new Uint8Array(18) }),
    "labels/b.png: expected a label map of one channel (palette or gray), got a picture of kind rgb",
  ],
  [
    "labels of another size",
    "labels/b.png",
    labelPng("01 20"),
    "proposals of b: expected 2×2 like labels/b.png, got 2×3",
  ],
  [
    "run lengths whose sum lies",
    "proposals/b.json",
    JSON.stringify({
      image: { height: 2, width: 3 },
      annotations: [{ segmentation: { size: [2, 3], counts: [1, 99] } }],
    }),
    "proposals/b.json: annotations[0].segmentation",
  ],
  [
    "60,000 × 60,000 pixels by the header",
    "labels/b.png",
    Buffer.concat([pngStart, pngHeader({ height: 60_000, width: 60_000 })]),
    "labels/b.png: expected a height and width of at least 1 and at most 100000000 pixels, got 60000×60000",
  ],
  [
    "broken JSON",
    "proposals/b.json",
    '{"image": {',
    "proposals/b.json:1:12: expected JSON, got the end of the file",
  ],
  ["an empty file", "labels/b.png", "", "labels/b.png: expected a PNG file, got an empty file"],
];

describe("refine", () => {
  it.each(badPictures)(
    "stops at %s in one line and keeps the good pictures",
    async (_, file, bytes, error) => {
      const folder = folderOf({ ...good, [file]: bytes });
      const { code, stdout, stderr } = await maskwright(folder, ...refine);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expectOneLine(stderr, new RegExp(`^error: ${literal(error)}`));
      expect(readdirSync(join(folder, "out/pseudo"))).toContain("a.png");
      expect(existsSync(join(folder, "out/pseudo/b.png"))).toBe(false);
      expect(existsSync(join(folder, "out/report.json"))).toBe(false);
    },
  );

  it.each(badPictures)("goes on after %s with --keep-going", async (_, file, bytes, error) => {
    const folder = folderOf({ ...good, [file]: bytes });
    const { code, stderr } = await maskwright(folder, ...refine, "--keep-going");
    expect(code).toBe(1);
    expect(complaints(stderr)).toEqual([expect.stringContaining(`warning: ${error}`)]);
    expect(Object.keys(hashTree(join(folder, "out/pseudo")))).toEqual(["a.png", "c.png"]);
    const { failures } = JSON.parse(readFileSync(join(folder, "out/report.json"), "utf8"));
    expect(failures).toEqual([{ id: "b", message: expect.stringContaining(error) }]);
  });

  it("says why when every picture is bad", async () => {
    const folder = folderOf({ "labels/a.png": "no picture", "proposals/a.json": noMasks(2, 3) });
    const { code, stderr } = await maskwright(folder, ...refine, "--keep-going");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: refine: of 1 image all failed; the first: labels\/a\.png: expected a PNG/m,
    );
  });
});

describe("propose", () => {
  it.each<[string, Uint8Array | string]>([
    ["a text file named .jpg", "not a picture"],
    ["a 60,000 × 60,000 header", Buffer.concat([pngStart, pngHeader({ height: 60_000, width: 60_000 })])],
    ["a truncated PNG", encodePng({ height: 64, width: 64 }, new Uint8Array(64 * 64), null).subarray(0, -30)],
  ])("stops at %s", async (_, bytes) => {
    const folder = folderOf({ "images/b.jpg": bytes });
    const { code, stderr } = await maskwright(folder, "propose", "images", "-o", "out");
    expect(code).toBe(2);
    expectOneLine(stderr, /^error: images\/b\.jpg: expected /);
    expect(existsSync(join(folder, "out/proposals"))).toBe(false);
  });

  it("keeps what it made before the bad photo", async () => {
    const folder = temporaryFolder();
    await writeScenes(folder, 1, { height: 32, width: 48 });
    writeTree(folder, { "images/z.jpg": "not a picture" });
    const { code } = await maskwright(folder, "propose", "images", "-o", "out", "--workers", "1");
    expect(code).toBe(2);
    expect(readdirSync(join(folder, "out/proposals"))).toEqual(["scene-0.json"]);
  });
});

describe("convert", () => {
  it("refuses a COCO file name that leaves its folder", async () => {
    const coco = {
      images: [{ id: 1, file_name: "../../etc/passwd.png", height: 2, width: 3 }],
      categories: [{ id: 1, name: "cat" }],
      annotations: [],
    };
    const folder = folderOf({ "in/coco.json": JSON.stringify(coco) });
    const { code, stderr } = await maskwright(
      folder,
      "convert",
      "in/coco.json",
      "in/out",
      ...formats("coco", "labels"),
    );
    expect(code).toBe(2);
    expectOneLine(stderr, /^error: in\/coco\.json.*a path with "\.\."/);
    expect(readdirSync(folder)).toEqual(["in"]);
    expect(readdirSync(join(folder, "in"))).toEqual(["coco.json"]);
  });

  it("refuses broken JSON, saying where", async () => {
    const folder = folderOf({ "coco.json": '{"images": [}' });
    const { code, stderr } = await maskwright(
      folder,
      "convert",
      "coco.json",
      "out",
      ...formats("coco", "labels"),
    );
    expect(code).toBe(2);
    expectOneLine(stderr, /^error: coco\.json:1:13: expected JSON/);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

describe("folders", () => {
  it.each<[string, string[], RegExp]>([
    [
      "no folder",
      ["propose", "missing", "-o", "out"],
      /^error: missing: expected a folder, got nothing there/,
    ],
    [
      "a folder of nothing",
      ["propose", "empty", "-o", "out"],
      /^error: empty: expected files ending in .jpg/,
    ],
    [
      "a file for a folder",
      ["propose", "file.txt", "-o", "out"],
      /^error: file.txt: expected a folder, got a file/,
    ],
    [
      "a file as -o",
      ["propose", "images", "-o", "file.txt"],
      /^error: file.txt: expected a folder to write to, got a file/,
    ],
    [
      "-o below a file",
      ["propose", "images", "-o", "file.txt/x"],
      /^error: file.txt\/x: .* got a path through a file/,
    ],
    [
      "-o among other files",
      ["propose", "images", "-o", "images"],
      /^error: images: expected a new or empty folder/,
    ],
    [
      "proposals of nothing",
      ["refine", "labels", "--proposals", "empty", "-o", "out"],
      /^error: empty: expected proposals/,
    ],
    [
      "convert below a file",
      ["convert", "labels", "file.txt/x.json", ...formats("labels", "coco")],
      /^error: file.txt\/x.json: expected a new file, got a path through a file/,
    ],
    [
      "convert onto a file",
      ["convert", "labels", "file.txt", ...formats("labels", "coco")],
      /^error: file.txt: expected a new file, got a file/,
    ],
    [
      "no class list",
      ["evaluate", "labels", "labels", "--classes", "none.txt"],
      /^error: none.txt: expected a file, got nothing/,
    ],
  ])("refuses %s and writes nothing", async (_, args, error) => {
    const folder = folderOf({
      ...good,
      "empty/.keep": "",
      "file.txt": "text",
      "images/a.png": labelPng("0"),
    });
    const before = hashTree(folder);
    const { code, stdout, stderr } = await maskwright(folder, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expectOneLine(stderr, error);
    expect(hashTree(folder)).toEqual(before);
  });
});

describe("evaluate --csv", () => {
  it("says that the file cannot be written, once the scores are there", async () => {
    const folder = folderOf({ ...good, "file.txt": "text" });
    const csv = ["--before", "labels", "--metric", "original", "--csv", "file.txt/x.csv"];
    const { code, stderr } = await maskwright(folder, "evaluate", "labels", "labels", ...csv);
    expect(code).toBe(2);
    expectOneLine(stderr, /^error: file.txt\/x.csv: expected a file to write, got a path through a file/);
  });
});

describe("a run inside its input folder", () => {
  it("is no input of the next one", async () => {
    const folder = folderOf(good);
    const args = ["refine", "labels", "--proposals", "proposals", "-o", "labels/out"];
    expect((await maskwright(folder, ...args)).code).toBe(0);
    const again = await maskwright(folder, ...args, "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ images: 3, failures: [] });
    const scored = await maskwright(folder, "evaluate", "labels/out", "labels", "--json");
    expect(JSON.parse(scored.stdout)).toMatchObject({ images: 3, miou: 100 });
  });
});

describe("usage", () => {
  it.each<[string, string[], RegExp, string]>([
    [
      "an unknown option",
      ["propose", "x", "-o", "y", "--limt", "3"],
      /unknown option '--limt'/,
      "(Did you mean --limit?)",
    ],
    ["an unknown command", ["refin"], /unknown command 'refin'/, "(Did you mean refine?)"],
    [
      "a bad choice",
      ["refine", "x", "-o", "y", "--variant", "best"],
      /Allowed choices are max_iou, max_iou_imp, max_iou_imp2/,
      "",
    ],
    ["a missing argument", ["propose"], /missing required argument 'images'|required option/, ""],
    ["a missing option", ["propose", "x"], /required option '-o, --out <dir>' not specified/, ""],
    [
      "--limit 0",
      ["propose", "x", "-o", "y", "--limit", "0"],
      /'0' is invalid. Expected a whole number above 0/,
      "",
    ],
    ["--limit of text", ["propose", "x", "-o", "y", "--limit", "many"], /'many' is invalid/, ""],
    ["an argument too many", ["propose", "x", "z", "-o", "y"], /too many arguments/, ""],
  ])("refuses %s", async (_, args, error, suggestion) => {
    const folder = folderOf({});
    const { code, stdout, stderr } = await maskwright(folder, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(error);
    expect(stderr).toContain(suggestion);
    expect(linesOf(stderr).filter((line) => line.startsWith("error: ")).length).toBe(1);
    expect(stderr).toContain("(add --help for the options and examples)");
    expect(readdirSync(folder)).toEqual([]);
  });
});

function formats(from: string, to: string): string[] {
  return ["--from", from, "--to", to];
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
