import {
  add,
  argMax,
  cast,
  compileTraining,
  concat,
  constant,
  createGraph,
  expandDims,
  gather,
  greater,
  input,
  mean,
  mul,
  type OptimizerDefinition,
  type Runtime,
  reshape,
  slice,
  stopGradient,
  sub,
  type Tensor,
  type Trainer,
  type TrainerStart,
  type TrainingGraph,
} from "../../engine/index.ts";
import { gridSide, type SamConfig } from "../../models/sam/config.ts";
import { encodePicture } from "../../models/sam/image-encoder.ts";
import { decodeMasks, prepareImage } from "../../models/sam/mask-decoder.ts";
import {
  cellCenters,
  cellPositions,
  encodeMask,
  encodeNoMask,
  encodePoints,
  pixelCenters,
  pointKinds,
} from "../../models/sam/prompt-encoder.ts";
import { samTensors } from "../../models/sam/tensor-table.ts";
import type { Weights } from "../../models/sam/weights.ts";
import { promptLoss } from "./losses.ts";

/** What a micro-batch is: one picture, or a window of one, and prompts about it. */
export interface PromptShape {
  /** Side of the window, px; at most the model's. */
  readonly side: number;
  readonly prompts: number;
}

export interface PromptTrainingOptions extends PromptShape {
  /** Pictures of a step. */
  readonly batch: number;
  readonly start: TrainerStart;
}

const GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";

/** A model ready to be trained to answer prompts; a step is fed what `packSample` makes. */
export async function compilePromptTraining(
  config: SamConfig,
  runtime: Runtime,
  { batch, start, ...shape }: PromptTrainingOptions,
): Promise<Trainer> {
  return await compileTraining(promptTraining(config, shape), runtime, {
    start,
    optimizer: promptOptimizer(config),
    clipNorm: 1,
    microBatches: batch,
  });
}

/** AdamW; biases, norms and tokens do not decay, and the directions of the position code stay as they were drawn. */
export function promptOptimizer(config: SamConfig): OptimizerDefinition {
  const shapes = [...samTensors(config)].filter(([name]) => name !== GAUSSIAN);
  const isMatrix = ([name, shape]: (typeof shapes)[number]): boolean =>
    shape.length > 1 && !/token|embed/.test(name);
  return {
    kind: "adamw",
    weightDecay: 0.05,
    groups: [
      { names: shapes.filter((each) => !isMatrix(each)).map(([name]) => name), weightDecay: 0 },
      { names: [GAUSSIAN], rateScale: 0, weightDecay: 0 },
    ],
  };
}

/**
 * The graph of a step: each prompt is answered, a click is put where the answer is wrong, and both together are answered again. The second time
 * some prompts also have the first answer as a mask prompt.
 *
 * Inputs: `pixels` [1, 3, S, S]; `origin` [1, 2], where in the model's input the window lies, in units of that input's side; `points`
 * [N, 2, 2] and `kinds` [N, 2], a box or a point and padding; `targets` [N, S/4, S/4]; `hasMask` [N, 1, 1, 1]; `noise` [1, S²/16],
 * which says where among the wrong pixels the click is.
 *
 * @see Kirillov et al. 2023, appendix A, "Training algorithm"; there are up to 10 more clicks there, each answered in a run of its own. Here
 *      there is one, in the same run
 */
export function promptTraining(config: SamConfig, { side, prompts }: PromptShape): TrainingGraph {
  const graph = createGraph();
  const parameters = new Map(
    [...samTensors(config)].map(([name, shape]) => [name, input(graph, name, shape)]),
  );
  const weights: Weights = (name) => parameters.get(name) as Tensor;
  const whole = gridSide(config.encoder);
  const cells = (side / config.encoder.side) * whole;
  const pixels = 4 * cells;

  const origin = input(graph, "origin", [1, 2]);
  const positions = cellPositions(weights, add(cellCenters(graph, cells, whole), origin));
  const places = add(cellCenters(graph, pixels, 4 * whole), origin); // of a mask's pixels
  const picture = input(graph, "pixels", [1, 3, side, side]);
  const { features, fine } = encodePicture(weights, picture, config, { positions });
  const pixelPositions = cellPositions(weights, add(pixelCenters(graph, cells, whole), origin));
  const decoding = { positions, pixels: pixelPositions, fine };
  const targets = input(graph, "targets", [prompts, pixels, pixels]);
  const points = input(graph, "points", [prompts, 2, 2]);
  const kinds = input(graph, "kinds", [prompts, 2], "int32");
  const noMask = encodeNoMask(weights);

  const first = decodeMasks(
    weights,
    prepareImage(weights, features, noMask, config, positions),
    tokensOf(weights, points, kinds),
    config,
    decoding,
  );
  const opening = promptLoss(first, targets);

  const answer = stopGradient(slice(first.masks, { axis: 1, start: 0, end: 1 })); // [N, 1, h, w]
  const click = clickOn(answer, targets, input(graph, "noise", [1, pixels * pixels]), places);
  const hasMask = input(graph, "hasMask", [prompts, 1, 1, 1]);
  const dense = add(mul(encodeMask(weights, answer), hasMask), mul(noMask, sub(1, hasMask)));
  const second = decodeMasks(
    weights,
    prepareImage(weights, features, dense, config, positions),
    tokensOf(weights, concat([click.points, points], 1), concat([click.kinds, kinds], 1)),
    config,
    decoding,
  );
  const corrected = promptLoss(second, targets);
  const of = (iou: Tensor): Tensor => mean(slice(iou, { axis: 1, start: 0, end: 1 }));
  return {
    loss: mul(add(opening.loss, corrected.loss), 0.5),
    parameters: [...parameters.values()],
    report: { iou: of(opening.iou), "iou with a click": of(corrected.iou) },
  };
}

/** [N, n, 2] and [N, n] to tokens [N, n, C] */
function tokensOf(weights: Weights, points: Tensor, kinds: Tensor): Tensor {
  const [prompts, count] = kinds.shape as readonly number[];
  const tokens = encodePoints(
    weights,
    reshape(points, [prompts * count, 2]),
    reshape(kinds, [prompts * count]),
  );
  return reshape(tokens, [prompts, count, tokens.shape[1]]);
}

/**
 * A click on a pixel that the answer has wrong, or on the first pixel where all is right: positive on the object, negative beside it.
 *
 * @returns  points [N, 1, 2] and kinds [N, 1]
 */
function clickOn(
  answer: Tensor,
  targets: Tensor,
  noise: Tensor,
  places: Tensor,
): { readonly points: Tensor; readonly kinds: Tensor } {
  const [prompts, height, width] = targets.shape as readonly number[];
  const flat = (x: Tensor): Tensor => reshape(cast(x, "float32"), [prompts, height * width]);
  const truth = flat(greater(targets, 0.5));
  const ours = flat(greater(answer, 0));
  const wrong = add(truth, mul(ours, sub(1, mul(truth, 2)))); // t + o − 2to
  const chosen = argMax(mul(wrong, noise)); // [N]
  const rows = constant(
    targets.graph,
    Array.from({ length: prompts }, (_, n) => n * height * width),
    { shape: [prompts], dtype: "int64" },
  );
  const isOnObject = gather(reshape(truth, [prompts * height * width]), add(chosen, rows));
  const { negative, positive } = pointKinds;
  const kinds = cast(add(mul(isOnObject, positive - negative), negative), "int32");
  return { points: expandDims(gather(places, chosen), 1), kinds: expandDims(kinds, 1) };
}
