import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { readLabelMap } from "../data/label-file.ts";
import { readPhoto } from "../data/photo.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../engine/checkpoint.ts";
import { openNodeRuntime, openWeightFile } from "../engine/node.ts";
import { drawParts, findParts } from "../methods/wps/predict.ts";
import { openTokenProjection } from "../methods/wps/token-projection.ts";
import type { PrompterConfig } from "../models/prompter/config.ts";
import { createPrompter } from "../models/prompter/networks.ts";
import { embeddingOwner, openEmbeddingCache, withEmbeddingCache } from "../run/embedding-cache.ts";
import { openSam } from "../run/open-sam.ts";
import { interruptMaskwright, linesOf, maskwright } from "../testing/command.ts";
import { importRandomModel, writePartScenes } from "../testing/part-scenes.ts";
import { hashTree, temporaryFolder, timesOf } from "../testing/tree.ts";

/** Photos of parts, a model of random weights, and in `whole` a training that nothing interrupted. */
let data = "";
const home = process.env.MASKWRIGHT_HOME;

const small = ["--queries", "2", "--layers", "1", "--width", "16", "--batch", "2", "--epochs", "15"];
const train = (out: string, ...args: readonly string[]): string[] => [
  ...["train", "prompter", join(data, "images"), "--boxes", join(data, "parts.csv")],
  ...["--classes", join(data, "parts.txt"), "--model", "mobile-sam", "--rate", "0.001"],
  ...[...small, "--checkpoint-every", "4", "--val", "0.3", "-o", out, ...args],
];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-parts-"));
  process.env.MASKWRIGHT_HOME = join(data, "home");
  await writePartScenes(data, 3);
  await importRandomModel(join(data, "home"));
  const { code, stdout, stderr } = await maskwright(data, ...train("whole"));
  expect({ code, stdout, errors: stderr.match(/error.*/g) }).toEqual({
    code: 0,
    stdout: expect.stringMatching(
      /^2 images, 4 parts, 15 steps: loss [\d.]+, recall [\d.]+, kept out [\d.]+ and [\d.]+; whole\/checkpoint/,
    ),
    errors: null,
  });
});

afterAll(() => {
  if (home === undefined) delete process.env.MASKWRIGHT_HOME;
  else process.env.MASKWRIGHT_HOME = home;
  rmSync(data, { recursive: true, force: true });
});

/** Everything a run leaves that must not depend on how it came about. */
const outcome = (folder: string): unknown => hashTree(folder, /^(report\.json|log\.ndjson)$/);

