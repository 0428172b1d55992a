import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { linesOf, maskwright } from "../testing/command.ts";
import { hashTree, temporaryFolder } from "../testing/tree.ts";

describe("demo", () => {
  it("draws, refines, scores and reports, the same every time; and keeps two seeds apart", async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await maskwright(folder, "demo", "--scenes", "2", "-o", "first");
    expect(code).toBe(0);
    expect(stdout).toMatch(/mIoU\s+[\d.]+\s+[\d.]+\s+[+-][\d.]+/);
    expect(stdout).toContain(join("first", "refined", "report.html"));
    expect(readdirSync(join(folder, "first/scenes/images")).length).toBe(2);
    const tags = linesOf(readFileSync(join(folder, "first/scenes/tags.csv"), "utf8"));
    expect(tags).toEqual(["file,tags", expect.stringContaining("scene-7-000000.jpg,"), expect.any(String)]);

    await maskwright(folder, "demo", "--scenes", "2", "-o", "second", "--workers", "1");
    // The page tells the command line and the run its inputs, which name the folder.
    const result = (name: string) =>
      hashTree(join(folder, name), /(report|run)\.json$|report\.html$|log\.ndjson$/);
    expect(result("second")).toEqual(result("first"));

    const other = await maskwright(folder, "demo", "--scenes", "2", "-o", "first", "--seed", "8");
    expect(other.code).toBe(2);
    expect(linesOf(other.stderr)[0]).toBe("error: first/scenes: seed: expected 7 as before, got 8");
  });
});
