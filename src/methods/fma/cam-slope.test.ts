import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import {
  add,
  constant,
  createGraph,
  type Graph,
  gradients,
  input,
  layerNorm,
  linear,
  matmul,
  mean,
  mul,
  quickGelu,
  reshape,
  slice,
  softmax,
  sum,
  type Tensor,
} from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { relativeError } from "../../testing/golden.ts";
import { camSlope } from "./cam-slope.ts";
import type { Competition } from "./class-softmax.ts";
import { type CamRows, gradCam } from "./grad-cam.ts";
import { camLoss } from "./losses.ts";

const ROWS = 3;
const GRID = { height: 2, width: 3 };
const TOKENS = 1 + GRID.height * GRID.width;
const DIM = 8;
const EMBED = 5;
const CLASSES = 7;
const FOREGROUND = 4;

const generator = random("a small last block");
const draw = (...shape: number[]): Float64Array =>
  Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => generator.normal());
const values: Readonly<Record<string, Float64Array>> = {
  activation: draw(ROWS, TOKENS, DIM),
  residual: draw(ROWS, TOKENS, DIM),
  texts: draw(CLASSES, EMBED).map((value) => value / 3),
};
const weights = new Map(
  Object.entries({
    qkv: [DIM, 3 * DIM],
    out: [DIM, DIM],
    fc: [DIM, 12],
    proj: [12, DIM],
    last: [DIM, EMBED],
  }).map(([name, shape]) => [name, { shape, data: draw(...shape).map((value) => value / 2) }]),
);

/** One block of one head behind its first norm, and the mean patch projected: CLIP's shape, small. */
function finishSmall(graph: Graph, residual: Tensor): (activation: Tensor) => Tensor {
  const weight = (name: string): Tensor => {
    const { shape, data } = weights.get(name) as { shape: number[]; data: Float64Array };
    return constant(graph, data, { shape });
  };
  return (activation) => {
    const tokens = linear(activation, weight("qkv"));
    const [q, k, v] = [0, 1, 2].map((part) =>
      slice(tokens, { axis: 2, start: part * DIM, end: (part + 1) * DIM }),
    );
    const shares = softmax(matmul(q, k, { transposeB: true, alpha: DIM ** -0.5 }));
    const attended = add(residual, linear(matmul(shares, v), weight("out")));
    const hidden = quickGelu(linear(layerNorm(attended), weight("fc")));
    const output = layerNorm(add(attended, linear(hidden, weight("proj"))));
    return matmul(mean(slice(output, { axis: 1, start: 1 }), { axes: 1 }), weight("last"));
  };
}

function smallRows(graph: Graph, competition: Competition): CamRows {
  const present = [1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0];
  return {
    activation: input(graph, "activation", [ROWS, TOKENS, DIM]),
    finish: finishSmall(graph, input(graph, "residual", [ROWS, TOKENS, DIM])),
    texts: input(graph, "texts", [CLASSES, EMBED]),
    scale: 6,
    present: constant(graph, Float32Array.from(present), { shape: [ROWS, FOREGROUND] }),
    target: constant(graph, BigInt64Array.of(0n, 1n, 2n)),
    competition,
  };
}

const lossOn =
  (target: Tensor) =>
  (cam: Tensor): Tensor => {
    const { graph } = cam;
    const map = [1, 1, 0, 3, 255, 0, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 3, 3];
    const labels = constant(graph, Int32Array.from(map), { shape: [ROWS, GRID.height, GRID.width] });
    const { foreground, background } = camLoss(reshape(cam, [ROWS, GRID.height, GRID.width]), labels, target);
    return add(foreground, background);
  };

describe.each<Competition>(["present", "all", "foreground", "clip-es"])("gradCam of %s", (competition) => {
  it("is the difference quotient of the class's score, averaged over patches", () => {
    const graph = createGraph();
    const rows = smallRows(graph, competition);
    const { cam, scores } = gradCam(rows);
    const [found] = interpret([cam], values);
    const scoreAt = (activation: Float64Array): number[] => {
      const [{ data }] = interpret([scores], { ...values, activation });
      return [0, 1, 2].map((row) => data[row * CLASSES + row]);
    };
    const step = 1e-5;
    const wanted = new Float64Array(ROWS * (TOKENS - 1));
    for (let d = 0; d < DIM; d++) {
      // All patches of a channel moved together: N times the channel's weight. The class token stays.
      const moved = (by: number): Float64Array =>
        (values.activation as Float64Array).map((value, p) =>
          p % DIM === d && Math.floor(p / DIM) % TOKENS > 0 ? value + by : value,
        );
      const [high, low] = [scoreAt(moved(step)), scoreAt(moved(-step))];
      for (let row = 0; row < ROWS; row++) {
        const weight = (high[row] - low[row]) / (2 * step) / (TOKENS - 1);
        for (let n = 1; n < TOKENS; n++)
          wanted[row * (TOKENS - 1) + n - 1] += values.activation[(row * TOKENS + n) * DIM + d] * weight;
      }
    }
    expect(relativeError(found.data, wanted)).toBeLessThan(1e-7);
  });

  it("moves a loss with the texts as full second order does", () => {
    const graph = createGraph();
    const rows = smallRows(graph, competition);
    const lossOf = lossOn(rows.target);
    const { cam, loss, slope } = camSlope(rows, lossOf);

    // All at once: the derivative by A, and the derivative of that.
    const { scores } = gradCam(rows);
    const onDiagonal = Float32Array.from({ length: ROWS * CLASSES }, (_, p) =>
      p % CLASSES === Math.floor(p / CLASSES) ? 1 : 0,
    );
    const own = sum(mul(scores, constant(graph, onDiagonal, { shape: [ROWS, CLASSES] })));
    const first = gradients(own, [rows.activation])[0];
    const channels = mean(slice(first, { axis: 1, start: 1 }), { axes: 1, keepDims: true });
    const full = sum(mul(slice(rows.activation, { axis: 1, start: 1 }), channels), { axes: 2 });
    const fullLoss = lossOf(full);
    const [second] = gradients(fullLoss, [rows.texts]);

    const results = interpret([cam, full, loss, fullLoss, slope, second], values).map(({ data }) => data);
    expect(relativeError(results[0], results[1])).toBeLessThan(1e-12);
    expect(relativeError(results[2], results[3])).toBeLessThan(1e-12);
    expect(relativeError(results[4], results[5])).toBeLessThan(1e-11);
  });
});
