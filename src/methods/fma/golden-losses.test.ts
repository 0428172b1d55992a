import { afterAll, describe, expect, it } from "vitest";
import {
  add,
  addUpdate,
  constant,
  createGraph,
  type Graph,
  gradients,
  input,
  slice,
  softmax,
  sum,
  type Tensor,
} from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { type GoldenTensors, openGoldenTensors } from "../../models/sam/testing/golden-sam.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { relativeError, reportGolden } from "../../testing/golden.ts";
import { findPlateaus } from "../../testing/golden-plateaus.ts";
import { maskedSoftmax } from "./class-softmax.ts";
import { camLoss, contrastiveLoss } from "./losses.ts";
import { promptOptimizer, promptRate } from "./prompt-training.ts";

interface Schedule {
  readonly name: string;
  readonly warm: number;
  readonly max_iter: number;
  readonly values: Readonly<Record<string, number>>;
  /** Between the published recursive form and the closed one. */
  readonly max_abs_diff_closed_form: number;
}

const folder = goldenFolder("fma");
/** The published code in float32, and in float64: the graphs here are computed in float64. */
const tolerances = { float32: 1e-3, float64: 1e-9 } as const;
const dtypes = ["float32", "float64"] as const;
/** The README's, of all its steps of SGD. */
const WEIGHT_DECAY = 5e-4;

