import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { type PrompterConfig, partImageNetPrompter } from "../../models/prompter/config.ts";
import { drawPrompter } from "../../models/prompter/initial.ts";
import { tinyPrompter } from "../../models/prompter/testing/tiny-prompter.ts";
import { prompterTensors } from "../../models/prompter/weights.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { locateModel } from "../store/stored-models.ts";
import { choosePartFinder } from "./part-finder.ts";
import { readPrompterFile } from "./prompter-checkpoint.ts";

/** For embeddings and tokens of `sam-tiny`, which ships with the package. */
const network: PrompterConfig = { ...tinyPrompter, channels: 128, grid: 32 };
const { sha256 } = locateModel("sam-tiny");

interface Written {
  readonly digest?: string;
  readonly network?: PrompterConfig;
  readonly supervision?: "boxes" | "points";
}

function writeCheckpoint({
  digest = sha256,
  network: own = network,
  supervision = "boxes",
}: Written): string {
  const classes = ["background", "disc", "bar"];
  const config = {
    kind: "prompter",
    model: { name: "sam-tiny", sha256: digest, precision: "float32" },
    classes,
    categoryIds: classes.map((_, k) => k),
    network: own,
    training: { supervision },
  };
  const bytes = writeSafetensors(drawPrompter(own, random(1)), { config: JSON.stringify(config) });
  const folder = temporaryFolder();
  writeTree(folder, { "x.safetensors": bytes });
  return join(folder, "x.safetensors");
}

/** As the authors publish theirs: the weights and no word about them. */
function writePublished(): string {
  const tensors = [...prompterTensors(partImageNetPrompter)].map(([name, shape]) => {
    const data = new Uint16Array(shape.reduce((a, b) => a * b, 1));
    return [name, { dtype: "float16", shape, data }] as const;
  });
  const folder = temporaryFolder();
  writeTree(folder, { "wps.safetensors": writeSafetensors(new Map(tensors)) });
  return join(folder, "wps.safetensors");
}

function choose(checkpoint: string, model: string | null): ReturnType<typeof choosePartFinder> {
  const choice = { model, precision: "float32", device: "cpu", threads: 1, cache: null } as const;
  return choosePartFinder(checkpoint, choice);
}

describe("choosePartFinder", () => {
  it.each(["boxes", "points"] as const)("takes the model that taught with %s", async (supervision) => {
    const path = writeCheckpoint({ supervision });
    const { prompter, model, tokens } = await choose(path, null);
    expect({ path: prompter.path, model: model.name, sha256: model.sha256, tokens }).toEqual({
      ...{ path, model: "sam-tiny", sha256, tokens: "nearest" },
    });
  });

  it("refuses other weights of it, unless the model is named", async () => {
    const digest = "0".repeat(64);
    const path = writeCheckpoint({ digest });
    await expect(choose(path, null)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${path}: expected the sam-tiny it was trained with (${digest}), got other weights (${sha256})`,
      hint: "--model sam-tiny takes them all the same",
    });
    expect((await choose(path, "sam-tiny")).model.sha256).toBe(sha256);
  });

  it("refuses a model of other embeddings before it asks for its weights", async () => {
    const path = writeCheckpoint({});
    const got = "256 channels of 64×64 cells and 2 tokens a prompt";
    await expect(choose(path, "sam-vit-h")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${path}: expected a model that gives it 128 channels of 32×32 cells and 2 tokens a prompt as sam-tiny does, got sam-vit-h, which gives ${got}`,
      hint: "It takes sam-tiny.",
    });
    const finer = writeCheckpoint({ network: { ...network, grid: 64 } });
    await expect(choose(finer, null)).rejects.toMatchObject({
      message: expect.stringMatching(/expected a model that gives it 128 channels of 64×64/),
      hint: undefined,
    });
  });

  it("needs a model for a published checkpoint, of its embeddings and tokens", async () => {
    const path = writePublished();
    expect(await readPrompterFile(path)).toMatchObject({ model: null, frame: "center", tokens: "raw" });
    await expect(choose(path, null)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${path}: expected --model NAME beside it, since it does not say whose embeddings it reads, got none`,
    });
    for (const [model, got] of [
      ["sam-tiny", "128 channels of 32×32 cells and 2 tokens a prompt"],
      ["efficient-sam-ti", "256 channels of 64×64 cells and 6 tokens a prompt"],
    ])
      await expect(choose(path, model)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: `${path}: expected a model that gives it 256 channels of 64×64 cells and 2 tokens a prompt, got ${model}, which gives ${got}`,
        hint: "It takes sam-vit-b, sam-vit-l, sam-vit-h, mobile-sam.",
      });
  });

  it("leaves to the choice of the model what is none", async () => {
    const path = writeCheckpoint({});
    for (const model of ["regions", "clip-vit-b-16", "sam-vit-x"])
      await expect(choose(path, model)).rejects.toThrow(/^--model: expected/);
  });
});
