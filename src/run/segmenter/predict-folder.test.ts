import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tinySegformer } from "../../models/segmenter/testing/tiny-segmenter.ts";
import { writeTinySegmenters } from "../../testing/segmenter-files.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { isPixelModel, readPixelModel } from "./predict-model.ts";

/** A folder as transformers writes it, with changes to its configuration. */
function publishedFolder(changes: object = {}): string {
  const folder = temporaryFolder();
  writeTinySegmenters(folder);
  const config = JSON.parse(readFileSync(join(folder, "published/config.json"), "utf8"));
  writeTree(folder, { "published/config.json": JSON.stringify({ ...config, ...changes }) });
  return join(folder, "published");
}

describe("readPixelModel of a folder", () => {
  it("counts classes from 1 where none is the background", async () => {
    const folder = publishedFolder();
    expect(isPixelModel(folder)).toBe(true);
    expect(await readPixelModel(folder)).toMatchObject({
      path: join(folder, "model.safetensors"),
      network: { kind: "segformer", config: tinySegformer },
      classes: ["background", "wall", "cat", "dog"],
      channelIds: [1, 2, 3],
      side: 64,
      normalization: { mean: [0.485, 0.456, 0.406] },
    });
  });

  it("takes a background as class 0, and what the processor says", async () => {
    const folder = publishedFolder({ id2label: { 0: "Background", 1: "cat", 2: "dog" } });
    const processor = { image_mean: [0.1, 0.2, 0.3], image_std: [1, 2, 3], size: 96 };
    writeTree(folder, { "preprocessor_config.json": JSON.stringify(processor) });
    expect(await readPixelModel(folder)).toMatchObject({
      classes: ["background", "cat", "dog"],
      channelIds: [0, 1, 2],
      side: 96,
      normalization: { mean: [0.1, 0.2, 0.3], deviation: [1, 2, 3] },
    });
  });

  it.each<[string, object, RegExp]>([
    ["another network", { model_type: "bert" }, /model_type: expected segformer, got "bert"/],
    ["five stages", { depths: [1, 1, 1, 1, 1] }, /depths: expected a list of four numbers/],
    ["other patches", { patch_sizes: [4, 3, 3, 3] }, /patch_sizes: expected 7, 3, 3, 3, as all/],
    ["ratios that differ", { mlp_ratios: [4, 4, 4, 2] }, /mlp_ratios: expected the same ratio/],
    [
      "a name that is missing",
      { id2label: { 0: "a", 2: "b" } },
      /id2label\.1: expected names of the classes 0 to 1/,
    ],
    [
      "heads that do not divide",
      { num_attention_heads: [3, 2, 2, 4] },
      /hidden_sizes divisible by 3 heads, got 4/,
    ],
  ])("refuses %s", async (_, changes, message) => {
    await expect(readPixelModel(publishedFolder(changes))).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringMatching(message),
    });
  });

  it("refuses weights of another network, and a folder without any", async () => {
    const folder = publishedFolder({ decoder_hidden_size: 12 });
    await expect(readPixelModel(folder)).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
    await expect(readPixelModel(temporaryFolder())).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(
        /: expected config.json and model.safetensors of a SegFormer, got none$/,
      ),
    });
  });
});
