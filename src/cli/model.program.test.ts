import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPhoto } from "../data/photo.ts";
import { decodeProposals } from "../data/proposal-file.ts";
import { proposeWithSam } from "../methods/index.ts";
import { openSam } from "../run/open-sam.ts";
import {
  interruptMaskwright,
  linesOf,
  maskwright,
  program,
  start,
  startMaskwright,
} from "../testing/command.ts";
import { writeScenes } from "../testing/scene-files.ts";
import { writeTinyPair } from "../testing/tiny-pair.ts";
import { hashTree, temporaryFolder, timesOf } from "../testing/tree.ts";

/** Three photos and a tiny model, and in `whole` a run of it that nothing interrupted. */
let data = "";
const home = process.env.MASKWRIGHT_HOME;

const byModel = (): string[] => ["--model", `onnx:${join(data, "pair")}`];
const everything = ["--points-per-side", "4", "--pred-iou-thresh", "0", "--stability-score-thresh", "0"];
const propose = (): string[] => ["propose", join(data, "images"), ...byModel(), ...everything, "-o", "out"];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-model-"));
  // Neither weights nor embeddings of whoever runs the tests.
  process.env.MASKWRIGHT_HOME = join(data, "home");
  await writeScenes(data, 3, { height: 48, width: 64 });
  writeTinyPair(join(data, "pair"));
  const { code, stderr } = await maskwright(data, ...propose());
  expect({ code, stderr: linesOf(stderr).filter((line) => !line.startsWith("proposals ")) }).toEqual({
    code: 0,
    stderr: [],
  });
});

afterAll(() => {
  if (home === undefined) delete process.env.MASKWRIGHT_HOME;
  else process.env.MASKWRIGHT_HOME = home;
  rmSync(data, { recursive: true, force: true });
});

function readJson(...path: string[]): Record<string, unknown> {
  return JSON.parse(readFileSync(join(...path), "utf8"));
}

/** Everything a run leaves that must not depend on how it came about. */
function outcome(folder: string): unknown {
  const { timing: _, ...report } = readJson(folder, "out/report.json");
  return { report, files: hashTree(join(folder, "out"), /^(report\.json|log\.ndjson)$/) };
}

const embeddings = (): string[] => readdirSync(join(data, "home/embeddings"));

describe("propose with a model", () => {
  it("writes what the generator proposes", async () => {
    const sam = await openSam(`onnx:${join(data, "pair")}`, { threads: 1 });
    const options = { pointsPerSide: 4, minPredictedIou: 0, minStability: 0 };
    for (const name of ["scene-0", "scene-1", "scene-2"]) {
      const path = join(data, `out/proposals/${name}.json`);
      const { model, proposals } = decodeProposals(readFileSync(path), path);
      expect(model).toBe(byModel()[1]);
      const image = await readPhoto(join(data, `images/${name}.jpg`));
      expect(proposals).toEqual(await proposeWithSam(sam, image, options));
      expect(proposals.length).toBeGreaterThan(0);
    }
    await sam.close();
    expect(readJson(data, "out/run.json")).toMatchObject({
      options: {
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        precision: "float32",
        device: "cpu",
        generator: { pointsPerSide: 4, minPredictedIou: 0, minStability: 0, maxBoxIou: 0.7, cropLayers: 0 },
      },
    });
  });

  it("ends as if nothing had happened after it was killed", async () => {
    const folder = temporaryFolder();
    const killing = { signal: "SIGKILL", pattern: /"event":"progress"/ } as const;
    const { code } = await interruptMaskwright(folder, [killing], ...propose(), "--json");
    expect(code).toBe("SIGKILL");
    expect((await maskwright(folder, ...propose())).code).toBe(0);
    expect(outcome(folder)).toEqual(outcome(data));
  });

  it("ends an image halfway at the first Ctrl-C", async () => {
    const folder = temporaryFolder();
    const args = [...propose(), "--points-per-side", "300", "--json"];
    const { child, result } = startMaskwright(folder, ...args);
    while (!existsSync(join(folder, "out/log.ndjson"))) await setTimeout(20);
    child.kill("SIGINT");
    const { code, stderr } = await result;
    expect({ code, last: JSON.parse(linesOf(stderr).at(-1) ?? "") }).toEqual({
      code: 130,
      last: {
        event: "error",
        code: "ABORTED",
        message: "proposals: stopped after 0 of 3 images",
        hint: "Run the same command again to go on from here.",
      },
    });
    expect(existsSync(join(folder, "out/proposals"))).toBe(false);
  });

  it("looks at a photo once, also for other prompts and after a cached file was damaged", async () => {
    const names = embeddings();
    expect(names.length).toBe(3);
    const times = timesOf(join(data, "home/embeddings"));
    const folder = temporaryFolder();
    writeFileSync(join(data, "home/embeddings", names[0]), "damaged");
    expect((await maskwright(folder, ...propose())).code).toBe(0);
    expect(outcome(folder)).toEqual(outcome(data));
    expect(embeddings()).toEqual(names);

    writeFileSync(join(folder, "boxes.csv"), "file,class,x0,y0,x1,y1\nscene-1.jpg,1,3,4,40,30\n");
    const segment = ["segment", join(data, "images"), "--boxes", "boxes.csv", ...byModel(), "-o"];
    expect((await maskwright(folder, ...segment, "boxed")).code).toBe(0);
    expect(Object.keys(timesOf(join(data, "home/embeddings")))).toEqual(Object.keys(times));

    expect((await maskwright(folder, ...segment, "plain", "--no-cache")).code).toBe(0);
    expect(hashTree(join(folder, "plain/objects"))).toEqual(hashTree(join(folder, "boxed/objects")));
    await maskwright(folder, ...segment, "elsewhere", "--cache", "cache");
    expect(readdirSync(join(folder, "cache")).length).toBe(1);
  });

  it("has FMA-WSSS's generator, and writes SAM's boxes", async () => {
    const folder = temporaryFolder();
    const args = ["--generator", "fma", "--points-per-side", "2", "--compat", "original", "--limit", "1"];
    expect(
      (await maskwright(folder, "propose", join(data, "images"), ...byModel(), ...args, "-o", "out")).code,
    ).toBe(0);
    expect(readJson(folder, "out/run.json")).toMatchObject({
      options: {
        compat: "original",
        generator: { cropLayers: 1, minRegionArea: 100, pointsPerSide: 2, levels: { maxCovered: 0.3 } },
      },
    });
  });

  it("says what it would take of a folder with a bad image, with --keep-going", async () => {
    const folder = temporaryFolder();
    cpSync(join(data, "images"), join(folder, "images"), { recursive: true });
    writeFileSync(join(folder, "images/a.jpg"), "no photo");
    const [, , ...options] = propose();
    const args = ["propose", "images", ...options, "--dry-run", "--no-cache"];
    expect((await maskwright(folder, ...args)).code).toBe(2);
    const { code, stdout, stderr } = await maskwright(folder, ...args, "--keep-going");
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringMatching(/3 images, without 1 that cannot be done; nothing was written$/m),
    });
    expect(stderr).toMatch(/^warning: images\/a\.jpg/m);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it("says what it would take, and writes nothing", async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await maskwright(folder, ...propose(), "--dry-run", "--cache", "cache");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^would take about .*3 images/),
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a model that finds nothing", () => {
  it.each([
    ["propose", () => [join(data, "images")]],
    ["refine", () => [join(data, "labels"), "--images", join(data, "images")]],
  ])("is told of by %s, with the thresholds to lower", async (name, inputs) => {
    const folder = temporaryFolder();
    const thresholds = ["--points-per-side", "2", "--pred-iou-thresh", "100"];
    const args = [name, ...inputs(), ...byModel(), ...thresholds, "--limit", "2", "-o", "out"];
    const { code, stderr } = await maskwright(folder, ...args);
    expect(code).toBe(0);
    expect(linesOf(stderr).filter((line) => line.startsWith("warning"))).toEqual([
      `warning: ${byModel()[1]}: no mask in any of 2 images has a predicted IoU above 100 and a stability of 0.95; lower --pred-iou-thresh and --stability-score-thresh (0 takes all)`,
    ]);
  });
});

