import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { writeWhole } from "./output.ts";

/** Above any process id that Linux gives (2²²), and so of none that runs. */
const DEAD = 2 ** 22 + 5;

async function write(path: string): Promise<void> {
  await writeWhole(path, "file", async (temporary) => {
    writeFileSync(temporary, "new");
    return { written: true };
  });
}

describe("writeWhole", () => {
  it("removes what killed processes left of the same output", async () => {
    const folder = temporaryFolder();
    writeTree(folder, {
      [`.a.json.${DEAD}.tmp/a.json`]: "half",
      [`.a.json.${DEAD + 1}.tmp/a.json/1.txt`]: "half",
      [`.a.json.${process.pid}.tmp/a.json`]: "of a process that had this number before",
    });
    await write(join(folder, "a.json"));
    expect(readdirSync(folder)).toEqual(["a.json"]);
    expect(readFileSync(join(folder, "a.json"), "utf8")).toBe("new");
  });

  it("leaves what is another's, or of a process that runs", async () => {
    const folder = temporaryFolder();
    const others = [
      `.a.json.${process.ppid}.tmp/a.json`,
      `.b.json.${DEAD}.tmp/b.json`,
      `.a.json.${DEAD}.tmp/other`,
      `.a.json.${DEAD}x.tmp/a.json`,
      `.a.json.${DEAD + 1}.tmp`,
      `a.json.${DEAD}.tmp/a.json`,
    ];
    writeTree(folder, Object.fromEntries(others.map((name) => [name, ""])));
    await write(join(folder, "a.json"));
    const expected = [...others.map((name) => name.split("/")[0]), "a.json"];
    expect(readdirSync(folder)).toEqual(expected.sort());
  });

  it("leaves nothing of an output that is not wanted or fails", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "out");
    await writeWhole(path, "folder", async () => ({ written: false }));
    await expect(writeWhole(path, "folder", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(readdirSync(folder)).toEqual([]);
  });
});
