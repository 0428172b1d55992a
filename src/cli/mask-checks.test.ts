import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addGeneratorOptions } from "./generator-options.ts";
import { checkModelOptions, checkNoClip, checkNoSource, checkNoTraining } from "./mask-checks.ts";
import { addModelOptions } from "./mask-options.ts";

function parse(...words: string[]): Record<string, never> {
  return addGeneratorOptions(addModelOptions(new Command("test")))
    .parse(words, { from: "user" })
    .opts();
}

const forModels = [
  ["--precision", "fp32"],
  ["--device", "cuda"],
  ["--cache", "here"],
  ["--no-cache"],
  ["--cache-limit", "2"],
];

describe("checkModelOptions", () => {
  it.each(forModels)("refuses %s without a model, and passes it with one", (flag, ...value) => {
    const got = `${flag}: expected a model, got --model regions`;
    expect(() => checkModelOptions(parse(flag, ...value))).toThrow(got);
    expect(() => checkModelOptions(parse("--model", "regions", flag, ...value))).toThrow(got);
    checkModelOptions(parse("--model", "mobile-sam", flag, ...value));
  });

  it("passes what was not typed", () => {
    checkModelOptions(parse());
    checkModelOptions(parse("--model", "regions"));
  });
});

describe("checkNoSource", () => {
  it("refuses every option of a source", () => {
    const { options } = addGeneratorOptions(addModelOptions(new Command("test")));
    expect(options.length).toBe(19);
    for (const { long, required, argChoices } of options) {
      const words = [long ?? "", ...(required ? [argChoices?.[0] ?? "1"] : [])];
      expect(() => checkNoSource(parse(...words))).toThrow(
        `${long}: expected --images DIR to propose masks for, got --proposals DIR`,
      );
    }
  });

  it("passes when nothing was typed", () => checkNoSource(parse()));
});

describe("checkNoClip", () => {
  it.each([
    ["--precision", "int8"],
    ["--device", "cpu"],
  ])("refuses %s", (flag, value) => {
    expect(() => checkNoClip(parse(flag, value))).toThrow(
      `${flag}: expected --source clip, got a classifier`,
    );
  });

  it("passes when nothing was typed", () => checkNoClip(parse()));
});

describe("checkNoTraining", () => {
  it("refuses a seed, and passes when none was typed", () => {
    expect(() => checkNoTraining({ seed: 1 })).toThrow(
      "--seed: expected something to train, got --source clip",
    );
    checkNoTraining({});
  });
});
