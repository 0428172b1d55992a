import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { quietProgress } from "../testing/progress.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { type SelectionOptions, selectIds, selectLabeled, selectPresent } from "./selection.ts";

const available = ["a", "b", "c/d"];

function idList(text: string): string {
  const folder = temporaryFolder();
  writeTree(folder, { "ids.txt": text });
  return join(folder, "ids.txt");
}

describe("selectIds", () => {
  it("takes all, or the first few", async () => {
    expect(await selectIds(available, "labels", {})).toEqual(available);
    expect(await selectIds(available, "labels", { limit: 2 })).toEqual(["a", "b"]);
    expect(await selectIds(available, "labels", { limit: 9 })).toEqual(available);
  });

  it("takes those of a list in the list's order", async () => {
    const ids = idList("c/d\r\n\n a \n");
    expect(await selectIds(available, "labels", { ids })).toEqual(["c/d", "a"]);
    expect(await selectIds(available, "labels", { ids, limit: 1 })).toEqual(["c/d"]);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses a limit of %s", async (limit) => {
    await expect(selectIds(available, "labels", { limit })).rejects.toThrow(
      "--limit: expected a whole number above 0",
    );
  });

  it("names the first few ids that are missing", async () => {
    const ids = idList("a\nw\nx\ny\nz\n");
    await expect(selectIds(available, "labels", { ids })).rejects.toThrow(
      `labels: expected the 5 ids of ${ids}, got none for 4 of them (w, x, y, …)`,
    );
  });

  it("refuses to work on nothing", async () => {
    await expect(selectIds(available, "labels", { ids: idList("\n") })).rejects.toThrow(
      "labels: expected at least one image, got none",
    );
  });
});

describe("selectLabeled", () => {
  const photos = new Map(available.map((id) => [id, `images/${id}.jpg`]));
  const labeled = { ids: ["x", "c/d", "a", "y"], path: "boxes.csv" };
  const message = "images: expected the 4 images of boxes.csv, got none for 2 of them (x, y)";

  it("refuses photos that are missing, also beyond the limit", async () => {
    const refusal = (hint: string) => expect.objectContaining({ code: "NOT_FOUND", message, hint });
    await expect(selectLabeled(photos, "images", labeled, { limit: 1 })).rejects.toEqual(
      refusal("--ids FILE chooses the images to work on."),
    );
    await expect(selectLabeled(photos, "images", labeled, { keepGoing: false })).rejects.toEqual(
      refusal("--keep-going works on those that are here, --ids FILE on those that it lists."),
    );
  });

  it("takes those that are here, in the order of the folder, or those of a list", async () => {
    expect(await selectLabeled(photos, "images", labeled, { keepGoing: true })).toEqual(["a", "c/d"]);
    expect(await selectLabeled(photos, "images", labeled, { keepGoing: true, limit: 1 })).toEqual(["a"]);
    expect(await selectLabeled(photos, "images", labeled, { ids: idList("c/d") })).toEqual(["c/d"]);
  });
});

it("makes failures of photos that are missing, unless an id list leaves them out", async () => {
  const photos = new Map(available.map((id) => [id, `images/${id}.jpg`]));
  const labeled = { ids: ["x", "c/d", "a", "y"], path: "boxes.csv" };
  const warnings: string[] = [];
  const progress = quietProgress((message) => warnings.push(message));
  const select = (options: SelectionOptions, keepGoing = true) =>
    selectPresent(photos, "images", labeled, options, { keepGoing, progress });
  expect(await select({ limit: 1 })).toEqual({
    ids: ["a"],
    absent: ["x", "y"].map((id) => ({
      id,
      message: `images: expected ${id}, which is in boxes.csv, got no such photo`,
    })),
  });
  expect(warnings).toEqual(["images: expected the 4 images of boxes.csv, got none for 2 of them (x, y)"]);
  expect(await select({ ids: idList("c/d") }, false)).toEqual({ ids: ["c/d"], absent: [] });
  await expect(select({}, false)).rejects.toMatchObject({ code: "NOT_FOUND" });
});