describe("train prompter", () => {
  it("leaves a checkpoint that says all about itself, the split, and the curves", () => {
    const path = join(data, "whole/checkpoint.safetensors");
    const { step, config } = decodeCheckpoint(readFileSync(path), path);
    expect(step).toBe(15);
    expect(config).toMatchObject({
      kind: "prompter",
      model: { name: "mobile-sam", sha256: expect.stringMatching(/^[0-9a-f]{64}$/), precision: "float32" },
      classes: ["background", "disc", "bar"],
      network: { grid: 64, channels: 256, tokens: 2, queries: 2, dim: 16, classes: 2 },
      training: { supervision: "boxes", pictures: 2, seed: 0, recipe: { epochs: 15, rate: 0.001 } },
    });
    const [training, validation] = ["train", "val"].map((name) =>
      linesOf(readFileSync(join(data, `whole/${name}.txt`), "utf8")),
    );
    expect([...training, ...validation].sort()).toEqual(["part-0", "part-1", "part-2"]);
    expect(validation.length).toBe(1);
    expect(readFileSync(join(data, "whole/report.html"), "utf8")).toContain("recall");
    const log = linesOf(readFileSync(join(data, "whole/training.ndjson"), "utf8")).map((line) =>
      JSON.parse(line),
    );
    expect(log.at(-1).loss).toBeLessThan(log[0].loss);
    const measured = log.filter((line) => "val loss" in line);
    // One step an epoch.
    expect(measured.length).toBe(15);
    expect(measured.at(-1)["val loss"]).toBeLessThan(measured[0]["val loss"]);
    expect(readFileSync(join(data, "whole/report.html"), "utf8")).toContain("val recall");
  });

  it("ends with the same bytes after it was killed, and stopped", async () => {
    const folder = temporaryFolder();
    const killing = { signal: "SIGKILL", pattern: /"stage":"train","id":"6"/ } as const;
    const killed = await interruptMaskwright(folder, [killing], ...train("out", "--json"));
    expect(killed.code).toBe("SIGKILL");
    const stopping = { signal: "SIGINT", pattern: /"stage":"train","id":"\d+"/, count: 2 } as const;
    const { code, stderr } = await interruptMaskwright(folder, [stopping], ...train("out", "--json"));
    expect({ code, last: JSON.parse(linesOf(stderr).at(-1) ?? "") }).toEqual({
      code: 130,
      last: expect.objectContaining({
        code: "ABORTED",
        message: expect.stringMatching(/^train: stopped after/),
      }),
    });
    expect((await maskwright(folder, ...train("out"))).code).toBe(0);
    expect(outcome(join(folder, "out"))).toEqual(outcome(join(data, "whole")));
  });

  it("works on what is there of the photos with --keep-going, beside those that a list keeps out", async () => {
    const folder = temporaryFolder();
    const boxes = readFileSync(join(data, "parts.csv"), "utf8");
    writeFileSync(join(folder, "parts.csv"), `${boxes}lost.jpg,disc,1,1,9,9\n`);
    writeFileSync(join(folder, "held.txt"), "part-1\n");
    const args = [...train("out", "--epochs", "1"), "--boxes", join(folder, "parts.csv")];
    args.splice(args.indexOf("--val"), 2, "--val-ids", "held.txt");
    const { code, stderr } = await maskwright(folder, ...args);
    expect({ code, line: linesOf(stderr)[0] }).toEqual({
      code: 2,
      line: expect.stringMatching(/expected the 4 images of .*parts.csv, got none for 1 of them \(lost\)$/),
    });
    const { code: partial, stdout } = await maskwright(folder, ...args, "--keep-going", "--json");
    expect({ partial, report: JSON.parse(stdout) }).toMatchObject({
      partial: 1,
      report: { images: 2, validation: 1, failures: [{ id: "lost" }] },
    });
    expect(readFileSync(join(folder, "out/val.txt"), "utf8")).toBe("part-1\n");
  });
});

/** The weights that a run in `folder` leaves, and what it says of itself. */
function checkpointIn(folder: string): ReturnType<typeof decodeCheckpoint> {
  const path = join(folder, "out/checkpoint.safetensors");
  return decodeCheckpoint(readFileSync(path), path);
}

describe("train prompter with the model that ships", () => {
  /** One step an epoch on all three photos, whose parts `source` has. */
  const tiny = (...source: readonly string[]): string[] => [
    ...["train", "prompter", join(data, "images"), ...source, "--model", "sam-tiny", "--val", "0"],
    ...["--layers", "1", "--width", "16", "--epochs", "1", "-o", "out", "--json"],
  ];

  it("learns from points and changed versions, caches float16, keeps no photo out, and warns of too few queries", async () => {
    const folder = temporaryFolder();
    const lines = ["file,class,x,y", "part-0.jpg,bar,45,20", "part-0.jpg,disc,9,9", "part-1.jpg,disc,9,9"];
    writeFileSync(join(folder, "points.csv"), `${lines.join("\n")}\n`);
    const cache = join(folder, "cache");
    const { code, stdout, stderr } = await maskwright(
      folder,
      ...tiny("--points", "points.csv", "--augment", "1", "--queries", "1"),
      ...["--cache-precision", "fp16", "--cache", cache],
    );
    expect({ code, report: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      report: { images: 2, parts: 3, validation: 0, steps: 1, classes: ["bar", "disc"], failures: [] },
    });
    expect(stderr).toContain("points.csv: 1 of 2 photos has more parts than the network's 1 query, up to 2;");
    expect(checkpointIn(folder).config).toMatchObject({
      network: { channels: 128, grid: 32, queries: 1 },
      training: { supervision: "points", versions: 1, pictures: 4 },
    });
    expect(readFileSync(join(folder, "out/val.txt"), "utf8")).toBe("");
    const sizes = readdirSync(cache).map((name) => statSync(join(cache, name)).size);
    expect(sizes.length).toBe(4);
    // 4 MB each in float32.
    expect(Math.max(...sizes)).toBeLessThan(2.3e6);
  });

  it("learns from the centers of boxes what it learns from points there", async () => {
    const [boxes, points] = [temporaryFolder(), temporaryFolder()];
    const [head, ...lines] = linesOf(readFileSync(join(data, "parts.csv"), "utf8"));
    const centers = lines.map((line) => {
      const [file, name, ...box] = line.split(",");
      const [x0, y0, x1, y1] = box.map(Number);
      return [file, name, (x0 + x1) / 2, (y0 + y1) / 2].join(",");
    });
    expect(head).toBe("file,class,x0,y0,x1,y1");
    writeFileSync(join(points, "points.csv"), `${["file,class,x,y", ...centers].join("\n")}\n`);
    for (const [folder, ...source] of [
      [boxes, "--boxes", join(data, "parts.csv"), "--centers"],
      [points, "--points", "points.csv"],
    ])
      expect((await maskwright(folder, ...tiny(...source))).code).toBe(0);
    const [one, other] = [boxes, points].map(checkpointIn);
    expect(one.config).toMatchObject({ training: { supervision: "centers", pictures: 3 } });
    expect(one.tensors).toEqual(other.tensors);
  });
});

