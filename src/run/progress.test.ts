import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createProgress, describeProgress, formatDuration, type ProgressKind } from "./progress.ts";

describe("formatDuration", () => {
  it.each([
    [0, "0:00"],
    [0.2, "0:01"],
    [5, "0:05"],
    [59.5, "1:00"],
    [754, "12:34"],
    [3600, "1:00:00"],
    [3723, "1:02:03"],
  ])("writes %s s as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("describeProgress", () => {
  it.each([
    [{ done: 0, total: 100 }, 0, "refine 0/100"],
    [{ done: 45, total: 100 }, 3750, "refine 45/100 · 12/s · 0:05 left"],
    [{ done: 1, total: 100 }, 2000, "refine 1/100 · 0.5/s · 3:18 left"],
    [{ done: 100, total: 100 }, 50_000, "refine 100/100 · 2.0/s · 0:50"],
    [{ done: 0, total: 0 }, 0, "refine 0/0 · 0:00"],
  ])("of %o after %s ms is %s", (clock, nowMs, text) => {
    expect(describeProgress({ stage: "refine", startedMs: 0, ...clock }, nowMs)).toBe(text);
  });
});

describe("createProgress", () => {
  async function written(kind: ProgressKind): Promise<string> {
    let text = "";
    const stream = new Writable({
      write(chunk, _, done) {
        text += chunk;
        done();
      },
    });
    const progress = await createProgress(kind, stream as unknown as NodeJS.WriteStream);
    progress.begin("refine", 2);
    progress.advance("a");
    progress.warn("b.png: damaged");
    progress.advance("b");
    progress.end();
    return text;
  }

  it("writes a line at the end, and warnings as they come", async () => {
    expect(await written("lines")).toMatch(/^warning: b\.png: damaged\nrefine 2\/2 · \S+\/s · 0:01\n$/);
  });

  it("writes an event a line", async () => {
    const lines = (await written("json")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { event: "begin", stage: "refine", total: 2 },
      { event: "progress", stage: "refine", id: "a", done: 1, total: 2 },
      { event: "warning", stage: "refine", message: "b.png: damaged" },
      { event: "progress", stage: "refine", id: "b", done: 2, total: 2 },
      { event: "end", stage: "refine", done: 2, total: 2 },
    ]);
  });
});
