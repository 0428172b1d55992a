import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { type CrfOptions, deeplabCrf, refineByCrf } from "../../core/crf.ts";
import { boxArea, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { interpolate } from "../../core/interpolate.ts";
import type { ClassId, LabelMap } from "../../core/label-map.ts";
import { resizeImage } from "../../core/resize.ts";
import { noise } from "../../models/sam/testing/tiny-sam.ts";
import { drawLabels } from "../../testing/picture.ts";
import { labelPixels, readProbabilities } from "./inference.ts";
import { crfSide, refineInParts } from "./inference-crf.ts";
import { cropResized } from "./inference-crop.ts";
import type { LogitGrid, PixelClassifier } from "./inference-network.ts";
import { openScores } from "./inference-scores.ts";
import type { ScoreOptions } from "./inference-views.ts";

/** A picture whose pixels have one bright channel, by digits 0 to 2. */
function picture(drawing: string): RgbImage {
  const rows = drawing.trim().split(/\s+/);
  const data = Uint8Array.from(
    [...rows.join("")].flatMap((digit) => [0, 1, 2].map((c) => (Number(digit) === c ? 200 : 10))),
  );
  return { height: rows.length, width: rows[0].length, data };
}

interface Fake extends PixelClassifier {
  readonly seen: Size[];
}

/** Its logits are the picture's channels, in tenths, averaged over cells; it takes any size. */
function channelClassifier(
  stride = 1,
  sides: PixelClassifier["sides"] = { kind: "multiple", step: stride },
): Fake {
  const seen: Size[] = [];
  return {
    channels: 3,
    sides,
    seen,
    classify: async (image) => {
      seen.push({ height: image.height, width: image.width });
      return channelGrid(image, stride);
    },
    dispose: async () => {},
  };
}

function channelGrid({ height, width, data }: RgbImage, stride: number): LogitGrid {
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const sums = new Float32Array(3 * rows * columns);
  const counts = new Float32Array(rows * columns);
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      const cell = Math.floor(i / stride) * columns + Math.floor(j / stride);
      counts[cell]++;
      for (let c = 0; c < 3; c++) sums[c * counts.length + cell] += data[3 * (i * width + j) + c] / 10;
    }
  return {
    height: rows,
    width: columns,
    stride,
    data: sums.map((sum, p) => sum / counts[p % counts.length]),
  };
}

const classes = [0, 1, 2];

interface LabelOptions extends ScoreOptions {
  readonly crf?: CrfOptions;
}

function label(
  classifier: PixelClassifier,
  image: RgbImage,
  { crf, ...options }: LabelOptions = {},
  ids: readonly ClassId[] = classes,
): Promise<LabelMap> {
  return labelPixels(openScores(classifier, ids, image, options), image, crf);
}

