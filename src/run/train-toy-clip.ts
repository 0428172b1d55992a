import { join } from "node:path";
import type { NdArray } from "../core/array.ts";
import { toHalf } from "../core/half.ts";
import { random } from "../core/random.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { compileTraining, cosineRate, warmup } from "../engine/index.ts";
import { openWorkerRuntime } from "../engine/node.ts";
import { toyClipConfig } from "../models/clip/config.ts";
import { drawClip } from "../models/clip/initial.ts";
import { clipOptimizer, clipTraining, MAX_LOGIT_SCALE } from "../models/clip/training.ts";
import { WORDS_KEY } from "../models/clip/word-tokenizer.ts";
import { artifactKey } from "./artifact-key.ts";
import { type RunSummary, secondsSince, writeReport } from "./command.ts";
import { writeAtomically } from "./files.ts";
import { openRunDirectory } from "./run-directory.ts";
import type { WorkContext } from "./stage.ts";
import { doubleFilters, halfConfig } from "./toy-clip/half-size.ts";
import { appendMeanBlock, learnedConfig } from "./toy-clip/mean-block.ts";
import { wavePositions } from "./toy-clip/positions.ts";
import { classNouns, nouns, toyWords } from "./toy-clip/words.ts";
import { runTraining, type TrainingResult } from "./train.ts";
import { version } from "./version.ts";

export interface TrainToyClipRequest {
  readonly out: string;
  readonly steps: number;
  /** Different scenes to learn from. */
  readonly scenes: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  /** Threads that compute; the scenes are drawn beside them. */
  readonly threads: number;
}

export interface TrainToyClipReport extends RunSummary {
  readonly steps: number;
  /** What the last step reported. */
  readonly last: Readonly<Record<string, number>>;
}

/** Changes whenever the weights would. */
const TOY_CLIP_VERSION = 2;
const FILTERS = "visual.conv1.weight";
const POSITIONS = "visual.positional_embedding";
/** Tokens of a text. */
const LENGTH = 24;
const CLIP_NORM = 1;

/** The network as it learns: from pictures of half the size, and without its last block. */
const config = halfConfig(learnedConfig(toyClipConfig));

/** First what objects look like, each alone and large, then where they are in scenes; from and to which share of all steps. */
const lessons = [
  { lesson: "objects", from: 0, to: 0.75, batch: 32, side: 48, rate: 1e-3, warmupSteps: 100 },
  { lesson: "scenes", from: 0.75, to: 1, batch: 5, side: config.vision.side, rate: 5e-4, warmupSteps: 50 },
] as const;

/**
 * Trains `toy-clip` on drawn scenes: `OUT/weights.safetensors`, float16 with the words of its tokenizer, as it ships; for each lesson a
 * folder with a checkpoint, log and page. A run that is stopped goes on from its last checkpoint, to the same bytes.
 */
export async function trainToyClip(
  request: TrainToyClipRequest,
  { pool, ...context }: WorkContext,
): Promise<TrainToyClipReport> {
  const startMs = performance.now();
  const { out, steps, scenes, seed, checkpointEvery, threads } = request;
  const options = { steps, scenes, seed, version: TOY_CLIP_VERSION };
  openRunDirectory(out, { command: "train toy-clip", options, inputs: {} }).journal.close();
  const runtime = await openWorkerRuntime({ threads });
  try {
    let learned: TrainingResult | null = null;
    for (const { lesson, from, to, batch, side, rate, warmupSteps } of lessons) {
      const lessonSteps = Math.round(to * steps) - Math.round(from * steps);
      if (lessonSteps === 0) continue;
      const before = learned?.checkpoint.tensors ?? drawToyClip(seed);
      const graph = { batch, side, nouns: nouns.length, classes: classNouns.length, length: LENGTH };
      learned = await runTraining(
        {
          name: `toy-clip ${lesson}`,
          folder: join(out, lesson),
          config: { ...options, lesson, network: config, words: toyWords },
          seed,
          begin: () => ({ tensors: before }),
          open: (start) =>
            compileTraining(clipTraining(config, graph), runtime, {
              start,
              optimizer: clipOptimizer(config),
              clipNorm: CLIP_NORM,
            }),
          batches: async (step) => [
            await pool.run("toy-clip", { seed, lesson, step, scenes, batch, side, length: LENGTH }),
          ],
          steps: lessonSteps,
          schedule: warmup(cosineRate(rate, lessonSteps), Math.min(warmupSteps, lessonSteps)),
          checkpointEvery,
        },
        context,
      );
    }
    const { checkpoint, lines } = learned as TrainingResult;
    const weights = encodeToyClip(checkpoint.tensors);
    writeAtomically(join(out, "weights.safetensors"), weights);
    const { step: _, ...last } = lines.at(-1) ?? { step: 0 };
    const report: TrainToyClipReport = {
      command: "train toy-clip",
      maskwright: version,
      options,
      images: scenes,
      steps,
      last,
      failures: [],
      fingerprint: artifactKey("toy-clip", [weights]),
      timing: { seconds: secondsSince(startMs) },
    };
    writeReport(out, report);
    return report;
  } finally {
    await runtime.close();
  }
}

/** What training starts from: positions are waves, so that neighbors are alike on a grid of any size. */
function drawToyClip(seed: number): Map<string, NdArray<"float32">> {
  const tensors = drawClip(config, random(`toy-clip ${seed}`));
  return tensors.set(POSITIONS, wavePositions(tensors.get(POSITIONS) as NdArray<"float32">));
}

/** The weights for pictures of full size, in half the bytes, with the words of the tokenizer. */
function encodeToyClip(tensors: ReadonlyMap<string, NdArray>): Uint8Array {
  const halves = new Map<string, NdArray>();
  for (const [name, tensor] of appendMeanBlock(tensors, toyClipConfig)) {
    const { shape, data } = name === FILTERS ? doubleFilters(tensor) : tensor;
    const values = data as Float32Array;
    const kept = name === "logit_scale" ? values.map((value) => Math.min(value, MAX_LOGIT_SCALE)) : values;
    halves.set(name, toHalf({ dtype: "float32", shape, data: kept }));
  }
  return writeSafetensors(halves, { [WORDS_KEY]: toyWords.join(" ") });
}
