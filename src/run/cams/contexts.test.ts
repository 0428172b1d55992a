import { join } from "node:path";
import { expect, it } from "vitest";
import { writeTinyClip } from "../../testing/tiny-clip-model.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { openContexts } from "./contexts.ts";

const classes = { name: "own", classes: ["background", "car", "tree"] };

function runOf(options: object, command = "train prompts"): string {
  const folder = temporaryFolder();
  writeTree(folder, { "run.json": JSON.stringify({ command, options, inputs: {} }) });
  return folder;
}

it("opens what a training left, known by its digest", async () => {
  const folder = runOf({ classes: ["car", "tree"], clip: "tiny" });
  const clip = writeTinyClip(folder);
  await expect(openContexts(folder, clip, classes)).rejects.toMatchObject({
    code: "NOT_FOUND",
    hint: expect.stringContaining("not done"),
  });
  writeTree(folder, { "texts.safetensors": "abc" });
  expect(await openContexts(folder, clip, classes)).toEqual({
    ...{ kind: "contexts", clip, classCount: 2, texts: join(folder, "texts.safetensors") },
    sha256: expect.stringMatching(/^ba7816bf/),
  });
});

it("refuses contexts that say nothing here", async () => {
  const clip = writeTinyClip(temporaryFolder());
  const open = (folder: string) => openContexts(folder, clip, classes);
  await expect(open(temporaryFolder())).rejects.toThrow(
    "expected a run of `maskwright train prompts`, got no run",
  );
  await expect(open(runOf({}, "seed"))).rejects.toThrow("got one of `seed`");
  const other = runOf({ classes: ["tree", "car"], clip: "tiny" });
  await expect(open(other)).rejects.toThrow('expected the classes it was trained with, got ["car","tree"]');
  const large = runOf({ classes: ["car", "tree"], clip: "large" });
  await expect(open(large)).rejects.toThrow("expected the CLIP it was trained with, got tiny");
  const damaged = temporaryFolder();
  writeTree(damaged, { "run.json": "[]" });
  await expect(open(damaged)).rejects.toMatchObject({ code: "BAD_FORMAT" });
});
