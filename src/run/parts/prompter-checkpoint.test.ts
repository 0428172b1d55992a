import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { drawPrompter } from "../../models/prompter/initial.ts";
import { tinyPrompter } from "../../models/prompter/testing/tiny-prompter.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { readPrompterFile } from "./prompter-checkpoint.ts";

const tensors = drawPrompter(tinyPrompter, random(1));
const classes = ["background", ...Array.from({ length: tinyPrompter.classes }, (_, k) => `part ${k}`)];
const description = {
  kind: "prompter",
  model: { name: "mobile-sam", sha256: "0".repeat(64), precision: "float32" },
  classes,
  categoryIds: classes.map((_, k) => 10 * k),
  network: tinyPrompter,
  training: { supervision: "centers" },
};

function read(config: unknown): ReturnType<typeof readPrompterFile> {
  const folder = temporaryFolder();
  const metadata: Record<string, string> = config === undefined ? {} : { config: JSON.stringify(config) };
  writeTree(folder, { "x.safetensors": writeSafetensors(tensors, metadata) });
  return readPrompterFile(join(folder, "x.safetensors"));
}

describe("readPrompterFile", () => {
  it("gives what the file says of itself", async () => {
    const { kind: _, training: __, ...said } = description;
    expect(await read(description)).toMatchObject({
      ...said,
      prompts: "point",
      frame: "sam",
      tokens: "nearest",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each([
    ["another kind", { ...description, kind: "classifier" }, /kind: expected the kind "prompter"/],
    [
      "a network too large",
      { ...description, network: { ...tinyPrompter, encoderLayers: 1e9 } },
      /at most 256/,
    ],
    ["a stride of 3", { ...description, network: { ...tinyPrompter, strides: [3, 1] } }, /1 or 2/],
    [
      "too few classes",
      { ...description, classes: ["background", "a"], categoryIds: [0, 1] },
      /of its 1 classes/,
    ],
    ["a category id twice", { ...description, categoryIds: classes.map(() => 1) }, /each category id once/],
    ["no teacher", { ...description, training: { supervision: "masks" } }, /boxes, centers or points/],
    ["no object", "text", /what `train prompter` writes there/],
  ])("refuses %s", async (_, config, message) => {
    await expect(read(config)).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringMatching(message),
    });
  });

  it("refuses weights of another network", async () => {
    const network = { ...tinyPrompter, dim: 2 * tinyPrompter.dim };
    await expect(read({ ...description, network })).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
    await expect(read(undefined)).rejects.toMatchObject({
      message: expect.stringMatching(/expected "pos_embed" \[1, 256, 16, 16\]/),
    });
  });
});
