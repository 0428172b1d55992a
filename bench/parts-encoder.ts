import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromHalf } from "../src/core/half.ts";
import { readIdList } from "../src/data/id-list.ts";
import { encodePartPredictions, type PredictedPicture } from "../src/data/part-predictions.ts";
import { readPhoto } from "../src/data/photo.ts";
import { openBoxes } from "../src/data/prompts.ts";
import { decodeCheckpoint } from "../src/engine/checkpoint.ts";
import { createGraph } from "../src/engine/graph.ts";
import {
  type Arrays,
  compileTraining,
  frozenWeights,
  input,
  type Runtime,
  type Tensor,
  type Trainer,
  type TrainerStart,
} from "../src/engine/index.ts";
import { openWeightFile, openWorkerRuntime } from "../src/engine/node.ts";
import { findTensor } from "../src/engine/weight-file.ts";
import { partLoss } from "../src/methods/wps/losses.ts";
import { type MatchCounts, matchBatch, tally } from "../src/methods/wps/match-batch.ts";
import { drawParts, findParts } from "../src/methods/wps/predict.ts";
import { partRate } from "../src/methods/wps/schedules.ts";
import { type BatchTargets, packTargets, unpackTargets } from "../src/methods/wps/targets.ts";
import { teachParts } from "../src/methods/wps/teacher.ts";
import { openTokenProjection } from "../src/methods/wps/token-projection.ts";
import type { PrompterConfig } from "../src/models/prompter/config.ts";
import { createPrompter } from "../src/models/prompter/networks.ts";
import { promptParts } from "../src/models/prompter/prompter.ts";
import { prompterTensors } from "../src/models/prompter/weights.ts";
import { findModel } from "../src/models/registry.ts";
import type { SamConfig } from "../src/models/sam/config.ts";
import { encodeImage } from "../src/models/sam/image-encoder.ts";
import { preprocess } from "../src/models/sam/preprocess.ts";
import { createSam } from "../src/models/sam/sam.ts";
import { samTensors } from "../src/models/sam/tensor-table.ts";
import { weightFile } from "../src/models/sam/testing/tiny-sam.ts";
import type { Weights } from "../src/models/sam/weights.ts";
import { pictureOrder } from "../src/run/picture-order.ts";
import { locateModel } from "../src/run/store/stored-models.ts";
import { runTraining } from "../src/run/train.ts";

export interface TuneRequest {
  readonly model: string;
  /** Of `train prompter`: what is gone on from. */
  readonly prompter: string;
  readonly images: string;
  readonly boxes: string;
  readonly classes: readonly string[];
  readonly ids: { readonly training: string; readonly held: string };
  readonly epochs: number;
  /** Whether the encoder learns too, at a tenth of the prompter's rate. */
  readonly encoder: "tuned" | "frozen";
  readonly out: string;
}

const BATCH = 2;
const MICRO_BATCHES = 4;
const RATE = 1e-4;

