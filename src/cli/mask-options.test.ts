import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addModelOptions, type ModelOptions, sourceChoice } from "./mask-options.ts";

describe("sourceChoice", () => {
  const choice = (...words: string[]) =>
    sourceChoice(addModelOptions(new Command()).parse(words, { from: "user" }).opts<ModelOptions>());

  it("is regions, in float32 on the CPU, with a cache of 4 GB, when nothing is said", async () => {
    expect(await choice()).toEqual({
      model: "regions",
      precision: "float32",
      device: "cpu",
      threads: null,
      cache: { folder: expect.stringMatching(/embeddings$/), maxBytes: 4e9 },
    });
  });

  it("takes what is said", async () => {
    const words = "--model sam-vit-b --precision int8 --device cuda --cache here --cache-limit 0.5".split(
      " ",
    );
    expect(await choice(...words)).toMatchObject({
      model: "sam-vit-b",
      precision: "int8",
      device: "cuda",
      cache: { folder: "here", maxBytes: 5e8 },
    });
    expect((await choice("--no-cache")).cache).toBeNull();
  });
});
