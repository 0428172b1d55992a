import { describe, expect, it } from "vitest";
import { normalizeClipImage, patchedSize, preprocessClipImage } from "./preprocess.ts";

describe("patchedSize", () => {
  it("rounds both sides up to whole patches", () => {
    expect(patchedSize({ height: 375, width: 500 }, 16)).toEqual({ height: 384, width: 512 });
    expect(patchedSize({ height: 480, width: 640 }, 16)).toEqual({ height: 480, width: 640 });
    expect(patchedSize({ height: 1, width: 5000 }, 16)).toEqual({ height: 16, width: 5008 });
  });
});

describe("normalizeClipImage", () => {
  it("has one plane for each color, in float32 steps as torchvision's", () => {
    const { shape, data } = normalizeClipImage({
      height: 1,
      width: 2,
      data: Uint8Array.of(0, 128, 255, 255, 0, 128),
    });
    expect(shape).toEqual([1, 3, 1, 2]);
    // ToTensor and Normalize of torchvision 0.14 in float32.
    const wanted = [-1.7922625542, 1.9303361177, 0.1688973159, -1.7520971298, 2.1458969116, 0.3399487734];
    expect(data).toEqual(Float32Array.from(wanted));
  });
});

describe("preprocessClipImage", () => {
  it("stretches one pixel over a patch", () => {
    const { shape, data } = preprocessClipImage({ height: 1, width: 1, data: Uint8Array.of(10, 20, 30) }, 2);
    expect(shape).toEqual([1, 3, 2, 2]);
    expect(new Set(data).size).toBe(3);
  });
});
