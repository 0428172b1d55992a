import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import type { TrainingGraph } from "../compile-training.ts";
import { createGraph, input, type Tensor } from "../graph.ts";
import { drawFanInUniform } from "../initializers.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { tanh } from "../ops/elementwise.ts";
import { oneHot } from "../ops/indexing.ts";
import { linear } from "../ops/linear.ts";
import { batchNormFrozen, batchNormTrain } from "../ops/normalization.ts";
import { mean, sum } from "../ops/reduce.ts";
import { logSoftmax, softmax } from "../ops/softmax.ts";
import type { Arrays } from "../runtime.ts";

export const BATCH = 16;
const FEATURES = 6;
const HIDDEN = 12;
const CLASSES = 3;

const shapes: Readonly<Record<string, readonly number[]>> = {
  "first.weight": [FEATURES, HIDDEN],
  "norm.weight": [HIDDEN],
  "norm.bias": [HIDDEN],
  "second.weight": [HIDDEN, CLASSES],
  "second.bias": [CLASSES],
};

/** Two layers with a batch norm between them, its running statistics, a loss of two parts and a program that predicts. */
export function smallNetwork(): TrainingGraph {
  const graph = createGraph();
  const x = input(graph, "x", [BATCH, FEATURES]);
  const labels = input(graph, "labels", [BATCH], "int64");
  const weights = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, input(graph, name, shape)]),
  );
  const average = input(graph, "norm.mean", [HIDDEN]);
  const variance = input(graph, "norm.variance", [HIDDEN]);
  const affine = { scale: weights["norm.weight"], bias: weights["norm.bias"] };
  const head = (hidden: Tensor): Tensor =>
    linear(tanh(hidden), weights["second.weight"], { bias: weights["second.bias"] });

  const before = linear(x, weights["first.weight"]);
  const norm = batchNormTrain(before, affine);
  const logits = head(norm.y);
  const fit = mul(sum(mul(logSoftmax(logits), oneHot(labels, CLASSES))), -1 / BATCH);
  const size = mul(mean(mul(logits, logits)), 0.01);
  const follow = (state: Tensor, now: Tensor): { state: Tensor; next: Tensor } => ({
    state,
    next: add(state, mul(sub(now, state), 0.1)),
  });
  return {
    loss: add(fit, size),
    parameters: Object.values(weights),
    report: { fit, size },
    running: [follow(average, norm.mean), follow(variance, norm.variance)],
    programs: {
      predict: { scores: softmax(head(batchNormFrozen(before, { mean: average, variance }, affine))) },
    },
  };
}

/** The same every time. */
export function startOfSmallNetwork(): { tensors: Map<string, NdArray> } {
  const generator = random("small network");
  const tensors = new Map<string, NdArray>(
    Object.entries(shapes).map(([name, shape]) => [name, drawFanInUniform(shape, generator, shape[0])]),
  );
  tensors.set("norm.mean", { dtype: "float32", shape: [HIDDEN], data: new Float32Array(HIDDEN) });
  tensors.set("norm.variance", { dtype: "float32", shape: [HIDDEN], data: new Float32Array(HIDDEN).fill(1) });
  return { tensors };
}

/** The batch of a step: points around the corners of a simplex. */
export function batchOfSmallNetwork(step: number): { x: NdArray; labels: NdArray } {
  const { integer, normal } = random(`batch ${step}`);
  const labels = BigInt64Array.from({ length: BATCH }, () => BigInt(integer(CLASSES)));
  const data = Float32Array.from(
    { length: BATCH * FEATURES },
    (_, p) => (p % FEATURES === Number(labels[Math.floor(p / FEATURES)]) ? 2.5 : 0) + normal(),
  );
  return {
    x: { dtype: "float32", shape: [BATCH, FEATURES], data },
    labels: { dtype: "int64", shape: [BATCH], data: labels },
  };
}

/** Share of a batch's points whose largest score is that of their class. */
export function accuracy(scores: Arrays["scores"], labels: NdArray): number {
  const hits = Array.from(labels.data as BigInt64Array, (label, row) => {
    const values = (scores.data as Float32Array).subarray(row * CLASSES, (row + 1) * CLASSES);
    return values.indexOf(Math.max(...values)) === Number(label) ? 1 : 0;
  });
  return hits.reduce((total: number, hit) => total + hit, 0) / hits.length;
}