/** Trains a prompter for some epochs more, its encoder with it or not, and writes what it then finds in the photos kept out. */
export async function goOn(request: TuneRequest): Promise<string> {
  const { model, prompter, images, boxes, classes, ids, epochs, out } = request;
  const { network } = findModel(model);
  if (network.kind !== "sam" || network.config.kind !== "sam") throw new Error(`${model} is no SAM`);
  const config = network.config;
  const file = openWeightFile(locateModel(model).path);
  const [before, runtime] = [decodeCheckpoint(readFileSync(prompter), prompter), await openWorkerRuntime()];
  const own = (before.config as { readonly network: PrompterConfig }).network;
  const sam = createSam(file, config, runtime);
  const source = await openBoxes(boxes, classes);
  const training = await readIdList(ids.training);
  const names = [...samTensors(config).keys()].filter((name) => name.startsWith("image_encoder."));
  const feedOf = async (some: readonly string[]): Promise<Arrays> => {
    const { side } = config.encoder;
    const data = new Float32Array(some.length * 3 * side * side);
    const targets = [];
    for (const [b, id] of some.entries()) {
      const image = await readPhoto(join(images, `${id}.jpg`));
      data.set(preprocess(image, side).pixels.data, b * 3 * side * side);
      const parts = source
        .promptsOf(id)
        .flatMap((prompt) => (prompt.kind === "box" ? [{ ...prompt.box, classId: prompt.classId }] : []));
      targets.push(await teachParts(sam, { kind: "boxes", boxes: parts }, image));
    }
    return {
      pixels: { dtype: "float32", shape: [some.length, 3, side, side], data },
      ...packTargets(targets, [own.tokens, own.channels]),
    };
  };
  const perStep = BATCH * MICRO_BATCHES;
  const steps = Math.ceil((epochs * training.length) / perStep);
  const tensors = new Map([
    ...before.tensors,
    ...names.map((name) => [name, fromHalf(findTensor(file, name).read())] as const),
  ]);
  const { checkpoint } = await runTraining(
    {
      name: request.encoder,
      folder: out,
      config: { model, network: own, epochs, encoder: request.encoder },
      seed: 0,
      begin: () => ({ tensors }),
      open: (start) =>
        compileBoth(config, own, runtime, { start, names, weights: file, encoder: request.encoder }),
      async batches(step) {
        const chosen = pictureOrder(training.length, perStep, step, 0).map((k) => training[k]);
        const feeds: Arrays[] = [];
        for (let begin = 0; begin < perStep; begin += BATCH)
          feeds.push(await feedOf(chosen.slice(begin, begin + BATCH)));
        return feeds;
      },
      steps,
      schedule: partRate(RATE, steps),
      checkpointEvery: 20,
    },
    {
      progress: {
        begin: (stage, total) => console.error(`${stage}: ${total} steps`),
        advance: (id, note) => Number(id) % 20 === 0 && console.error(`${id} ${note}`),
        warn: console.error,
        end: () => {},
      },
      signal: new AbortController().signal,
    },
  );
  const all = new Map(
    [...samTensors(config).keys()].map((name) => [
      name,
      checkpoint.tensors.get(name) ?? findTensor(file, name).read(),
    ]),
  );
  const tuned = createSam(weightFile(all), config, runtime);
  const trained = new Map(
    [...prompterTensors(own).keys()].map((name) => [name, checkpoint.tensors.get(name)]),
  );
  const finder = createPrompter(weightFile(trained as typeof all), own, runtime);
  const projection = await openTokenProjection(tuned, "box");
  const pictures: PredictedPicture[] = [];
  for (const id of await readIdList(ids.held)) {
    const image = await readPhoto(join(images, `${id}.jpg`));
    const found = await findParts(finder, tuned, await tuned.embed(image), projection);
    const { instances } = drawParts(found, image);
    pictures.push({ file: `${id}.jpg`, height: image.height, width: image.width, parts: instances });
  }
  await runtime.close();
  const path = join(out, "found.json");
  writeFileSync(path, JSON.stringify(encodePartPredictions(pictures, classes)));
  return path;
}

interface BothOptions {
  readonly start: TrainerStart;
  /** The encoder's tensors. */
  readonly names: readonly string[];
  readonly weights: ReturnType<typeof openWeightFile>;
  readonly encoder: TuneRequest["encoder"];
}

/** Encoder and prompter in one graph, matched between its two stages as `compilePartTraining` does. */
async function compileBoth(
  config: SamConfig,
  own: PrompterConfig,
  runtime: Runtime,
  { start, names, weights: file, encoder }: BothOptions,
): Promise<Trainer> {
  const graph = createGraph();
  const frozen = frozenWeights(graph, file);
  const parameters = new Map<string, Tensor>();
  for (const [name, shape] of prompterTensors(own)) parameters.set(name, input(graph, name, shape));
  for (const name of names)
    parameters.set(name, input(graph, name, samTensors(config).get(name) as number[]));
  const weights: Weights = (name) => parameters.get(name) ?? frozen(name);
  const { side } = config.encoder;
  const features = encodeImage(weights, input(graph, "pixels", [BATCH, 3, side, side]), config);
  const parts = promptParts(weights, features, own);
  const { loss, classLoss, tokenLoss } = partLoss(parts, {
    classes: input(graph, "target/classes", [BATCH, own.queries], "int64"),
    tokens: input(graph, "target/tokens", [BATCH, own.queries, own.tokens, own.channels]),
    shares: input(graph, "target/shares", [BATCH, own.queries]),
  });
  const trainer = await compileTraining(
    {
      loss,
      parameters: [...parameters.values()],
      report: { class: classLoss, token: tokenLoss },
      opening: { ...parts },
    },
    runtime,
    {
      start,
      optimizer: {
        kind: "adam",
        weightDecay: 1e-4,
        groups: [{ names, rateScale: encoder === "tuned" ? 0.1 : 0, weightDecay: 0 }],
      },
      microBatches: MICRO_BATCHES,
    },
  );
  return {
    ...trainer,
    async step(given, rate) {
      const feeds: Arrays[] = [];
      const counts: MatchCounts[] = [];
      for (const each of given) {
        const { pixels, ...packed } = each as Arrays<"pixels"> & BatchTargets;
        const matching = matchBatch(await trainer.begin({ pixels }), unpackTargets(packed), undefined);
        counts.push(matching.counts);
        feeds.push(matching.feeds);
      }
      return { ...(await trainer.step(feeds, rate)), ...tally(counts) };
    },
  };
}
