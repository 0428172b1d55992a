import { join } from "node:path";
import { expect, it } from "vitest";
import { decodeParts } from "../../data/part-dataset.ts";
import { type DrawnPart, partsJson } from "../../testing/part-files.ts";
import { quietProgress } from "../../testing/progress.ts";
import { labelPng, temporaryFolder, writeTree } from "../../testing/tree.ts";
import { openPredictedParts } from "./predicted-parts.ts";
import { chooseScored } from "./scored-pictures.ts";

const classes = ["background", "wheel"];
const wheel: readonly DrawnPart[] = [[1, "##. ..."]];
const truth = decodeParts(
  JSON.parse(partsJson({ "a.jpg": wheel, "b.jpg": wheel, "c.jpg": [] }, classes)),
  "t",
);

/** What is chosen of predictions in a folder, their parts, and the warnings. */
async function choose(
  files: Readonly<Record<string, string | Uint8Array>>,
  pred: string,
  ids?: readonly string[],
): Promise<unknown> {
  const folder = temporaryFolder();
  writeTree(folder, { ...files, ...(ids !== undefined && { "ids.txt": ids.join("\n") }) });
  const warnings: string[] = [];
  const progress = quietProgress((text) => warnings.push(text.replaceAll(`${folder}/`, "")));
  const selection = ids === undefined ? {} : { ids: join(folder, "ids.txt") };
  const source = await openPredictedParts(join(folder, pred), truth);
  const scored = await chooseScored(source, truth, "truth.json", selection, progress);
  const found = scored.ids.map((id) => scored.pred.partsOf(id)?.found?.masks.length);
  return { ids: scored.ids, found, warnings };
}

const some = { "pred.json": partsJson({ "a.jpg": wheel }, classes) };

it("takes the pictures that COCO JSON lists, and says how many of the truth's it does not", async () => {
  expect(await choose(some, "pred.json")).toEqual({
    ids: ["a"],
    found: [1],
    warnings: [
      "pred.json: lists 1 of the 3 images of truth.json, and the others are not scored; --ids FILE with their ids too counts them as missed",
    ],
  });
});

it("finds nothing in pictures that an id list names beside those that COCO JSON lists", async () => {
  expect(await choose(some, "pred.json", ["b", "a", "c"])).toEqual({
    ids: ["b", "a", "c"],
    found: [0, 1, 0],
    warnings: ["pred.json: lists 1 of the 3 images of ids.txt, and the others count as missed"],
  });
  expect(await choose(some, "pred.json", ["a"])).toEqual({ ids: ["a"], found: [1], warnings: [] });
  await expect(choose(some, "pred.json", ["a", "d"])).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringMatching(/got none for 1 of them \(d\)$/),
  });
});

it("says nothing where all are listed", async () => {
  const all = partsJson({ "a.jpg": wheel, "b.jpg": [], "c.jpg": [] }, classes);
  for (const pred of [all, "[]"])
    expect(await choose({ "pred.json": pred }, "pred.json")).toMatchObject({
      ids: ["a", "b", "c"],
      warnings: [],
    });
});

it("takes the photos of a run and the maps of a folder as they are, and no others", async () => {
  const run = {
    "run/run.json": "{}",
    "run/instances.json": some["pred.json"],
    "run/labels/a.png": labelPng("110 000"),
  };
  expect(await choose(run, "run")).toEqual({ ids: ["a"], found: [1], warnings: [] });
  expect(await choose(run, "run/labels")).toEqual({ ids: ["a"], found: [undefined], warnings: [] });
  for (const pred of ["run", "run/labels"])
    await expect(choose(run, pred, ["a", "b"])).rejects.toMatchObject({ code: "NOT_FOUND" });
});
