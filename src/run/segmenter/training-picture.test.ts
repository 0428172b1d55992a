import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeCam } from "../../data/cam-file.ts";
import { labelPng, temporaryFolder, writeTree } from "../../testing/tree.ts";
import { countKnown, type PictureLabels, readTrainingLabels } from "./training-picture.ts";

const photo = { height: 2, width: 3 };
const cam = encodeCam(
  { kind: "cam", classes: [2], height: 1, width: 3, data: Float32Array.of(0, 2, 4) },
  photo,
);

function read(
  files: Readonly<Record<string, Uint8Array>>,
  { labels, confidence = null }: { labels: string; confidence?: string | null },
): ReturnType<typeof readTrainingLabels> {
  const folder = temporaryFolder();
  writeTree(folder, files);
  const picture: PictureLabels = {
    labels: join(folder, labels),
    confidence: confidence === null ? null : join(folder, confidence),
    reading: { power: 1, keyBase: 0 },
    classCount: 3,
  };
  return readTrainingLabels(picture, photo);
}

describe("readTrainingLabels", () => {
  it("reads classes, and counts those that are known", () => {
    const own = read({ "a.png": labelPng("012 x00") }, { labels: "a.png" });
    expect(own).toMatchObject({ labels: { kind: "classes" }, confidence: null });
    expect(countKnown(own, photo, 3)).toEqual([3, 1, 1]);
  });

  it("reads scores of classes, which share pixels", () => {
    const own = read({ "a.safetensors": cam }, { labels: "a.safetensors" });
    expect(own.labels).toMatchObject({ kind: "scores", scores: { classes: [0, 2] } });
    // Shares of the background are 1, 1/2 and 0 of a third of six pixels each.
    expect(countKnown(own, photo, 3)).toEqual([3, 0, 3]);
  });

  it("reads how sure labels are, from levels or from scores", () => {
    const files = { "a.png": labelPng("012 x00"), "sure.png": labelPng("zz0 z0z"), "a.safetensors": cam };
    expect(read(files, { labels: "a.png", confidence: "sure.png" }).confidence?.kind).toBe("levels");
    expect(read(files, { labels: "a.png", confidence: "a.safetensors" }).confidence?.kind).toBe("scores");
  });

  it.each([
    ["a class beyond the list", { "a.png": labelPng("013 x00") }, "BAD_FORMAT", /ids below 3, .* got 3$/],
    [
      "labels of another size",
      { "a.png": labelPng("01 x0") },
      "SHAPE_MISMATCH",
      /2×3 as its photo, got 2×2$/,
    ],
    ["no such file", {}, "NOT_FOUND", /a\.png/],
  ] as const)("refuses %s", (_, files, code, message) => {
    expect(() => read(files, { labels: "a.png" })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it("refuses a CAM of another picture, or of a class beyond the list", () => {
    const other = (classes: number[], size = photo): Uint8Array =>
      encodeCam({ kind: "cam", classes, height: 1, width: 1, data: Float32Array.of(1) }, size);
    expect(() => read({ "a.safetensors": other([3]) }, { labels: "a.safetensors" })).toThrow(/below 3/);
    expect(() =>
      read({ "a.safetensors": other([1], { height: 3, width: 2 }) }, { labels: "a.safetensors" }),
    ).toThrow(/2×3 as its photo, got 3×2/);
  });
});