describe.skipIf(folder === null)("golden fma: losses", () => {
  const root = folder ?? "";
  const golden = folder === null ? ({} as GoldenTensors) : openGoldenTensors(root);
  let compared = 0;
  let worst = 0;
  afterAll(() => reportGolden("fma (losses)", compared, worst));

  const numbers = (name: string): ArrayLike<number> => golden.get(name).data as Float64Array;
  const expectClose = (name: string, got: ArrayLike<number>, tolerance: number): void => {
    const error = relativeError(got, numbers(name));
    expect(error, name).toBeLessThanOrEqual(tolerance);
    compared++;
    if (tolerance < 1e-3) worst = Math.max(worst, error);
  };
  /** What the pattern's group finds in the set's names, each once. */
  const unique = (pattern: RegExp): string[] => {
    const found = [...new Set(golden.names.flatMap((name) => pattern.exec(name)?.[1] ?? []))];
    expect(found.length).toBeGreaterThan(0);
    return found;
  };
  /** A constant of the graph with a golden tensor's numbers. */
  const fixed = (graph: Graph, name: string, dtype: "float32" | "int32" | "int64"): Tensor => {
    const { shape } = golden.get(name);
    const data = Array.from(numbers(name));
    return constant(graph, dtype === "int64" ? BigInt64Array.from(data, BigInt) : data, { shape, dtype });
  };

  it("masked softmax and its derivative", () => {
    for (const k of unique(/^softmax\.(\d+)\./)) {
      const graph = createGraph();
      const { shape } = golden.get(`softmax.${k}.logits`);
      const logits = input(graph, "logits", shape);
      const probabilities = maskedSoftmax(logits, fixed(graph, `softmax.${k}.mask`, "float32"));
      const row = slice(probabilities, { axis: 0, end: 1 });
      const jacobian = Array.from({ length: shape[1] }, (_, g) =>
        slice(gradients(sum(slice(row, { axis: 1, start: g, end: g + 1 })), [logits])[0], {
          axis: 0,
          end: 1,
        }),
      );
      const feeds = { logits: numbers(`softmax.${k}.logits`) };
      const [out, plain, ...rows] = interpret([probabilities, softmax(logits), ...jacobian], feeds);
      const derivative = rows.flatMap(({ data }) => [...data]);
      expectClose(`softmax.${k}.no_mask`, plain.data, 1e-12);
      for (const dtype of dtypes) {
        expectClose(`softmax.${k}.${dtype}.out`, out.data, dtype === "float64" ? 1e-12 : 1e-5);
        expectClose(`softmax.${k}.${dtype}.jacobian_row0`, derivative, dtype === "float64" ? 1e-9 : 1e-3);
      }
    }
  });

  it("contrastive loss and its gradient", () => {
    const reductions = { pos_mean: "pairs", sample_mean: "pictures" } as const;
    for (const key of unique(/^(cl\.\d+\..*)\.float32\.loss$/)) {
      const [, k, reduction, gamma] = /^cl\.(\d+)\.(\w+)\.gamma_(.+)$/.exec(key) as RegExpExecArray;
      const graph = createGraph();
      const logits = input(graph, "logits", golden.get(`cl.${k}.S`).shape);
      const loss = contrastiveLoss(logits, fixed(graph, `cl.${k}.labels`, "float32"), {
        reduction: reductions[reduction as keyof typeof reductions],
        ...(gamma !== "None" && { scale: Number(gamma) }),
      });
      const [value, slope] = interpret([loss, gradients(loss, [logits])[0]], {
        logits: numbers(`cl.${k}.S`),
      });
      for (const dtype of dtypes) {
        expectClose(`${key}.${dtype}.loss`, value.data, tolerances[dtype]);
        expectClose(`${key}.${dtype}.grad`, slope.data, tolerances[dtype]);
      }
    }
  });

  it("CAM loss and its gradient", () => {
    const reductions = { all: "pixels", "fg-bg": "sides", "fg-bg-per-pos": "sides-by-row" } as const;
    for (const k of unique(/^cam_loss\.(\d+)\./)) {
      const graph = createGraph();
      const cam = input(graph, "cam", golden.get(`cam_loss.${k}.cam`).shape);
      const { labels, target } = camTargets(graph, k);
      const settings = unique(new RegExp(`^cam_loss\\.${k}\\.(l.*)\\.float32\\.loss$`));
      // All of them in one graph, which shares what they have in common.
      const outputs = settings.flatMap((setting) => {
        const [, distance, reduction, detach, limit] = /^(l\d)\.([\w-]+)\.detach_(\w+)\.bg(.+)$/.exec(
          setting,
        ) as RegExpExecArray;
        const { foreground, background } = camLoss(cam, labels, target, {
          distance: distance as "l1" | "l2",
          reduction: reductions[reduction as keyof typeof reductions],
          fixedMaximum: detach === "True",
          backgroundLimit: Number(limit),
        });
        return [foreground, background, gradients(add(foreground, background), [cam])[0]];
      });
      const results = interpret(outputs, { cam: numbers(`cam_loss.${k}.cam`) });
      for (const [c, setting] of settings.entries()) {
        const [foreground, background, slope] = results.slice(3 * c).map(({ data }) => data);
        const [distance, reduction] = setting.split(".");
        const slack = (): number => (distance === "l1" ? plateauSlope(k, reduction) : 0);
        for (const dtype of dtypes) {
          const key = `cam_loss.${k}.${setting}.${dtype}`;
          if (Number.isNaN(numbers(`${key}.loss`)[0])) expectNothing(key, [foreground, background, slope]);
          else {
            expectClose(`${key}.loss`, [foreground[0], background[0]], tolerances[dtype]);
            expectSlope(`${key}.grad`, slope, tolerances[dtype], slack);
          }
        }
      }
    }
  });

  /** Where all pixels are ignored, the published mean is 0 / 0; ours is 0. */
  function expectNothing(key: string, results: readonly ArrayLike<number>[]): void {
    const published = [...Array.from(numbers(`${key}.loss`)), ...Array.from(numbers(`${key}.grad`))];
    expect(published.every(Number.isNaN), key).toBe(true);
    expect(
      results.flatMap((each) => Array.from(each)).every((value) => value === 0),
      key,
    ).toBe(true);
    compared++;
  }

  /** As `expectClose`, but all elements together may differ by `slack`, see `findPlateaus`. */
  function expectSlope(name: string, got: ArrayLike<number>, tolerance: number, slack: () => number): void {
    const wanted = numbers(name);
    if (relativeError(got, wanted) <= tolerance) expectClose(name, got, tolerance);
    else {
      const gaps = Array.from(wanted, (value, p) => Math.abs(value - got[p]));
      const difference = gaps.reduce((a, b) => a + b, 0);
      expect(difference, name).toBeLessThanOrEqual(slack() * (1 + tolerance));
      compared++;
    }
  }

  /** What the copies of each row's maximum could contribute to the slope together. */
  function plateauSlope(k: string, reduction: string): number {
    const { pairs, maps, shape } = camPairs(k);
    const valid = maps.filter((label) => label !== 255).length;
    const rows = findPlateaus({
      cam: { shape: golden.get(`cam_loss.${k}.cam`).shape, data: numbers(`cam_loss.${k}.cam`) },
      labels: maps,
      ids: pairs.map((pair) => (pair % golden.get(`cam_loss.${k}.fg_cls_lb`).shape[1]) + 1),
      size: { height: shape[1], width: shape[2] },
    });
    const owned = rows.reduce((total, { own }) => total + own, 0);
    const divisor = (own: number): number =>
      reduction === "all" ? valid : 2 * (reduction === "fg-bg" ? owned : own * rows.length);
    return rows.reduce((total, { own, copies }) => total + (own === 0 ? 0 : copies / divisor(own)), 0);
  }

  /** One row for each class that a picture has, in the order of the label matrix, and its label map. */
  function camPairs(k: string): { pairs: number[]; maps: number[]; shape: readonly number[] } {
    const classCount = golden.get(`cam_loss.${k}.fg_cls_lb`).shape[1];
    const pairs = Array.from(numbers(`cam_loss.${k}.fg_cls_lb`)).flatMap((value, p) =>
      value === 1 ? [p] : [],
    );
    const { shape, data } = golden.get(`cam_loss.${k}.label`);
    const pixels = shape[1] * shape[2];
    const maps = pairs.flatMap((p) => {
      const picture = Math.floor(p / classCount);
      return [...(data as Uint8Array).subarray(picture * pixels, (picture + 1) * pixels)];
    });
    return { pairs, maps, shape };
  }

  function camTargets(graph: Graph, k: string): { labels: Tensor; target: Tensor } {
    const { pairs, maps, shape } = camPairs(k);
    const classCount = golden.get(`cam_loss.${k}.fg_cls_lb`).shape[1];
    return {
      labels: constant(graph, Int32Array.from(maps), { shape: [pairs.length, shape[1], shape[2]] }),
      target: constant(
        graph,
        BigInt64Array.from(pairs, (p) => BigInt(p % classCount)),
      ),
    };
  }

  it("learning rates", () => {
    const { lr } = readJson<{ lr: Schedule[] }>(root, "cases.json");
    for (const { name, warm, max_iter, values, max_abs_diff_closed_form } of lr) {
      const schedule = promptRate(max_iter, { warmupSteps: warm });
      for (const [step, rate] of Object.entries(values)) {
        // Ours is the closed form, up to the last bits of a rate of 1e-3.
        const difference = Math.abs(schedule(Number(step)) - rate);
        expect(difference, `${name} ${step}`).toBeLessThanOrEqual(max_abs_diff_closed_form + 1e-18);
        compared++;
      }
    }
    expect(lr.length).toBeGreaterThan(0);
  });

  it("SGD", () => {
    const grads = golden.get("sgd_toy.grads");
    const [steps, ...shape] = grads.shape;
    const graph = createGraph();
    const p = input(graph, "p", shape);
    const updated = addUpdate(promptOptimizer, { p }, { p: input(graph, "g", shape) });
    const moment = Object.keys(updated).find((name) => name !== "p") as string;
    const size = shape.reduce((a, b) => a * b, 1);
    const rateName = [...graph.names].find((name) => name.includes("rate")) as string;
    let feeds: Record<string, ArrayLike<number>> = {
      [moment]: new Float64Array(size),
      p: numbers("sgd_toy.p0"),
    };
    // The set does not say its rate; the first step shows it, which is `rate` · (gradient + decay · p).
    const all = Array.from(numbers("sgd_toy.grads"));
    const pulls = all.slice(0, size).map((g, q) => g + WEIGHT_DECAY * numbers("sgd_toy.p0")[q]);
    const widest = pulls.reduce((best, pull, q) => (Math.abs(pull) > Math.abs(pulls[best]) ? q : best), 0);
    const rate = (numbers("sgd_toy.p0")[widest] - numbers("sgd_toy.p1")[widest]) / pulls[widest];
    for (let step = 0; step < steps; step++) {
      const g = all.slice(step * size, (step + 1) * size);
      const [next, velocity] = interpret([updated.p, updated[moment]], { ...feeds, g, [rateName]: [rate] });
      expectClose(`sgd_toy.p${step + 1}`, next.data, 1e-12);
      feeds = { p: next.data, [moment]: velocity.data };
    }
  });

  it("leaves nothing of the set out", () => {
    expect(golden.unused().filter((name) => /^(softmax|cl|cam_loss|sgd_toy)\./.test(name))).toEqual([]);
  });
});
