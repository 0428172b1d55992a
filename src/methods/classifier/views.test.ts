import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import type { FeatureExtractor } from "../../models/mobilenet/mobilenet.ts";
import { viewCam, viewPicture } from "./views.ts";

/** Features of one channel: the red of the picture's pixels, whatever the size asked for. */
function readRed(sizes: Size[]): FeatureExtractor {
  return {
    async extract({ height, width, data }: RgbImage, size: Size): Promise<NdArray<"float32">> {
      sizes.push(size);
      const red = Float32Array.from({ length: height * width }, (_, p) => data[3 * p]);
      return { dtype: "float32", shape: [1, height, width], data: red };
    },
    dispose: async () => {},
  };
}

const image: RgbImage = { height: 1, width: 3, data: Uint8Array.of(1, 0, 0, 2, 0, 0, 9, 0, 0) };
const head = {
  classes: [4],
  weight: { dtype: "float32", shape: [1, 1], data: Float32Array.of(2) },
  bias: Float32Array.of(1),
} as const;

describe("viewPicture", () => {
  it("looks at every size, as it is and mirrored", async () => {
    const sizes: Size[] = [];
    const views = await viewPicture(readRed(sizes), { ...image }, [96, 200]);
    expect(sizes).toEqual([
      { height: 32, width: 96 },
      { height: 32, width: 96 },
      { height: 64, width: 192 },
      { height: 64, width: 192 },
    ]);
    expect(views.map(({ isMirrored, features }) => [isMirrored, ...features.data])).toEqual([
      [false, 1, 2, 9],
      [true, 9, 2, 1],
      [false, 1, 2, 9],
      [true, 9, 2, 1],
    ]);
  });
});

describe("viewCam", () => {
  it("turns mirrored views back before it averages", async () => {
    const views = await viewPicture(readRed([]), image, [96]);
    expect(viewCam(views, head, [4])).toEqual({
      kind: "cam",
      classes: [4],
      height: 1,
      width: 3,
      data: Float32Array.of(3, 5, 19),
    });
  });

  it("averages on the largest grid", () => {
    const view = (...values: number[]) => ({
      isMirrored: false,
      features: { dtype: "float32" as const, shape: [1, 1, values.length], data: Float32Array.from(values) },
    });
    const { width, data } = viewCam([view(0), view(1, 3)], head, [4]);
    expect(width).toBe(2);
    expect([...data]).toEqual([(1 + 3) / 2, (1 + 7) / 2]);
  });

  it("has no maps for a picture without classes", async () => {
    expect(viewCam(await viewPicture(readRed([]), image, [96]), head, []).data).toHaveLength(0);
  });
});
