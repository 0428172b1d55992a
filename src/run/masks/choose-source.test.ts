import { expect, it } from "vitest";
import { chooseSegmenter } from "./choose-source.ts";

it.each(["onnx:", "sam", "clip-vit-b-16"])("chooseSegmenter refuses %s with what there is", async (model) => {
  const choice = { model, precision: "float32", device: "cpu", threads: null, cache: null } as const;
  await expect(chooseSegmenter(choice)).rejects.toThrow(
    new RegExp(`^--model: expected regions, sam-vit-b, .*, or onnx:DIR, got "${model}"$`),
  );
});
