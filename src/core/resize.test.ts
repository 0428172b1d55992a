import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { goldenFolder } from "../testing/folders.ts";
import { relativeError, reportGolden } from "../testing/golden.ts";
import { drawLabels, labels } from "../testing/picture.ts";
import type { Size } from "./geometry.ts";
import {
  longestSideSize,
  type ResizeFilter,
  resizeFloats,
  resizeGray,
  resizeImage,
  resizeLabels,
} from "./resize.ts";
import { readSafetensors } from "./safetensors.ts";

const filters = ["nearest", "bilinear", "bicubic"] as const;

/** One row of gray. */
function gray(...values: number[]): Size & { data: Uint8Array } {
  return { height: 1, width: values.length, data: Uint8Array.from(values) };
}

describe("longestSideSize", () => {
  it.each([
    [281, 500, 575, 1024],
    [375, 500, 768, 1024],
    [500, 333, 1024, 682],
    [500, 334, 1024, 684],
    [1, 1, 1024, 1024],
    [2048, 4096, 512, 1024],
    [1, 5000, 1, 1024],
    [5000, 1, 1024, 1],
  ])("takes %d×%d to %d×%d", (height, width, newHeight, newWidth) => {
    expect(longestSideSize({ height, width }, 1024)).toEqual({ height: newHeight, width: newWidth });
  });
});

describe("resizeImage", () => {
  it("refuses data of another length, also as a view of more", () => {
    const data = new Uint8Array(100).subarray(10, 13);
    expect(() => resizeImage({ height: 1, width: 2, data }, { height: 1, width: 1 }, "bilinear")).toThrow(
      "resizeImage: picture: expected 6 samples (1×2, 3 a pixel), got 3",
    );
  });
});

describe("resizeGray", () => {
  it("blends between pixel centers when growing", () => {
    // Outputs sit at 1/4 and 3/4 of a pixel: weights 3/4 and 1/4.
    expect([...resizeGray(gray(0, 100), { height: 1, width: 4 }, "bilinear").data]).toEqual([0, 25, 75, 100]);
  });

  it("averages all covered pixels when shrinking", () => {
    // Pillow 9.4: Image.fromarray(uint8([[0, 255, 0, 255, 10, 20]])).resize((2, 1), BILINEAR / BICUBIC)
    const row = gray(0, 255, 0, 255, 10, 20);
    expect([...resizeGray(row, { height: 1, width: 2 }, "bilinear").data]).toEqual([128, 73]);
    expect([...resizeGray(row, { height: 1, width: 2 }, "bicubic").data]).toEqual([120, 80]);
    expect([...resizeGray(row, { height: 1, width: 2 }, "nearest").data]).toEqual([255, 10]);
  });

  it("cuts off what bicubic overshoots", () => {
    expect([...resizeGray(gray(0, 255, 255, 0), { height: 1, width: 8 }, "bicubic").data]).toEqual([
      0, 48, 199, 255, 255, 199, 48, 0,
    ]);
  });

  it("takes a clamped array and gives back a new one even at the same size", () => {
    const picture = { height: 2, width: 3, data: Uint8ClampedArray.of(1, 2, 3, 4, 5, 6) };
    const same = resizeGray(picture, picture, "bicubic");
    expect(same).toEqual({ height: 2, width: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    expect(same.data.buffer).not.toBe(picture.data.buffer);
  });

  it("keeps a flat picture flat, whatever the filter and sizes", () => {
    const side = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        fc.nat(255),
        side,
        side,
        side,
        side,
        fc.constantFrom(...filters),
        (v, h, w, H, W, filter) => {
          const flat = { height: h, width: w, data: new Uint8Array(h * w).fill(v) };
          const { data } = resizeGray(flat, { height: H, width: W }, filter);
          expect(data.length).toBe(H * W);
          expect(data.every((value) => value === v)).toBe(true);
        },
      ),
    );
  });

  it.each([
    { height: 0, width: 3 },
    { height: 2, width: 2.5 },
    { height: 60_000, width: 60_000 },
  ])("refuses the size %o", (size) => {
    expect(() => resizeGray(gray(1, 2), size, "nearest")).toThrow("resizeGray: size: expected");
    expect(() => resizeGray({ ...gray(1, 2), ...size }, { height: 1, width: 1 }, "nearest")).toThrow(
      "resizeGray: picture: expected",
    );
  });
});

describe("resizeImage", () => {
  it("treats each channel by itself", () => {
    const size = { height: 5, width: 7 };
    const data = Uint8Array.from({ length: 2 * 3 * 3 }, (_, p) => (p * 41) % 256);
    for (const filter of filters) {
      const resized = resizeImage({ height: 2, width: 3, data }, size, filter);
      for (let c = 0; c < 3; c++) {
        const channel = { height: 2, width: 3, data: data.filter((_, p) => p % 3 === c) };
        expect(resized.data.filter((_, p) => p % 3 === c)).toEqual(resizeGray(channel, size, filter).data);
      }
    }
  });
});

describe("resizeLabels", () => {
  it("repeats and drops whole ids, ignore among them", () => {
    const small = labels("0x2 345");
    const large = resizeLabels(small, { height: 4, width: 6 });
    expect(drawLabels(large)).toBe("00xx22 00xx22 334455 334455");
    expect(drawLabels(resizeLabels(large, small))).toBe("0x2 345");
    expect(drawLabels(resizeLabels(small, { height: 1, width: 1 }))).toBe("4");
  });

  it("adds up its steps as Pillow does, so it drifts at exact borders", () => {
    // floor((3 + 0.5) · 2 / 7) is 1.
    expect(drawLabels(resizeLabels(labels("01"), { height: 1, width: 7 }))).toBe("0000111");
  });
});

describe("golden coco-rle", () => {
  const folder = goldenFolder("coco-rle");

  it.skipIf(folder === null)("resizes as Pillow 9.4.0, bytes exactly and floats to 1e-5", () => {
    const tensors = readSafetensors(readFileSync(join(folder as string, "tensors.safetensors")));
    let compared = 0;
    let worst = 0;
    for (const [name, wanted] of tensors) {
      const [, source, mode, filter] = /^(pillow\.in\d+\.(\w+))\.(\w+)\.\d+x\d+$/.exec(name) ?? [];
      if (source === undefined) continue;
      const given = tensors.get(source);
      if (given === undefined) throw new Error(`${source} is missing`);
      const got = resizeAs(mode, given, sizeOf(wanted), filter as ResizeFilter);
      const error = relativeError(got, wanted.data as Uint8Array);
      expect(error, name).toBeLessThanOrEqual(mode === "F" ? 1e-5 : 0);
      worst = Math.max(worst, error);
      compared++;
    }
    expect(compared).toBe([...tensors.keys()].filter((name) => /^pillow\..*\d+x\d+$/.test(name)).length);
    reportGolden("coco-rle pillow", compared, worst);
  });
});

interface Tensor {
  readonly shape: readonly number[];
  readonly data: unknown;
}

function sizeOf({ shape: [height, width] }: Tensor): Size {
  return { height, width };
}

function resizeAs(mode: string, given: Tensor, size: Size, filter: ResizeFilter): ArrayLike<number> {
  if (mode === "F")
    return resizeFloats({ ...sizeOf(given), data: given.data as Float32Array }, size, filter).data;
  const picture = { ...sizeOf(given), data: given.data as Uint8Array };
  if (mode === "RGB") return resizeImage(picture, size, filter).data;
  return filter === "nearest" ? resizeLabels(picture, size).data : resizeGray(picture, size, filter).data;
}
