/**
 * Parts of real photos: a prompter taught by the boxes of 320 photos of car-parts, scored on the other 80, beside the teacher's bound and
 * two baselines, and what changes with its settings or when the encoder learns too: `npx tsx bench/parts.ts --model NAME [--study NAME …] [--out DIR]`.
 *
 * Every run has a folder of its own under `--out`, and the script may be stopped and started at any time: it goes on where it was. It
 * runs the built program (`npm run build`) and prints its commands, then rows of a table. `--epochs`, `--layers`, `--width`, `--rate`,
 * `--augment`, `--seed` and `--workers` are those of `train prompter`. Scores of each class are in `scores.json`.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { program } from "../src/testing/command.ts";
import { dataFolder } from "../src/testing/folders.ts";
import { fillMeanBoxes, maskByRegions, writeLabels } from "./parts-baselines.ts";
import { goOn } from "./parts-encoder.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "sam-tiny" },
    study: { type: "string", multiple: true, default: [] },
    out: { type: "string", default: "parts-bench" },
    epochs: { type: "string", default: "12" },
    layers: { type: "string", default: "3" },
    width: { type: "string", default: "128" },
    rate: { type: "string", default: "0.0004" },
    augment: { type: "string", default: "4" },
    seed: { type: "string", default: "0" },
    limit: { type: "string", default: "400" },
    workers: { type: "string" },
    "encoder-epochs": { type: "string", default: "2" },
  },
});

/** What a run of a study has besides the settings of all. */
const studies: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  supervision: { "taught by points": ["--centers"] },
  queries: { "15 queries": ["--queries", "15"], "50 queries": ["--queries", "50"] },
  losses: {
    "class weight 20": ["--class-weight", "20"],
    "token weight 80": ["--token-weight", "80"],
  },
  length: { "ten changed versions, 15 epochs": ["--augment", "10", "--epochs", "15"] },
};

const { model, seed, limit } = values;
const data = dataFolder("car-parts");
if (data !== null) await bench(join(data, "trainingset"));

async function bench(data: string): Promise<void> {
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const [images, truth] = [join(data, "JPEGImages"), join(data, "annotations.json")];
  const { boxes, names, classes } = await writeLabels(truth, out);
  // Embeddings of the changed versions too.
  const cache = [
    "--cache-limit",
    "20",
    ...(values.workers === undefined ? [] : ["--workers", values.workers]),
  ];
  const labels = ["--classes", names, "--model", model, ...cache];
  const settings = (["epochs", "layers", "width", "rate", "augment"] as const).flatMap((name) => [
    `--${name}`,
    values[name],
  ]);
  const split = ["--val", "0.2", "--seed", seed, "--limit", limit];
  const [training, held] = ["train.txt", "val.txt"].map((file) => join(out, "boxes", file));

  const find = (folder: string, found: string, ...how: readonly string[]): string => {
    const checkpoint = join(folder, "checkpoint.safetensors");
    run("predict", images, "--checkpoint", checkpoint, "--ids", held, ...cache, ...how, "-o", found);
    return found;
  };
  /** Trains a prompter and has it find the parts of the photos kept out. */
  const teach = (name: string, extra: readonly string[]): string => {
    const folder = join(out, name.replaceAll(" ", "-"));
    run(
      "train",
      "prompter",
      images,
      "--boxes",
      boxes,
      ...labels,
      ...settings,
      ...split,
      ...extra,
      "-o",
      folder,
    );
    return find(folder, join(folder, "found"), "--overlay");
  };
  /** What the teacher makes of the true boxes of those photos, or of their centers if those taught. */
  const bound = (taught: string): string =>
    find(join(out, taught), join(out, `${taught}-bound`), "--boxes", boxes);
  const all: Record<string, unknown> = {};
  const score = (title: string, pred: string): void => {
    const scores = JSON.parse(
      run("evaluate-parts", pred, truth, "--classes", names, "--ids", held, "--json"),
    );
    all[title] = scores;
    writeFileSync(join(out, "scores.json"), `${JSON.stringify(all, null, 2)}\n`);
    const { miou, macc, pixelAccuracy, ap50, ap } = scores;
    console.log(`| ${[title, miou, macc, pixelAccuracy, ap50, ap].join(" | ")} |`);
  };

  const found = teach("boxes", []);
  const raw = join(out, "raw-tokens");
  console.log("| | mIoU | mACC | pixel accuracy | AP50 | AP |\n| --- | --- | --- | --- | --- | --- |");
  score("taught by boxes", found);
  find(join(out, "boxes"), raw, "--raw-tokens");
  score("the same, drawn from the tokens as they are predicted", raw);
  score("bound: the masks of the true boxes", bound("boxes"));
  score("mean box of each class, filled", await fillMeanBoxes(truth, { training, held }, out));
  score("`regions` masks of the boxes it finds", await maskByRegions(found, images, classes, out));
  const chosen = values.study.length > 0 ? values.study : [...Object.keys(studies), "encoder"];
  for (const study of chosen) {
    for (const [name, extra] of Object.entries(studies[study] ?? {})) score(name, teach(name, extra));
    if (study === "supervision") score("bound: the masks of the true centers", bound("taught-by-points"));
    if (study !== "encoder") continue;
    const prompter = join(out, "boxes", "checkpoint.safetensors");
    const epochs = Number(values["encoder-epochs"]);
    for (const encoder of ["frozen", "tuned"] as const) {
      const request = { model, prompter, images, boxes, classes, ids: { training, held }, epochs, encoder };
      score(`${epochs} epochs more, encoder ${encoder}`, await goOn({ ...request, out: join(out, encoder) }));
    }
  }
}

/** Runs the program and gives its standard output; its command and its minutes go to standard error. */
function run(...args: readonly string[]): string {
  console.error(`maskwright ${args.join(" ")}`);
  const startMs = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    maxBuffer: 1e8,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
  console.error(`${((performance.now() - startMs) / 60_000).toFixed(1)} min`);
  return stdout;
}
