import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { linesOf, maskwright } from "../testing/command.ts";
import { hashTree, temporaryFolder } from "../testing/tree.ts";

it("runs all three methods on drawn scenes, once, and keeps two seeds apart", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await maskwright(folder, "demo", "--scenes", "4", "-o", "first");
  expect(stderr).not.toContain("error");
  expect(code).toBe(0);
  const lines = linesOf(stdout);
  const titles = ["Rough labels refined", "Labels made of tags", "Parts masked", "Parts of"].map((title) =>
    lines.findIndex((line) => line.startsWith(title)),
  );
  expect(titles.every((at) => at >= 0)).toBe(true);
  const miou = /mIoU\s+[\d.]+/;
  for (const at of titles) expect(lines.slice(at, at + 4).join("\n")).toMatch(miou);
  expect(stdout).toMatch(/parts found: [1-9]/);
  expect(stdout).toContain("parts of photos learned from");
  for (const run of ["sepl", "tags", "boxes", "parts"])
    expect(existsSync(join(folder, "first", run, "report.html")), run).toBe(true);
  expect(readdirSync(join(folder, "first/scenes/images")).length).toBe(4);
  const listed = linesOf(readFileSync(join(folder, "first/scenes/tags.csv"), "utf8"));
  expect(listed[0]).toBe("file,tags");
  expect(listed[1]).toMatch(/^scene-7-000000\.jpg,/);

  // What is done stays as it is.
  const labels = (): Record<string, string> =>
    hashTree(join(folder, "first"), /(report|run)\.(json|html)$|ndjson$/);
  const before = labels();
  const again = await maskwright(folder, "demo", "--scenes", "4", "-o", "first");
  expect(again.code).toBe(0);
  expect(labels()).toEqual(before);

  const other = await maskwright(folder, "demo", "--scenes", "4", "-o", "first", "--seed", "8");
  expect(other.code).toBe(2);
  expect(linesOf(other.stderr)[0]).toBe("error: first/scenes: seed: expected 7 as before, got 8");
}, 600_000);