describe("refine with a model", () => {
  it("proposes and then merges", async () => {
    const folder = temporaryFolder();
    const args = [
      "refine",
      join(data, "labels"),
      "--images",
      join(data, "images"),
      ...byModel(),
      ...["--points-per-side", "3", "--limit", "1", "-o", "out"],
    ];
    const { code } = await maskwright(folder, ...args);
    expect(code).toBe(0);
    expect(readJson(folder, "out/run.json")).toMatchObject({ options: { generator: { pointsPerSide: 3 } } });
    expect(Object.keys(hashTree(join(folder, "out/pseudo")))).toEqual(["scene-0.png"]);
    expect(Object.keys(hashTree(join(folder, "out/proposals")))).toEqual(["scene-0.json"]);
  });
});

describe("a model that cannot be used", () => {
  it.each([
    [
      ["--model", "sam-vit-b"],
      /^error: model sam-vit-b: expected its weights in .*models, got none$/,
      "hint: maskwright models pull sam-vit-b, or with the file at hand: maskwright models import sam-vit-b FILE",
    ],
    [["--model", "sam-9"], /^error: --model: expected regions, sam-vit-b, .*, or onnx:DIR, got "sam-9"$/],
    [["--model", "onnx:nowhere"], /^error: nowhere: expected a folder, got nothing there$/],
    [
      ["--points-per-side", "4"],
      /^error: options of SAM's generator: expected a model .*, got --model regions$/,
    ],
    [
      ["--model", "mobile-sam", "--max", "4"],
      /^error: --max: expected --model regions, got --model mobile-sam$/,
    ],
    [
      ["--model", "mobile-sam", "--crop-n-layers", "99"],
      /^error: option '--crop-n-layers <n>' argument '99' is invalid\. Expected a whole number from 0 to 8\.$/,
    ],
    [
      ["--device", "cuda"],
      /^error: --device: expected a model, got --model regions$/,
      "hint: Leave --device out, or choose a model: --model NAME.",
    ],
    [["--model", "mobile-sam", "--points-per-side", "0"], /error: option '--points-per-side <n>'/],
  ] as [string[], RegExp, string?][])("%j", async (options, line, hint) => {
    const folder = temporaryFolder();
    const { code, stderr } = await maskwright(
      folder,
      "propose",
      join(data, "images"),
      ...options,
      "-o",
      "out",
    );
    expect(code).toBe(2);
    expect(linesOf(stderr)[0]).toMatch(line);
    if (hint !== undefined) expect(linesOf(stderr)).toEqual([expect.anything(), hint]);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it("without onnxruntime-node is one line with the command that gets it", async () => {
    const root = resolve(program, "../../..");
    const folder = temporaryFolder();
    cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
    cpSync(join(root, "package.json"), join(folder, "package.json"));
    mkdirSync(join(folder, "node_modules"));
    for (const name of readdirSync(join(root, "node_modules")))
      if (name !== "onnxruntime-node")
        symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
    const args = [join(folder, "dist/cli/main.js"), ...propose()];
    const { code, stderr } = await start(process.execPath, args, folder).result;
    expect(code).toBe(1);
    expect(linesOf(stderr)).toEqual([
      "error: onnxruntime-node: expected the package that runs networks, got no such package",
      expect.stringMatching(/^hint: npm install onnxruntime-node/),
    ]);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});
