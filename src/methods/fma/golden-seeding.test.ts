import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Cam } from "../../core/class-maps.ts";
import { interpolate } from "../../core/interpolate.ts";
import type { LabelMap } from "../../core/label-map.ts";
import type { Proposal } from "../../core/proposal.ts";
import { encodeRle, type Rle } from "../../core/rle.ts";
import { decodeRleString } from "../../core/rle-string.ts";
import { type GoldenTensors, openGoldenTensors } from "../../models/sam/testing/golden-sam.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { relativeError, reportGolden } from "../../testing/golden.ts";
import { type SeedFromCamOptions, scoreCam, seedFromCam } from "./cam-seed.ts";
import type { SeedBackground } from "./scores.ts";
import { type MaskScoring, type PaintKey, seedFromMasks } from "./seeding.ts";
import { voteMasks } from "./voting.ts";

interface SamsCase {
  readonly key: string;
  readonly masks: string | null;
  readonly norm_first: boolean | "double_norm" | "no_norm" | { readonly gamma: number };
  readonly bg: {
    readonly method: string;
    readonly pow?: number;
    readonly thresh?: number;
    readonly alpha?: number;
  };
  readonly priority: string | readonly string[];
  readonly min_top2_gap: number | null;
}

type Mask = Pick<Proposal, "rle" | "level">;

const folder = goldenFolder("fma");
const scorings = { true: "clamp-first", false: "mean-first", double_norm: "twice", no_norm: "none" } as const;

describe.skipIf(folder === null)("golden fma: seeds", () => {
  const root = folder ?? "";
  const golden = folder === null ? ({} as GoldenTensors) : openGoldenTensors(root);
  const cases = folder === null ? [] : readJson<{ sams: SamsCase[] }>(root, "cases.json").sams;
  const sources = [...new Set(cases.map(({ key }) => key.split(".")[1]))];
  let compared = 0;
  let worst = 0;
  afterAll(() => reportGolden("fma (seeds)", compared, worst));

  const camOf = (source: string): Cam => {
    const { shape, data } = golden.get(`sams.${source}.cam`);
    const ids = Array.from(golden.get(`sams.${source}.fg_cls`).data as Uint8Array, (id) => id + 1);
    // A map more than classes: the background's, first.
    const classes = ids.length < shape[0] ? [0, ...ids] : ids;
    return { kind: "cam", classes, height: shape[1], width: shape[2], data: data as Float32Array };
  };
  const masksOf = (source: string): Mask[] => {
    const file = cases.find(({ key }) => key.split(".")[1] === source)?.masks ?? null;
    return file === null ? storedMasks(golden, source) : recordedMasks(join(root, file));
  };
  /** Counts a comparison and the share of values that differ. */
  const tally = (got: ArrayLike<number>, wanted: ArrayLike<number>): number => {
    expect(got.length).toBe(wanted.length);
    const share = Array.from(wanted).filter((value, p) => value !== got[p]).length / wanted.length;
    compared++;
    return share;
  };
  const expectClose = (name: string, got: ArrayLike<number>, tolerance: number): void => {
    const error = relativeError(got, golden.get(name).data as Float32Array);
    expect(error, name).toBeLessThanOrEqual(tolerance);
    compared++;
    worst = Math.max(worst, error);
  };
  const expectSame = (name: string, got: ArrayLike<number>): void =>
    expect(tally(got, golden.get(name).data as Uint8Array), name).toBe(0);

  it("votes in masks and paints them as published", () => {
    for (const { key, norm_first, bg, priority, min_top2_gap } of cases) {
      const source = key.split(".")[1];
      const masks = masksOf(source);
      const [height, width] = golden.get(`${key}.seed`).shape;
      const result = seedFromMasks(
        camOf(source),
        masks,
        { height, width },
        {
          background: backgroundOf(bg),
          scoring: scoringOf(norm_first),
          order: [priority].flat().map(keyOf),
        },
      );
      // A contest closer than this, but for ties, which are meant, is decided by the last bit of a float32 sum.
      const isOpen = min_top2_gap !== null && min_top2_gap > 0 && min_top2_gap <= 1e-5;
      for (const [name, got] of [
        ["seed", result.seed.data],
        ["paint_order", result.order],
        ["mask_label", result.labels],
      ] as const) {
        if (golden.has(`${key}.${name}`) && !isOpen) expectSame(`${key}.${name}`, got);
        else if (name !== "mask_label") golden.get(`${key}.${name}`);
      }
      if (!golden.has(`${key}.conf`)) continue;
      const settled = (name: string, got: Float32Array, isBackground: (at: number) => boolean) => {
        const wanted = golden.get(name).data as Float32Array;
        return got.map((value, p) =>
          isBackground(p) && isSameRoot(value, wanted[p], bg.pow) ? wanted[p] : value,
        );
      };
      const [conf, scores] = [`${key}.conf`, `${key}.scores_bg_fg`];
      const count = result.scores.length / masks.length;
      expectClose(
        conf,
        settled(conf, result.confidences, (s) => result.labels[s] === 0),
        1e-5,
      );
      expectClose(
        scores,
        settled(scores, byMask(result.scores, masks.length), (p) => p % count === 0),
        1e-5,
      );
    }
    expect(cases.length).toBeGreaterThan(0);
  });
  it("sums probabilities in masks", () => {
    const seedOf = (source: string): string => `sams.${source}.gamma_softmax_sum_thresh.seed`;
    for (const source of sources.filter((each) => golden.has(seedOf(each)))) {
      const wanted = golden.get(seedOf(source));
      const [height, width] = wanted.shape;
      const { seed } = seedFromMasks(
        camOf(source),
        masksOf(source),
        { height, width },
        {
          // The set does not say its gamma: 3 it is, and a sum over pixels exceeds every threshold.
          scoring: { kind: "softmax", gamma: 3 },
          gather: "sum",
          background: { kind: "threshold", threshold: 0.5 },
        },
      );
      expect(tally(seed.data, wanted.data as Uint8Array), source).toBe(0);
    }
  });

  it("turns CAMs into labels without masks", () => {
    for (const name of golden.names.filter((each) => each.startsWith("argmax."))) {
      // argmax.hand.pow0.5.resize_first_True.torch
      const pattern = /^argmax\.(.+)\.pow([\d.]+)\.resize_first_(\w+)\.(\w+)$/;
      const [, source, power, first, kind] = pattern.exec(name) as RegExpExecArray;
      const wanted = golden.get(name);
      const [height, width] = wanted.shape;
      const cam = camOf(source);
      const options: SeedFromCamOptions = {
        background: { kind: "power", power: Number(power) },
        scoring: { kind: "min-max", over: first === "True" ? "picture" : "grid" },
      };
      const seed = seedFromCam(cam, { height, width }, options);
      const { data } = scoreCam(cam, { height, width }, options);
      const scoreOf = (label: number, p: number): number =>
        data[[0, ...cam.classes].indexOf(label) * height * width + p];
      const gaps = Array.from(wanted.data as Uint8Array, (label, p) =>
        label === seed.data[p] ? 0 : Math.abs(scoreOf(label, p) - scoreOf(seed.data[p], p)),
      );
      // Last bits decide at the border of two classes; OpenCV rounds the places of pixels too.
      const widest = gaps.reduce((a, b) => Math.max(a, b), 0);
      expect(widest, name).toBeLessThanOrEqual(kind === "torch" ? 1e-6 : 1e-4);
      compared++;
    }
  });

  it("stretches CAMs as published", () => {
    const names = golden.names.filter((name) => name.endsWith(".cam_upsampled"));
    for (const name of names) {
      const cam = camOf(name.split(".")[1]);
      const [, height, width] = golden.get(name).shape;
      const shape = [cam.classes.length, cam.height, cam.width];
      const small = { dtype: "float32", shape, data: cam.data } as const;
      expectClose(name, interpolate(small, { height, width }, "bilinear").data, 1e-6);
    }
    expect(names.length).toBeGreaterThan(0);
  });

  it("lets masks vote over a seed", () => {
    const names = golden.names.filter((name) => /^voter\..*\.seed_in$/.test(name));
    for (const name of names) {
      const source = name.split(".")[1];
      const { shape, data } = golden.get(name);
      const before: LabelMap = { height: shape[0], width: shape[1], data: data as Uint8Array };
      const rles = masksOf(source).map(({ rle }) => rle);
      expectSame(`voter.${source}.seed_out`, voteMasks(before, rles).data);
      const bare = voteMasks(before, rles, { keepUncovered: false });
      expectSame(`voter.${source}.no_fallback`, bare.data);
    }
    expect(names.length).toBeGreaterThan(0);
  });

  it("leaves nothing of the set out", () => {
    const left = golden.unused().filter((name) => /^(sams|argmax|voter)\./.test(name));
    expect(left.filter((name) => !name.endsWith(".mask_label"))).toEqual([]);
  });
});

