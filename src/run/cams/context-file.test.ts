import { join } from "node:path";
import { expect, it } from "vitest";
import { tinyConfig } from "../../models/clip/testing/tiny-clip.ts";
import { pthFile } from "../../testing/pth-file.ts";
import { writeTinyClip } from "../../testing/tiny-clip-model.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { openContextFile, readContexts } from "./context-file.ts";

const texts = { name: "own", classes: ["car", "tree"], background: ["sky"] };
const { dim } = tinyConfig.text;

function fileOf(shape: readonly number[], name = "prompt_learner.ctx"): string {
  const folder = temporaryFolder();
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => at / 8);
  writeTree(folder, { "ctx.pth": pthFile(new Map([[name, { dtype: "float32", shape, data }]])) });
  return join(folder, "ctx.pth");
}

it("reads one context for all texts, and one for each", () => {
  const clip = writeTinyClip(temporaryFolder());
  const shared = readContexts(fileOf([4, dim]), clip, texts);
  expect(shared).toMatchObject({
    names: ["car", "tree", "sky"],
    layout: { contextLength: 4, namePosition: "end", sharing: "shared" },
  });
  expect(shared.contexts.data[9]).toBe(9 / 8);
  expect(readContexts(fileOf([3, 4, dim], "state_dict.prompt_learner.ctx"), clip, texts)).toMatchObject({
    names: ["car", "tree", ""],
    layout: { contextLength: 4, namePosition: "front", sharing: "each" },
    contexts: { shape: [3, 4, dim] },
  });
});

it("is known by its digest and the texts", async () => {
  const [clip, file] = [writeTinyClip(temporaryFolder()), fileOf([4, dim])];
  expect(await openContextFile(file, clip, texts)).toEqual({
    ...{ kind: "contexts", clip, texts: file, classCount: 2, around: texts },
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

it.each([
  [[4, dim + 1], "ctx.pth: prompt_learner.ctx: expected"],
  [[2, 4, dim], "[3, M,"],
  [[dim], "expected"],
])("refuses contexts of shape %j", (shape, message) => {
  const clip = writeTinyClip(temporaryFolder());
  expect(() => readContexts(fileOf(shape), clip, texts)).toThrow(message);
});

it("refuses a file without contexts, and without being there", () => {
  const clip = writeTinyClip(temporaryFolder());
  expect(() => readContexts(fileOf([4, dim], "ctx"), clip, texts)).toThrow(
    'expected one tensor "prompt_learner.ctx", got 0 among 1 tensors',
  );
  expect(() => readContexts("/nowhere.pth", clip, texts)).toThrow("expected a weight file, got none");
});
