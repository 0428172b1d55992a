import { join, resolve } from "node:path";
import type { NdArray } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";
import { toHalf } from "../core/half.ts";
import { random } from "../core/random.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import type { Device } from "../engine/index.ts";
import { cosineRate, warmup } from "../engine/schedule.ts";
import type { TrainerStart } from "../engine/trainer-plan.ts";
import { type SamConfig, samConfigs } from "../models/sam/config.ts";
import { drawSam } from "../models/sam/initial.ts";
import { BOX_BIASES, raiseBoxes } from "../models/sam/initial-places.ts";
import { samTensors } from "../models/sam/tensor-table.ts";
import { fingerprint } from "./artifact-key.ts";
import { type RunSummary, secondsSince, writeReport } from "./command.ts";
import { writeAtomically } from "./files.ts";
import { readFirstWeights } from "./promptable/first-weights.ts";
import { readMaskedPhotos } from "./promptable/masked-photos.ts";
import { type PhaseOptions, runPhases } from "./promptable/phases.ts";
import type { SamTinyRecipe } from "./promptable/sam-tiny-recipe.ts";
import { openRunDirectory } from "./run-directory.ts";
import type { WorkContext } from "./stage.ts";
import { digestFile } from "./store/digest.ts";
import type { MaskedSource } from "./tasks/prompt-samples.ts";
import { version } from "./version.ts";

export interface TrainSamTinyRequest {
  /** Photos with a COCO JSON of masks, or null for scenes alone. */
  readonly photos: { readonly images: string; readonly instances: string } | null;
  readonly out: string;
  readonly recipe: SamTinyRecipe;
  /** A checkpoint, a weight file, or "sam-tiny" for the weights that the model has, to begin with; null for random weights. */
  readonly init: string | null;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly device: Device;
  readonly threads: number | null;
}

export interface TrainSamTinyReport extends RunSummary {
  readonly steps: number;
  /** What the last step reported. */
  readonly last: Readonly<Record<string, number>>;
  readonly bytes: number;
}

const config = samConfigs["sam-tiny"] as SamConfig;

/**
 * Trains `sam-tiny` to answer boxes and clicks, on drawn scenes, on photos with masks, or on both: `OUT/sam-tiny.safetensors` in float16,
 * and a folder with checkpoint, log and curves for each phase. Goes on where an earlier run stopped, to the same bytes.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a recipe without a step; as `readMaskedPhotos`, `readFirstWeights` and `openRunDirectory`
 */
export async function trainSamTiny(
  request: TrainSamTinyRequest,
  context: WorkContext,
): Promise<TrainSamTinyReport> {
  const startMs = performance.now();
  const { photos, out, recipe, init, seed, device } = request;
  const total = recipe.windowSteps + recipe.wholeSteps;
  if (total === 0)
    throw new MaskwrightError("INVALID_ARGUMENT", "train sam-tiny: expected at least one step, got none");
  const { side } = config.encoder;
  const masked = photos === null ? [] : await readMaskedPhotos(photos.images, photos.instances, side);
  const share = masked.length === 0 ? 1 : recipe.scenes;
  const first = init === null ? null : await readFirstWeights(init, config);
  // Other masks or first weights under the same name are another training; the masks' file names the photos too.
  const options = {
    ...{ recipe: { ...recipe, scenes: share }, seed, device },
    masks: photos === null ? null : (await digestFile(photos.instances)).sha256,
    init: first?.sha256 ?? null,
  };
  const inputs =
    photos === null ? {} : { images: resolve(photos.images), instances: resolve(photos.instances) };
  openRunDirectory(out, { command: "train sam-tiny", options, inputs }).journal.close();
  const result = await runPhases(
    [
      { name: "windows", side: side / 2, from: 0, steps: recipe.windowSteps },
      { name: "whole", side, from: recipe.windowSteps, steps: recipe.wholeSteps },
    ],
    {
      ...{ ...request, config },
      schedule: warmup(cosineRate(recipe.rate, total, recipe.rate / 100), Math.ceil(total / 20)),
      begin: () => first ?? { tensors: drawSam(config, random(`${seed} sam-tiny`)) },
      pictures: pictureOf(masked, share, seed),
    },
    context,
  );
  // A weight file from scenes alone has them raised already.
  const areBoxesRaised = share === 1 && (first === null || first.isCheckpoint);
  const bytes = encodeWeights(result.checkpoint.tensors, areBoxesRaised);
  writeAtomically(join(out, "sam-tiny.safetensors"), bytes);
  const { step: _, ...last } = result.lines.at(-1) ?? { step: 0 };
  const report: TrainSamTinyReport = {
    command: "train sam-tiny",
    maskwright: version,
    options,
    images: masked.length,
    steps: total,
    last,
    bytes: bytes.length,
    failures: [],
    fingerprint: fingerprint(textsOf(masked)),
    timing: { seconds: secondsSince(startMs) },
  };
  writeReport(out, report);
  return report;
}

/** What the photos and their masks are, a photo at a time: all of COCO's masks are more than one text can be. */
function* textsOf(photos: readonly MaskedSource[]): Generator<string> {
  for (const photo of photos) yield JSON.stringify(photo);
}

/** The pictures of a run: what each is depends on its number alone. */
function pictureOf(photos: readonly MaskedSource[], scenes: number, seed: number): PhaseOptions["pictures"] {
  return (index) => {
    const own = `${seed} picture ${index}`;
    const r = random(`${own} source`);
    const isScene = photos.length === 0 || r.next() < scenes;
    return { source: isScene ? { kind: "scene" } : photos[r.integer(photos.length)], seed: own };
  };
}

/**
 * Logits by which masks of boxes begin higher where nothing but scenes was seen, since what photos show fills more of its box. Chosen on COCO
 * photos that `bench/segment.ts` has for tuning.
 */
const FULLER_BOXES = 0.7;

/** The model's tensors in float16, with boxes raised or as they are. */
function encodeWeights(tensors: TrainerStart["tensors"], areBoxesRaised: boolean): Uint8Array {
  const tensor = (name: string): NdArray<"float32"> => {
    const learned = tensors.get(name) as NdArray<"float32">;
    return areBoxesRaised && name === BOX_BIASES ? raiseBoxes(learned, FULLER_BOXES) : learned;
  };
  return writeSafetensors(
    new Map([...samTensors(config).keys()].map((name) => [name, toHalf(tensor(name))])),
  );
}