describe("labelPixels", () => {
  const image = picture("0012 1122 2100");

  it("has the class of the highest score", async () => {
    const labels = await label(channelClassifier(), image);
    expect(drawLabels(labels)).toBe("0012 1122 2100");
    expect(drawLabels(await label(channelClassifier(), image, {}, [1, 2, 7]))).toBe("1127 2277 7211");
  });

  it.each<[string, LabelOptions]>([
    ["through a window", { window: { side: 2, stride: 1 } }],
    ["through a window wider than high", { window: { side: 3, stride: 2 } }],
    ["at twice the size, mirrored too", { scales: [1, 2], flip: true }],
    ["mirrored through a window", { flip: true, window: { side: 3, stride: 2 } }],
  ])("sees the same %s", async (_, options) => {
    expect(drawLabels(await label(channelClassifier(), image, options))).toBe("0012 1122 2100");
  });

  it("gives ties to the smallest class", async () => {
    const gray = { height: 2, width: 3, data: new Uint8Array(18).fill(77) };
    for (const options of [{}, { scales: [1, 0.5], flip: true }])
      expect(drawLabels(await label(channelClassifier(), gray, options))).toBe("000 000");
  });

  it.each<[height: number, width: number]>([
    [1, 1],
    [1, 5000],
    [5000, 1],
    [2, 3],
  ])("labels a picture of %i × %i, of one color", async (height, width) => {
    const data = Uint8Array.from({ length: 3 * height * width }, (_, p) => (p % 3 === 2 ? 90 : 20));
    for (const stride of [1, 4])
      for (const options of [
        {},
        { scales: [0.3, 1.7], flip: true, window: { side: 64, stride: 40 } },
        { crf: deeplabCrf },
      ]) {
        const labels = await label(channelClassifier(stride), { height, width, data }, options);
        expect(labels).toMatchObject({ height, width });
        expect(new Set(labels.data)).toEqual(new Set([2]));
      }
  });

  it("is refined by a CRF as the whole picture's probabilities are", async () => {
    const image = noise(20, 31);
    const scores = await openScores(channelClassifier(4), classes, image).read({
      y0: 0,
      x0: 0,
      y1: 20,
      x1: 31,
    });
    const sums = new Float32Array(20 * 31);
    const shares = scores.data.map((value, p) => {
      if (p < sums.length)
        sums[p] = [0, 1, 2].reduce((sum, c) => sum + Math.exp(scores.data[c * sums.length + p]), 0);
      return Math.exp(value) / sums[p % sums.length];
    });
    const { data } = refineByCrf(image, { ...scores, kind: "prob", data: shares }, deeplabCrf);
    const wanted = sums.map((_, p) =>
      [0, 1, 2].reduce((best, c) => (data[c * sums.length + p] > data[best * sums.length + p] ? c : best), 0),
    );
    const labels = await label(channelClassifier(4), image, { crf: deeplabCrf });
    expect([...labels.data]).toEqual([...wanted]);
  });

  it("is refined in parts that see what lies around them", async () => {
    const image = noise(20, 31);
    const scores = openScores(channelClassifier(4), classes, image);
    const whole = await refineInParts(image, scores, deeplabCrf, 32).next();
    const near = { ...deeplabCrf, iterations: 1, appearance: { ...deeplabCrf.appearance, distance: 2 } };
    let covered = 0;
    for await (const { box, around, probs } of refineInParts(image, scores, near, 16)) {
      covered += boxArea(box);
      expect(around).toEqual({
        ...{ y0: Math.max(0, box.y0 - 4), y1: Math.min(20, box.y1 + 4) },
        ...{ x0: Math.max(0, box.x0 - 4), x1: Math.min(31, box.x1 + 4) },
      });
      expect(probs).toMatchObject({ height: around.y1 - around.y0, width: around.x1 - around.x0 });
    }
    expect(covered).toBe(20 * 31);
    expect(whole.value).toMatchObject({ box: { y0: 0, y1: 20, x0: 0, x1: 31 } });
    expect([1, 21, 128, 254].map(crfSide)).toEqual([2048, 1264, 512, 512]);
  });
});