describe("a training that cannot begin", () => {
  it.each([
    [["--points", "points.csv"], /expected one of --boxes, --points and --parts, got --boxes and --points$/],
    [["--width", "12"], /^error: --width: expected a multiple of the transformer's 8 heads, got 12/],
    [["--model", "onnx:pair"], /^error: --model: expected a SAM whose weights are here, .*, got onnx:pair$/],
    [["--epochs", "16", "-o", join("..", "whole")], /: recipe\.epochs: expected 15 as before, got 16$/],
    [["--val", "1"], /expected photos to train on beside the 3 for validation, got none$/],
  ] as [string[], RegExp][])("%j", async (options, message) => {
    const folder = join(data, "refused");
    mkdirSync(folder, { recursive: true });
    const { code, stderr } = await maskwright(folder, ...train("out", ...options));
    expect({ code, line: linesOf(stderr).find((line) => line.startsWith("error")) }).toEqual({
      code: 2,
      line: expect.stringMatching(message),
    });
  });
});

/** A run of all photos with the checkpoint of `whole`. */
const predict = (out: string, ...args: readonly string[]): string[] => [
  ...["predict", join(data, "images"), "--checkpoint", join(data, "whole/checkpoint.safetensors")],
  ...["-o", out, ...args],
];

describe("predict", () => {
  it("says so when nothing is found", async () => {
    const folder = temporaryFolder();
    const path = join(data, "whole/checkpoint.safetensors");
    const state = decodeCheckpoint(readFileSync(path), path);
    const bias = state.tensors.get("class_embed.bias") as NdArray<"float32">;
    // No class is as likely as the last, which is none.
    const sure = bias.data.with(-1, 1e4);
    const tensors = new Map(state.tensors).set("class_embed.bias", { ...bias, data: sure });
    writeFileSync(join(folder, "background.safetensors"), encodeCheckpoint({ ...state, tensors }));
    const { code, stdout, stderr } = await maskwright(
      folder,
      ...["predict", join(data, "images"), "--checkpoint", "background.safetensors", "-o", "out"],
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^3 images, 0 parts: /) });
    expect(stderr).toContain("warning: no part was found in any photo: ");
  });

  it("writes what the prompter finds, which evaluate-parts reads", async () => {
    const { code, stdout } = await maskwright(data, ...predict("found", "--overlay"));
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^3 images, \d+ parts: found\/instances.json, part maps in found\/labels$/m,
      ),
    });
    const path = join(data, "whole/checkpoint.safetensors");
    const { config } = decodeCheckpoint(readFileSync(path), path);
    const model = await openSam("mobile-sam");
    const cache = openEmbeddingCache({ folder: join(data, "home/embeddings"), maxBytes: 1e9 });
    const owner = embeddingOwner({ sha256: model.sha256, precision: "float32", device: "cpu" });
    const sam = withEmbeddingCache(model, owner, cache);
    const runtime = await openNodeRuntime();
    const { network } = config as { readonly network: PrompterConfig };
    const prompter = createPrompter(openWeightFile(path), network, runtime);
    const image = await readPhoto(join(data, "images/part-2.jpg"));
    const embedding = await sam.embed(image);
    const projection = await openTokenProjection(sam, "box");
    const { instances, labels } = drawParts(await findParts(prompter, sam, embedding, projection), image);
    const raw = drawParts(await findParts(prompter, sam, embedding), image);
    await model.close();
    const published = await maskwright(data, ...predict("raw", "--raw-tokens"));
    expect(published.code).toBe(0);
    expect(readLabelMap(join(data, "raw/labels/part-2.png"))).toEqual(raw.labels);
    const options = (run: string): unknown =>
      JSON.parse(readFileSync(join(data, run, "run.json"), "utf8")).options;
    expect([options("raw"), options("found")]).toMatchObject([{ tokens: "raw" }, { tokens: "nearest" }]);
    expect(instances.length).toBeGreaterThan(0);
    expect(readLabelMap(join(data, "found/labels/part-2.png"))).toEqual(labels);
    const { annotations, categories, images } = JSON.parse(
      readFileSync(join(data, "found/instances.json"), "utf8"),
    );
    expect(categories).toEqual([
      { id: 1, name: "disc" },
      { id: 2, name: "bar" },
    ]);
    expect(images.map(({ file_name: file }: { file_name: string }) => file)).toEqual(
      [0, 1, 2].map((k) => `part-${k}.jpg`),
    );
    const own = annotations.filter(({ image_id: id }: { image_id: number }) => id === 3);
    expect(own.map(({ score }: { score: number }) => score)).toEqual(
      instances.map(({ score }) => expect.closeTo(score, 5)),
    );
    expect(readdirSync(join(data, "found/overlay")).length).toBe(3);
    const scores = await maskwright(data, "evaluate-parts", "found", "found/instances.json", "--json");
    expect(JSON.parse(scores.stdout)).toMatchObject({ images: 3, pixelAccuracy: 100 });
  });

  it("goes on where it stopped, and keeps what is there", async () => {
    const folder = temporaryFolder();
    expect((await maskwright(folder, ...predict("out", "--limit", "1"))).code).toBe(0);
    const before = timesOf(join(folder, "out/parts"));
    expect((await maskwright(folder, ...predict("out"))).code).toBe(0);
    expect(timesOf(join(folder, "out/parts"))).toMatchObject(before);
    expect(hashTree(join(folder, "out/parts"))).toEqual(hashTree(join(data, "found/parts")));
    const all = readFileSync(join(folder, "out/instances.json"));
    expect((await maskwright(folder, ...predict("out", "--limit", "1"))).code).toBe(0);
    expect(readFileSync(join(folder, "out/instances.json"))).toEqual(all);
    const dry = await maskwright(folder, ...predict("dry", "--dry-run", "--limit", "1"));
    expect(dry.stdout).toMatch(/^would take about .*1 image/);
    expect(existsSync(join(folder, "dry"))).toBe(false);
  });

  it("refuses another file, another model, and photos it cannot read", async () => {
    const folder = temporaryFolder();
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await maskwright(folder, ...args);
      expect(code).toBe(2);
      expect(existsSync(join(folder, "out"))).toBe(false);
      return linesOf(stderr)[0];
    };
    writeFileSync(join(folder, "text.safetensors"), "text");
    const images = join(data, "images");
    expect(await refused("predict", images, "--checkpoint", "text.safetensors", "-o", "out")).toMatch(
      /^error: text.safetensors/,
    );
    const weights = join(data, "home/random.safetensors");
    expect(await refused("predict", images, "--checkpoint", weights, "-o", "out")).toMatch(
      /expected "pos_embed" .*, got none$/,
    );
    expect(await refused(...predict("out", "--model", "regions"))).toMatch(
      /^error: --model: expected a SAM whose weights are here, .*, got regions$/,
    );
    expect(await refused(...predict("out", "--model", "sam-tiny", "--keep-going"))).toMatch(
      /checkpoint\.safetensors: expected a model that gives it 256 channels of 64×64 cells .*, got sam-tiny, /,
    );
    expect(await refused(...predict("out", "--model", "sam-vit-b"))).toMatch(
      /^error: model sam-vit-b: expected its weights/,
    );
  });
});
