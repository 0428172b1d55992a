import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { writeAtomically } from "./files.ts";

// A system that takes three bytes at a time, as a disk does that is nearly full.
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeSync = (file: number, piece: string | Uint8Array, ...rest: []): number =>
    fs.writeSync(file, Buffer.from(piece).subarray(0, 3), ...rest);
  return { ...fs, writeSync };
});

function* pieces(...list: string[]): Generator<string> {
  yield* list;
}

describe("writeAtomically", () => {
  it.each([
    ["text", () => "one, two, thrée"],
    ["bytes", () => new TextEncoder().encode("one, two, thrée")],
    ["pieces", () => pieces("one, ", "", "two, thrée")],
  ])("writes all of its %s, and makes the folder", (_, content) => {
    const path = join(temporaryFolder(), "a/b.txt");
    writeAtomically(path, content());
    expect(readFileSync(path, "utf8")).toBe("one, two, thrée");
  });

  it("leaves the old file and nothing else when a piece cannot be made", () => {
    const folder = temporaryFolder();
    writeTree(folder, { "a.txt": "old" });
    const broken = function* (): Generator<string> {
      yield "new";
      throw new Error("broken");
    };
    expect(() => writeAtomically(join(folder, "a.txt"), broken())).toThrow("got broken");
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });

  it("says what stands in the way", () => {
    const folder = temporaryFolder();
    writeTree(folder, { file: "" });
    expect(() => writeAtomically(join(folder, "file/a.txt"), pieces("a"))).toThrow(
      "expected a file to write, got a path through a file",
    );
  });
});
