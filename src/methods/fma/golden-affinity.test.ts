import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { Cam } from "../../core/class-maps.ts";
import { traceContours } from "../../core/contour.ts";
import { float32ToHalf, halfToFloat32 } from "../../core/half.ts";
import { constant, createGraph } from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { mergeAttention } from "../../models/clip/vision.ts";
import { type GoldenTensors, openGoldenTensors } from "../../models/sam/testing/golden-sam.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { relativeError, reportGolden } from "../../testing/golden.ts";
import { affinityFromAttention, type Region, refineCam } from "./affinity.ts";
import { markBoxes, scoreBoxes } from "./score-boxes.ts";
import { scaleRows } from "./scores.ts";

interface Cases {
  readonly caa: readonly {
    readonly index: number;
    readonly at: "score" | "cam";
    readonly sinkhorn: number;
    readonly power: number;
    readonly thresh: number;
    readonly to_in: string;
    readonly to_out: string;
  }[];
  readonly boxes: readonly {
    readonly index: number;
    readonly thresh: number;
    readonly boxes: readonly (readonly number[])[];
  }[];
}

const folder = goldenFolder("fma");

describe.skipIf(folder === null)("golden fma: affinity", () => {
  const root = folder ?? "";
  const golden = folder === null ? ({} as GoldenTensors) : openGoldenTensors(root);
  const cases = folder === null ? { caa: [], boxes: [] } : readJson<Cases>(root, "cases.json");
  let compared = 0;
  let worst = 0;
  afterAll(() => reportGolden("fma (affinity)", compared, worst));

  const floats = (name: string): NdArray<"float32"> => golden.get(name) as NdArray<"float32">;
  const expectClose = (name: string, got: ArrayLike<number>, tolerance: number): void => {
    const error = relativeError(got, golden.get(name).data as Float32Array);
    expect(error, name).toBeLessThanOrEqual(tolerance);
    compared++;
    worst = Math.max(worst, error);
  };
  const namesLike = (pattern: RegExp): string[] => golden.names.filter((name) => pattern.test(name));
  const camOf = (): Cam => {
    const { shape, data } = floats("caa.cam");
    return { kind: "cam", classes: shapeIds(shape[0]), height: shape[1], width: shape[2], data };
  };

  it("merges the attention of the last layers", () => {
    const { shape, data } = floats("caa.att_layers");
    const [layerCount, tokens] = shape;
    const graph = createGraph();
    const layers = Array.from({ length: layerCount }, (_, l) => {
      const layer = data.subarray(l * tokens ** 2, (l + 1) * tokens ** 2);
      return constant(graph, layer, { shape: [1, tokens, tokens] });
    });
    const names = namesLike(/^caa\.merged_last\d+$/);
    for (const name of names)
      expectClose(name, interpret([mergeAttention(layers, countIn(name))], {})[0].data, 1e-6);
    expect(names.length).toBeGreaterThan(0);
    // Kept as float16: it is one of the merged maps, rounded.
    const rounded = names.map((name) => halfToFloat32(float32ToHalf(floats(name).data)));
    expect(Math.min(...rounded.map((each) => relativeError(each, floats("caa.att").data)))).toBe(0);
    compared++;
  });

  it("makes affinity of attention, and its powers", () => {
    for (const name of namesLike(/^caa\.aff_iter\d+$/)) {
      const affinity = affinityFromAttention(floats("caa.att"), countIn(name));
      expectClose(name, affinity.data, 1e-6);
      for (const powered of namesLike(new RegExp(`^${name}_pow\\d+$`))) {
        const power = countIn(powered);
        expectClose(powered, powerOf(affinity, power), 1e-5);
      }
    }
  });

  it("scales activations to scores", () => {
    const scores = floats("caa.cam").data.slice();
    const [, height, width] = floats("caa.cam").shape;
    scaleRows(scores, height * width);
    expectClose("caa.score", scores, 1e-6);
  });

  it("finds the boxes of high scores", () => {
    for (const { index, thresh, boxes } of cases.boxes) {
      const { shape, data } = floats(`boxes.${index}.score`);
      const map = { height: shape[0], width: shape[1], data };
      const found = scoreBoxes(map, thresh, "original").map(({ x0, y0, x1, y1 }) => [x0, y0, x1, y1]);
      // What is published has a box for every hole too, and one of no extent where there is nothing.
      const published = found.length === 0 && boxes.length === 1 ? [] : boxes.map(String);
      for (const box of found) {
        const k = published.indexOf(String(box));
        expect(k, `boxes.${index} at ${thresh}: ${box}`).toBeGreaterThanOrEqual(0);
        published.splice(k, 1);
      }
      expect(published.length, `holes of boxes.${index}`).toBe(holeCount(map, thresh));
      compared++;
    }
    for (const name of namesLike(/^boxes\.\d+\.mask_thr/)) {
      const [, index, threshold] = /^boxes\.(\d+)\.mask_thr(.+)$/.exec(name) as RegExpExecArray;
      const { shape, data } = floats(`boxes.${index}.score`);
      expectClose(
        name,
        markBoxes({ height: shape[0], width: shape[1], data }, Number(threshold), "original"),
        0,
      );
    }
    const { shape, data } = floats("caa.score");
    const [count, height, width] = shape;
    for (const name of namesLike(/^caa\.mask_thr/)) {
      const threshold = Number(name.slice("caa.mask_thr".length));
      const marks = Array.from({ length: count }, (_, c) => {
        const map = { height, width, data: data.subarray(c * height * width, (c + 1) * height * width) };
        return [...markBoxes(map, threshold, "original")];
      });
      expectClose(name, marks.flat(), 0);
    }
    expect(cases.boxes.length).toBeGreaterThan(0);
  });

  it("refines CAMs", () => {
    const regions: Readonly<Record<string, Region>> = { in_bbox: "inside", out_bbox: "outside", all: "all" };
    for (const { index, at, sinkhorn, power, thresh, to_in, to_out } of cases.caa) {
      const affinity = affinityFromAttention(floats("caa.att"), sinkhorn);
      const refined = refineCam(camOf(), affinity, {
        at,
        power,
        boxThreshold: thresh,
        from: { inside: regions[to_in], outside: regions[to_out] },
        compat: "original",
      });
      expectClose(`caa.refined.${index}.float32`, refined.data, 1e-5);
      expectClose(`caa.refined.${index}.float64`, refined.data, 1e-5);
    }
    const all = { inside: "all", outside: "all" } as const;
    const affinity = affinityFromAttention(floats("caa.att"), 1);
    const unmasked = (["score", "cam"] as const).map(
      (at) => refineCam(camOf(), affinity, { at, boxThreshold: 0.5, from: all }).data,
    );
    const errors = unmasked.map((each) => relativeError(each, floats("caa.refined.all_mask").data));
    expect(Math.min(...errors)).toBeLessThanOrEqual(1e-5);
    compared++;
    expect(cases.caa.length).toBeGreaterThan(0);
  });

  it("leaves nothing of the set out", () => {
    expect(golden.unused().filter((name) => /^(caa|boxes)\./.test(name))).toEqual([]);
  });
});

/** The number that a name ends in. */
function countIn(name: string): number {
  return Number(/\d+$/.exec(name)?.[0]);
}

function shapeIds(count: number): number[] {
  return Array.from({ length: count }, (_, c) => c + 1);
}

/** affinity^power, column by column: a map that is 1 at one patch, refined without boxes. */
function powerOf(affinity: NdArray<"float32">, power: number): Float32Array {
  const count = affinity.shape[0];
  const data = Float32Array.from({ length: count * count }, (_, p) => (p % (count + 1) === 0 ? 1 : 0));
  const units: Cam = { kind: "cam", classes: shapeIds(count), height: 1, width: count, data };
  return refineCam(units, affinity, {
    at: "cam",
    power,
    boxThreshold: 0,
    from: { inside: "all", outside: "all" },
  }).data;
}

function holeCount(
  { height, width, data }: { height: number; width: number; data: Float32Array },
  threshold: number,
): number {
  const steps = data.map((score) => Math.trunc(Math.fround(score * 255)));
  const limit = Math.trunc(threshold * Math.max(...steps));
  const high = Uint8Array.from(steps, (step) => (step > limit ? 1 : 0));
  return traceContours({ height, width, data: high }).filter(({ isHole }) => isHole).length;
}
