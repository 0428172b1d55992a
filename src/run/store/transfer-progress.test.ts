import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { ProgressKind } from "../progress.ts";
import { createTransferProgress, describeTransfer, formatBytes } from "./transfer-progress.ts";

describe("formatBytes", () => {
  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1000, "1.00 kB"],
    [1_356_917, "1.36 MB"],
    [9_996_000, "10.0 MB"],
    [40_728_226, "40.7 MB"],
    [99_960_000, "100 MB"],
    [375_042_383, "375 MB"],
    [2_564_550_879, "2.56 GB"],
  ])("writes %i as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe("describeTransfer", () => {
  it.each([
    [{ bytes: 0, total: 375e6, startBytes: 0 }, 0, "sam 0.00 of 375 MB"],
    [{ bytes: 120e6, total: 375e6, startBytes: 0 }, 10_000, "sam 120 of 375 MB · 12.0 MB/s · 0:22 left"],
    // What was there before does not make the network faster.
    [{ bytes: 120e6, total: 375e6, startBytes: 100e6 }, 10_000, "sam 120 of 375 MB · 2.00 MB/s · 2:08 left"],
    [{ bytes: 375e6, total: 375e6, startBytes: 0 }, 30_000, "sam 375 MB · 12.5 MB/s · 0:30"],
    [{ bytes: 5e6, total: null, startBytes: 0 }, 1000, "sam 5.00 MB · 5.00 MB/s"],
  ])("of %o after %i ms is %s", (clock, nowMs, text) => {
    expect(describeTransfer({ what: "sam", startedMs: 0, ...clock }, nowMs)).toBe(text);
  });
});

describe("createTransferProgress", () => {
  async function written(kind: ProgressKind): Promise<string> {
    let text = "";
    const stream = new Writable({
      write(chunk, _, done) {
        text += chunk;
        done();
      },
    });
    const progress = await createTransferProgress(kind, stream as unknown as NodeJS.WriteStream);
    progress.begin("sam");
    progress.advance(0, 10);
    progress.warn("503; trying again");
    progress.advance(5, 10);
    progress.advance(10, 10);
    progress.end();
    return text;
  }

  it("writes a line at the end, and warnings as they come", async () => {
    expect(await written("lines")).toMatch(
      /^warning: 503; trying again\nsam 10 bytes · [\d.]+ \w+\/s · 0:01\n$/,
    );
  });

  it("writes events, few of them", async () => {
    const events = (await written("json")).trimEnd().split("\n");
    expect(events.map((line) => JSON.parse(line))).toEqual([
      { event: "begin", stage: "sam" },
      { event: "warning", stage: "sam", message: "503; trying again" },
      { event: "progress", stage: "sam", done: 10, total: 10 },
      { event: "end", stage: "sam", done: 10, total: 10 },
    ]);
  });

  it("draws a bar", async () => {
    expect(await written("bar")).toContain("█".repeat(24));
  });
});