describe("openScores", () => {
  it("averages windows as mmsegmentation does", async () => {
    const image = noise(13, 22);
    const [side, stride] = [8, 5];
    const sums = new Float64Array(3 * 13 * 22);
    const counts = new Float64Array(13 * 22);
    const begins = (total: number): number[] =>
      Array.from({ length: Math.floor((total - side + stride - 1) / stride) + 1 }, (_, k) =>
        Math.min(k * stride, total - side),
      );
    for (const y of begins(13))
      for (const x of begins(22)) {
        const rows = Array.from({ length: side }, (_, i) =>
          image.data.subarray(3 * ((y + i) * 22 + x), 3 * ((y + i) * 22 + x + side)),
        );
        const window = { height: side, width: side, data: Uint8Array.from(rows.flatMap((row) => [...row])) };
        const { height, width, data } = channelGrid(window, 4);
        const grid: NdArray<"float32"> = { dtype: "float32", shape: [3, height, width], data };
        const large = interpolate(grid, { height: side, width: side }, "bilinear").data;
        for (let c = 0; c < 3; c++)
          for (let i = 0; i < side; i++)
            for (let j = 0; j < side; j++) {
              sums[(c * 13 + y + i) * 22 + x + j] += large[(c * side + i) * side + j];
              if (c === 0) counts[(y + i) * 22 + x + j]++;
            }
      }
    const scores = openScores(channelClassifier(4), classes, image, { window: { side, stride } });
    const { kind, data } = await scores.read({ y0: 0, x0: 0, y1: 13, x1: 22 });
    expect(kind).toBe("logit");
    for (const [p, sum] of sums.entries()) expect(data[p]).toBeCloseTo(sum / counts[p % counts.length], 4);
    const part = await scores.read({ y0: 3, x0: 7, y1: 5, x1: 20 });
    expect(part.data[13]).toBe(data[4 * 22 + 7]);
  });

  it("averages the probabilities of scales and mirror images", async () => {
    const image = noise(6, 8);
    const box = { y0: 0, x0: 0, y1: 6, x1: 8 };
    const looks = await Promise.all(
      [0.5, 1].flatMap((scale) =>
        [false, true].map(async (flip) => {
          const size = { height: 6 * scale, width: 8 * scale };
          const small = resizeImage(image, size, "bilinear");
          const mirrored = Array.from({ length: size.height * size.width }, (_, p) => {
            const from = 3 * (p - (p % size.width) + size.width - 1 - (p % size.width));
            return [...small.data.subarray(from, from + 3)];
          }).flat();
          const { data } = channelGrid(flip ? { ...size, data: Uint8Array.from(mirrored) } : small, 1);
          const shape = [3, size.height, size.width];
          const logits = interpolate({ dtype: "float32", shape, data }, image, "bilinear").data;
          return logits.map((_, p) => {
            const at = flip ? p - (p % 8) + 7 - (p % 8) : p;
            const row = [0, 1, 2].map((c) => Math.exp(logits[c * 48 + (at % 48)]));
            return row[Math.floor(p / 48)] / (row[0] + row[1] + row[2]);
          });
        }),
      ),
    );
    const scores = openScores(channelClassifier(), classes, image, { scales: [0.5, 1], flip: true });
    const { kind, data } = await scores.read(box);
    expect(kind).toBe("prob");
    // The small picture's levels may differ by one, a tenth in logits.
    for (const [p, value] of data.entries())
      expect(Math.abs(value - looks.reduce((sum, look) => sum + look[p], 0) / 4)).toBeLessThan(0.03);
  });

  it("looks through a window at pictures that are too large, and computes each window once", async () => {
    for (const [height, width] of [
      [700, 2100],
      [2100, 700],
    ]) {
      const classifier = channelClassifier(4);
      const data = new Uint8Array(3 * height * width);
      await label(classifier, { height, width, data });
      expect(classifier.seen).toEqual(Array.from({ length: 2 * 6 }, () => ({ height: 512, width: 512 })));
      const exact = channelClassifier(16, { kind: "exact", step: 1024 });
      await label(exact, { height, width, data });
      expect(exact.seen).toHaveLength(3);
    }
  });

  it("stops when it is told to", async () => {
    const labelling = label(channelClassifier(), picture("01 20"), {
      signal: AbortSignal.abort(),
    });
    await expect(labelling).rejects.toMatchObject({ code: "ABORTED" });
  });

  it.each([
    [{ scales: [] }, /^scales: expected at least one number/],
    [{ scales: [1, 0] }, /^scales: .* got "1, 0"/],
    [{ scales: [9] }, /at most 8/],
    [{ window: { side: 4096, stride: 1 } }, /window: side: expected an integer from 1 to 2048/],
  ])("refuses %j", (options, message) => {
    expect(() => openScores(channelClassifier(), classes, picture("01 20"), options)).toThrow(message);
  });
});

describe("readProbabilities", () => {
  it("has those of the classes that are wanted, on a coarser grid", async () => {
    const image = picture("0011 0011 2222");
    const scores = openScores(channelClassifier(), classes, image);
    const { classes: found, data } = await readProbabilities(scores, [2, 0], { height: 3, width: 2 });
    expect(found).toEqual([2, 0]);
    expect([...data].map(Math.round)).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0]);
    expect((await readProbabilities(scores, [], { height: 3, width: 2 })).data).toHaveLength(0);
  });
});

describe("cropResized", () => {
  it("puts a large picture together from parts", () => {
    const { data: some } = noise(50, 60);
    const image = { height: 1500, width: 3000, data: new Uint8Array(13_500_000) };
    for (let p = 0; p < image.data.length; p += some.length) image.data.set(some, p);
    for (const size of [
      { height: 15, width: 31 },
      { height: 15, width: 1 },
    ]) {
      const box = { y0: 0, x0: 0, y1: size.height, x1: size.width };
      const { data: levels } = cropResized(image, size, box);
      const wanted = resizeImage(image, size, "bilinear").data;
      expect(Math.max(...levels.map((level, p) => Math.abs(level - wanted[p])))).toBeLessThanOrEqual(1);
      expect(levels).toHaveLength(3 * size.height * size.width);
    }
  });

  it.each([0.3, 0.75, 1, 1.6])("is a part of the picture at %f times its size", (scale) => {
    const image = noise(23, 37);
    const size = { height: Math.round(23 * scale), width: Math.round(37 * scale) };
    const whole = resizeImage(image, size, "bilinear");
    const box = { y0: 2, x0: 3, y1: 6, x1: 10 };
    const { data, ...cropped } = cropResized(image, size, box);
    expect(cropped).toEqual({ height: 4, width: 7 });
    for (let i = 0; i < 4; i++)
      for (let p = 0; p < 21; p++)
        expect(
          Math.abs(data[i * 21 + p] - whole.data[((2 + i) * size.width + 3) * 3 + p]),
        ).toBeLessThanOrEqual(1);
  });
});
