import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { drawSegmenter } from "../../models/segmenter/initial.ts";
import { AVERAGE_PREFIX } from "../../models/segmenter/network.ts";
import { imageNetNormalization } from "../../models/segmenter/normalization.ts";
import { tinyNetworks, tinySegformer } from "../../models/segmenter/testing/tiny-segmenter.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { readSegmenter, type SegmenterDescription } from "./segmenter-checkpoint.ts";

const description: SegmenterDescription = {
  kind: "segmenter",
  network: tinyNetworks.segformer,
  classes: ["background", "cat", "dog"],
  normalization: imageNetNormalization,
  side: 64,
  training: { seed: 0 },
};

function read(
  config: unknown,
  tensors: ReadonlyMap<string, NdArray> = drawSegmenter(description.network, random(1)),
): ReturnType<typeof readSegmenter> {
  const folder = temporaryFolder();
  const metadata: Record<string, string> = config === undefined ? {} : { config: JSON.stringify(config) };
  writeTree(folder, { "x.safetensors": writeSafetensors(tensors, metadata) });
  return readSegmenter(join(folder, "x.safetensors"));
}

describe("readSegmenter", () => {
  it.each(["segformer", "light"] as const)("gives what the file says of itself (%s)", async (kind) => {
    const own = { ...description, network: tinyNetworks[kind] };
    const { kind: _, ...said } = own;
    expect(await read(own, drawSegmenter(own.network, random(1)))).toMatchObject({
      ...said,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("takes a checkpoint that keeps averages too", async () => {
    const tensors = drawSegmenter(description.network, random(1));
    const averages = [...tensors].map(([name, array]) => [AVERAGE_PREFIX + name, array] as const);
    expect(await read(description, new Map([...tensors, ...averages]))).toMatchObject({ side: 64 });
  });

  it.each([
    ["another kind", { ...description, kind: "prompter" }, /kind: expected the kind "segmenter"/],
    ["another network", { ...description, network: { kind: "unet" } }, /of the kind segformer or light/],
    [
      "a network too large",
      {
        ...description,
        network: { kind: "segformer", config: { ...tinySegformer, decoderDim: 1e9 } },
      },
      /at most 8192/,
    ],
    ["too few classes", { ...description, classes: ["background", "cat"] }, /of its 2 classes, got 3/],
    [
      "heads that do not fit",
      { ...description, network: { kind: "segformer", config: { ...tinySegformer, heads: [3, 2, 2, 4] } } },
      /divisible by 3 heads/,
    ],
    [
      "deviations of 0",
      { ...description, normalization: { mean: [0, 0, 0], deviation: [1, 0, 1] } },
      /deviations above 0/,
    ],
    ["no object", "text", /what `train segmenter` writes there/],
    ["plain weights", undefined, /weights that do not say what of/],
  ])("refuses %s", async (_, config, message) => {
    await expect(read(config)).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringMatching(message),
    });
  });

  it("refuses weights of another network", async () => {
    const network = { kind: "segformer", config: { ...tinySegformer, decoderDim: 12 } };
    await expect(read({ ...description, network })).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  });
});