function scoringOf(normFirst: SamsCase["norm_first"]): MaskScoring {
  if (typeof normFirst === "object") return { kind: "softmax", gamma: normFirst.gamma };
  return { kind: scorings[`${normFirst}`] };
}

function backgroundOf({ method, pow, thresh, alpha }: SamsCase["bg"]): SeedBackground {
  if (method === "pow") return { kind: "power", power: pow ?? Number.NaN };
  if (method === "thresh") return { kind: "threshold", threshold: thresh ?? Number.NaN };
  if (method === "alpha_bg") return { kind: "given", power: alpha ?? Number.NaN };
  if (method === "no_bg") return { kind: "given", power: 1 };
  throw new Error(`unknown background ${method}`);
}

/** "level_bigger": what is bigger has priority, so it is painted later. */
function keyOf(priority: string): PaintKey {
  const [by, wins] = priority.split("_");
  const quantity = by === "conf" ? "confidence" : by;
  return `${quantity}-${wins === "bigger" ? "ascending" : "descending"}` as PaintKey;
}

/** Whether (1 − score)^power is the same but for the last bits of the score, a float32: where it is nearly 1, they show. */
function isSameRoot(a: number, b: number, power = 1): boolean {
  return Math.abs(a ** (1 / power) - b ** (1 / power)) <= 2 ** -22;
}

/** [C, S] as [S, C]. */
function byMask(scores: Float32Array, count: number): Float32Array {
  const rows = scores.length / count;
  return scores.map((_, p) => scores[(p % rows) * count + Math.floor(p / rows)]);
}

function storedMasks(golden: GoldenTensors, source: string): Mask[] {
  const { shape, data } = golden.get(`sams.${source}.masks`);
  const [count, height, width] = shape;
  const levels = golden.get(`sams.${source}.levels`).data as Uint8Array;
  return Array.from({ length: count }, (_, s) => {
    const pixels = (data as Uint8Array).subarray(s * height * width, (s + 1) * height * width);
    return { rle: encodeRle({ height, width, data: pixels }), level: levels[s] as 0 | 1 | 2 };
  });
}

function recordedMasks(path: string): Mask[] {
  interface SamRecord {
    readonly level: 0 | 1 | 2;
    readonly coco_string: string;
    readonly segmentation: { readonly size: readonly [number, number] };
  }
  const records = JSON.parse(readFileSync(path, "utf8")) as SamRecord[];
  return records.map(({ level, coco_string, segmentation: { size } }) => {
    const rle: Rle = decodeRleString(coco_string, { height: size[0], width: size[1] });
    return { rle, level };
  });
}
