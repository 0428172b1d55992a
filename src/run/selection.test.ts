import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { selectIds } from "./selection.ts";

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
