import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { fmaSamOptions, settingsOf } from "../methods/proposals/sam-auto/options.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { addGeneratorOptions, type GeneratorOptions, generatorChoice } from "./generator-options.ts";

function parse(...words: string[]): GeneratorOptions {
  const command = new Command("test").exitOverride().configureOutput({ writeErr: () => {} });
  return addGeneratorOptions(command).parse(words, { from: "user" }).opts();
}

const generator = (...words: string[]) => generatorChoice(parse(...words));

describe("generatorChoice", () => {
  it("is nothing when nothing is said", async () => {
    expect(await generator()).toBeNull();
    expect(await generator("--generator", "sam")).toEqual({});
  });

  it("takes every option of the published code", async () => {
    const words = `--points-per-side 8 --points-per-batch 4 --pred-iou-thresh 0.5 --stability-score-thresh 0.6
      --stability-score-offset 0.9 --box-nms-thresh 0.4 --crop-n-layers 1 --crop-nms-thresh 0.3
      --crop-overlap-ratio 0.2 --crop-n-points-downscale-factor 2 --min-mask-region-area 50`;
    expect(await generator(...words.split(/\s+/))).toEqual({
      pointsPerSide: 8,
      pointsPerBatch: 4,
      minPredictedIou: 0.5,
      minStability: 0.6,
      stabilityOffset: 0.9,
      maxBoxIou: 0.4,
      cropLayers: 1,
      maxCropBoxIou: 0.3,
      cropOverlapRatio: 0.2,
      cropPointsDownscale: 2,
      minRegionArea: 50,
    });
  });

  it("reads points from a file, a grid for the photo and each layer of crops", async () => {
    const folder = temporaryFolder();
    writeTree(folder, { "grids.json": "[[[0.5, 0.25]], [[0, 1], [1, 0]]]" });
    const grids = ["--point-grids", `${folder}/grids.json`];
    const pointGrids = [
      [{ x: 0.5, y: 0.25 }],
      [
        { x: 0, y: 1 },
        { x: 1, y: 0 },
      ],
    ];
    expect(await generator(...grids)).toEqual({ pointGrids });
    expect(await generator(...grids, "--crop-n-layers", "1")).toEqual({ pointGrids, cropLayers: 1 });
    await expect(generator(...grids, "--crop-n-layers", "2")).rejects.toThrow(
      /^--point-grids: expected a grid for the photo and 2 layers of crops, got 2 in .*grids\.json$/,
    );
    await expect(generator("--generator", "fma", ...grids)).resolves.toMatchObject({ cropLayers: 1 });
    expect(() => parse(...grids, "--points-per-side", "4")).toThrow(
      "option '--point-grids <file>' cannot be used with option '--points-per-side <n>'",
    );
  });

  it("keeps what is said besides FMA-WSSS's settings", async () => {
    expect(await generator("--generator", "fma", "--crop-n-layers", "0")).toEqual({
      ...fmaSamOptions,
      cropLayers: 0,
    });
  });

  it.each(["--pred-iou-thresh=x", "--pred-iou-thresh=", "--points-per-side=1.5", "--generator=other"])(
    "refuses %s",
    (word) => {
      expect(() => parse(word)).toThrow();
    },
  );

  it.each([
    ["--points-per-side=0", "Expected a whole number from 1 to 1000."],
    ["--points-per-side=1001", "Expected a whole number from 1 to 1000."],
    ["--points-per-batch=0", "Expected a whole number above 0."],
    ["--pred-iou-thresh=NaN", "Expected a number."],
    ["--stability-score-offset=-1", "Expected a number from 0."],
    ["--crop-n-layers=99", "Expected a whole number from 0 to 8."],
    ["--crop-n-layers=0.5", "Expected a whole number from 0 to 8."],
    ["--crop-overlap-ratio=1.1", "Expected a number from 0 to 1."],
    ["--crop-n-points-downscale-factor=0.9", "Expected a number from 1."],
    ["--min-mask-region-area=-1", "Expected a number from 0."],
  ])("names the flag of %s", (word, expected) => {
    const [flag, value] = word.split("=");
    expect(() => parse(word)).toThrow(
      new RegExp(`^error: option '${flag} <.>' argument '${value}' is invalid. ${expected}$`),
    );
  });

  it("says the defaults that the generator has", () => {
    const command = addGeneratorOptions(new Command());
    const said = (flag: string): number =>
      Number(
        /\(default: ([\d.]+)/.exec(command.options.find(({ long }) => long === flag)?.description ?? "")?.[1],
      );
    const { minPredictedIou, minStability, grids, ...rest } = settingsOf({});
    expect(said("--points-per-side") ** 2).toBe(grids[0].length);
    expect(said("--pred-iou-thresh")).toBe(minPredictedIou);
    expect(said("--stability-score-thresh")).toBe(minStability);
    expect(said("--stability-score-offset")).toBe(rest.stabilityOffset);
    expect(said("--box-nms-thresh")).toBe(rest.maxBoxIou);
    expect(said("--crop-n-layers")).toBe(rest.cropLayers);
    expect(said("--crop-nms-thresh")).toBe(rest.maxCropBoxIou);
    expect(said("--crop-overlap-ratio")).toBeCloseTo(rest.cropOverlapRatio, 4);
    expect(said("--crop-n-points-downscale-factor")).toBe(1);
    expect(said("--min-mask-region-area")).toBe(rest.minRegionArea);
  });
});
