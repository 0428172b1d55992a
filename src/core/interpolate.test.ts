import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { goldenFolder } from "../testing/folders.ts";
import { relativeError, reportGolden } from "../testing/golden.ts";
import type { NdArray } from "./array.ts";
import { type InterpolationMode, interpolate } from "./interpolate.ts";
import { readSafetensors } from "./safetensors.ts";

const modes = ["nearest", "bilinear", "bilinear-antialias", "bicubic"] as const;

function floats(shape: readonly number[], ...data: number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

describe("interpolate", () => {
  it("blends between centers and repeats the border", () => {
    const wide = interpolate(floats([1, 2], 0, 4), { height: 2, width: 4 }, "bilinear");
    expect(wide).toEqual(floats([2, 4], 0, 1, 3, 4, 0, 1, 3, 4));
  });

  it("skips inputs when shrinking, unless antialiased", () => {
    const row = floats([1, 6], 0, 9, 0, 0, 9, 0);
    const size = { height: 1, width: 2 };
    expect([...interpolate(row, size, "bilinear").data]).toEqual([9, 9]);
    // Weights 2, 3, 2, 1 of 8 on the first four inputs: the border cuts off one more.
    expect([...interpolate(row, size, "bilinear-antialias").data]).toEqual([3.375, 3.375]);
  });

  it("takes the input at the upper left for nearest", () => {
    const row = floats([1, 5], 0, 1, 2, 3, 4);
    expect([...interpolate(row, { height: 1, width: 2 }, "nearest").data]).toEqual([0, 2]);
    expect([...interpolate(row, { height: 1, width: 7 }, "nearest").data]).toEqual([0, 0, 1, 2, 2, 3, 4]);
  });

  it("overshoots by a = −0.75 for bicubic", () => {
    // F.interpolate(tensor([[[[0., 0, 1, 1]]]]), size=(1, 8), mode="bicubic")
    const { data } = interpolate(floats([1, 4], 0, 0, 1, 1), { height: 1, width: 8 }, "bicubic");
    expect([...data]).toEqual([0, -0.03515625, -0.10546875, 0.2265625, 0.7734375, 1.10546875, 1.03515625, 1]);
  });

  it.each(modes)("keeps leading axes apart and copies at the same size: %s", (mode) => {
    const size = { height: 3, width: 2 };
    const both = floats([1, 2, 2, 3], 1, 2, 3, 4, 5, 6, 60, 50, 40, 30, 20, 10);
    const { shape, data } = interpolate(both, size, mode);
    expect(shape).toEqual([1, 2, 3, 2]);
    for (const k of [0, 1]) {
      const plane = { ...both, shape: [2, 3], data: both.data.slice(k * 6, k * 6 + 6) };
      expect(data.slice(k * 6, k * 6 + 6)).toEqual(interpolate(plane, size, mode).data);
    }
    const same = interpolate(both, { height: 2, width: 3 }, mode);
    expect(same).toEqual(both);
    expect(same.data).not.toBe(both.data);
  });

  it.each(modes)("goes from and to one pixel: %s", (mode) => {
    const spread = interpolate(floats([1, 1], 7), { height: 2, width: 3 }, mode);
    for (const value of spread.data) expect(value).toBeCloseTo(7, 5);
    expect(interpolate(spread, { height: 1, width: 1 }, mode).data[0]).toBeCloseTo(7, 5);
  });

  it("refuses what has no height and width", () => {
    expect(() => interpolate(floats([3], 1, 2, 3), { height: 1, width: 1 }, "nearest")).toThrow(
      "[..., H, W]",
    );
    expect(() => interpolate(floats([1, 1], 1), { height: 0, width: 1 }, "nearest")).toThrow(
      "interpolate: size: expected",
    );
    expect(() => interpolate(floats([0, 1]), { height: 1, width: 1 }, "nearest")).toThrow(
      "interpolate: input: expected",
    );
  });
});

// Not covered here: interp.*.bilinear_grad_*, the backward pass.
describe("golden coco-rle", () => {
  const folder = goldenFolder("coco-rle");
  const torchModes: Record<string, InterpolationMode> = {
    nearest: "nearest",
    bilinear: "bilinear",
    bilinear_antialias: "bilinear-antialias",
    bicubic: "bicubic",
  };

  it.skipIf(folder === null)(
    "interpolates as PyTorch 1.13 (1e-6 of max) and OpenCV 4.6 (1e-5 of max)",
    () => {
      const tensors = readSafetensors(readFileSync(join(folder as string, "tensors.safetensors")));
      const compared = { interp: 0, cv2_resize: 0 };
      const worst = { interp: 0, cv2_resize: 0 };
      for (const [name, wanted] of tensors) {
        const [, set, source, torchMode] = /^(interp|cv2_resize)\.(in\d+)\.(\w+)\.\d+x\d+$/.exec(name) ?? [];
        if (torchMode === undefined || torchMode.startsWith("bilinear_grad")) continue;
        const isTorch = set === "interp";
        const mode = isTorch ? torchModes[torchMode] : "bilinear";
        const input = tensors.get(`interp.${source}`) as NdArray<"float32">;
        const [height, width] = wanted.shape.slice(-2);
        const got = interpolate(input, { height, width }, mode);
        expect(got.shape.slice(-wanted.shape.length), name).toEqual(wanted.shape);
        const error = relativeError(got.data, wanted.data as Float32Array);
        expect(error, name).toBeLessThanOrEqual(isTorch ? 1e-6 : 1e-5);
        worst[isTorch ? "interp" : "cv2_resize"] = Math.max(worst[isTorch ? "interp" : "cv2_resize"], error);
        compared[isTorch ? "interp" : "cv2_resize"]++;
      }
      for (const set of ["interp", "cv2_resize"] as const) {
        expect(compared[set]).toBeGreaterThan(0);
        reportGolden(`coco-rle ${set}`, compared[set], worst[set]);
      }
    },
  );
});
