// Trains a two-layer network to tell drawn shapes apart, in about ten seconds: `npx tsx examples/engine-two-layers.ts`.
import { random } from "maskwright/core";
import {
  argMax,
  compileTraining,
  cosineRate,
  createGraph,
  drawFanInUniform,
  input,
  linear,
  logSoftmax,
  mean,
  mul,
  oneHot,
  relu,
  sum,
  trainLoop,
} from "maskwright/engine";
import { openWorkerRuntime } from "maskwright/engine/node";

const SIZE = 20;
const BATCH = 64;
const HIDDEN = 128;
const SHAPES = ["disc", "square", "cross", "ring"];

// The network is a plain function of tensors. Parameters and data are inputs of the graph.
const graph = createGraph();
const images = input(graph, "images", [BATCH, SIZE * SIZE]);
const labels = input(graph, "labels", [BATCH], "int64");
const w1 = input(graph, "w1", [SIZE * SIZE, HIDDEN]);
const b1 = input(graph, "b1", [HIDDEN]);
const w2 = input(graph, "w2", [HIDDEN, SHAPES.length]);
const b2 = input(graph, "b2", [SHAPES.length]);
const scores = linear(relu(linear(images, w1, { bias: b1 })), w2, { bias: b2 });
const loss = mul(mean(sum(mul(logSoftmax(scores), oneHot(labels, SHAPES.length)), { axes: 1 })), -1);

// Gradients are added to the graph, and all of it runs in ONNX Runtime, in a thread of its own.
const runtime = await openWorkerRuntime({ device: "cpu" });
const generator = random("two layers");
const trainer = await compileTraining(
  { loss, parameters: [w1, b1, w2, b2], programs: { classify: { found: argMax(scores) } } },
  runtime,
  {
    optimizer: { kind: "adamw" },
    start: {
      tensors: new Map([
        ["w1", drawFanInUniform([SIZE * SIZE, HIDDEN], generator, SIZE * SIZE)],
        ["b1", drawFanInUniform([HIDDEN], generator, SIZE * SIZE)],
        ["w2", drawFanInUniform([HIDDEN, SHAPES.length], generator, HIDDEN)],
        ["b2", drawFanInUniform([SHAPES.length], generator, HIDDEN)],
      ]),
    },
  },
);

const steps = 2000;
await trainLoop({
  batches: drawBatch,
  step: (batch, rate) => trainer.step([batch], rate),
  steps,
  schedule: cosineRate(2e-3, steps),
  onLog: ({ step, numbers }) => {
    if (step % 500 === 0) console.log(`step ${step}: loss ${numbers.loss.toFixed(3)}`);
  },
});

// Shapes that it has not seen.
let hits = 0;
for (let batch = 0; batch < 10; batch++) {
  const unseen = drawBatch(steps + batch);
  const { found } = await trainer.evaluate("classify", { images: unseen.images });
  hits += unseen.labels.data.filter((label, i) => label === found.data[i]).length;
}
console.log(`${((100 * hits) / (10 * BATCH)).toFixed(1)} % of unseen shapes named right`);
await trainer.dispose();
await runtime.close();

/** Noisy shapes of random size at random places: the same batch for the same step, so that a stopped run can go on. */
function drawBatch(step: number) {
  const { integer, between, normal } = random(`shapes ${step}`);
  const pixels = new Float32Array(BATCH * SIZE * SIZE);
  const names = new BigInt64Array(BATCH);
  for (let n = 0; n < BATCH; n++) {
    const shape = integer(SHAPES.length);
    const [cx, cy, radius] = [between(7, 13), between(7, 13), between(4, 7)];
    names[n] = BigInt(shape);
    for (let p = 0; p < SIZE * SIZE; p++) {
      const [x, y] = [Math.abs((p % SIZE) - cx) / radius, Math.abs(Math.floor(p / SIZE) - cy) / radius];
      const distance = Math.hypot(x, y);
      const isInside = [
        distance < 1,
        Math.max(x, y) < 0.85,
        Math.min(x, y) < 0.3 && Math.max(x, y) < 1,
        distance < 1 && distance > 0.55,
      ][shape];
      pixels[n * SIZE * SIZE + p] = (isInside ? 1 : 0) - 0.3 + 0.3 * normal();
    }
  }
  return {
    images: { dtype: "float32", shape: [BATCH, SIZE * SIZE], data: pixels },
    labels: { dtype: "int64", shape: [BATCH], data: names },
  } as const;
}
