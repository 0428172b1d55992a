import { describe, expect, it } from "vitest";
import type { LabeledPrompt } from "../../core/object-prompt.ts";
import type { PromptSource } from "../../data/prompts.ts";
import { checkAskable } from "./check-askable.ts";
import type { Segmenter } from "./mask-source.ts";

const modelOf = (name: string): Segmenter => ({
  kind: "sam",
  model: { name, sha256: "ab", precision: "float32", device: "cpu", threads: null, cache: null },
});

const object = (...signs: string[]): LabeledPrompt => ({
  kind: "points",
  classId: 1,
  points: signs.map((sign, x) => ({ x, y: 0, positive: sign === "+" })),
});

const pictures = new Map([
  ["a", [object(..."+"), object(..."+-")]],
  ["sub/b", [object(..."+++++++")]],
  ["c", [object(..."++++++")]],
]);

const prompts: PromptSource = {
  kind: "points",
  path: "points.csv",
  classes: { name: "own", classes: ["background", "thing"] },
  ids: [...pictures.keys()],
  leftOut: null,
  sizeOf: () => null,
  promptsOf: (id) => pictures.get(id) ?? [],
};

describe("checkAskable", () => {
  it("lists every object that EfficientSAM cannot be asked for, by its file", () => {
    expect(() => checkAskable(prompts.ids, prompts, modelOf("efficient-sam-ti"))).toThrow(
      expect.objectContaining({
        code: "BAD_FORMAT",
        message: [
          "points.csv: 2 problems",
          "  a, object 2, points: expected positive ones for EfficientSAM, got a negative one",
          "  sub/b, object 1, points: expected at most 6 for EfficientSAM, of which a box takes 2, got 7",
        ].join("\n"),
        hint: expect.stringContaining("use SAM or MobileSAM"),
      }),
    );
  });

  it("looks at the chosen pictures only", () => {
    checkAskable(["c"], prompts, modelOf("efficient-sam-ti"));
  });

  it.each(["sam-vit-b", "mobile-sam", "onnx:pair"])("passes what %s may be asked", (name) => {
    checkAskable(prompts.ids, prompts, modelOf(name));
    checkAskable(prompts.ids, prompts, { kind: "regions" });
  });
});
