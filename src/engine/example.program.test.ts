import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { start } from "../testing/command.ts";

const root = resolve(import.meta.dirname, "../..");

describe("examples/engine-two-layers.ts", () => {
  it("learns to tell shapes apart", async () => {
    const args = ["--import", "tsx", "examples/engine-two-layers.ts"];
    const { code, stdout, stderr } = await start(process.execPath, args, root).result;
    expect([code, stderr]).toEqual([0, ""]);
    const right = /^([\d.]+) % of unseen shapes named right$/m.exec(stdout)?.[1];
    expect(Number(right)).toBeGreaterThan(95);
  });

  it("has no type errors", async () => {
    const tsc = resolve(root, "node_modules/typescript/bin/tsc");
    const { stdout } = await start(process.execPath, [tsc, "--noEmit", "-p", "examples"], root).result;
    expect(stdout).toBe("");
  });
});
