import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/tree.ts";
import { openRunDirectory, type RunDescription } from "./run-directory.ts";

const classes = Array.from({ length: 80 }, (_, k) => `class ${k}`);
const description: RunDescription = {
  command: "segment",
  options: { precision: "float32", compat: null, classes, generator: { minStability: 0.95, most: Infinity } },
  inputs: { images: "/photos" },
};

function open(dir: string, options: object = {}, other: Partial<RunDescription> = {}): void {
  const held = { ...description, ...other, options: { ...description.options, ...options } };
  openRunDirectory(dir, held).journal.close();
}

describe("openRunDirectory, to resume", () => {
  it("opens a run of the same options, whatever their order", () => {
    const dir = join(temporaryFolder(), "run");
    open(dir);
    open(dir, { generator: { most: Infinity, minStability: 0.95 }, later: undefined });
  });

  it.each([
    [{ precision: "int8" }, {}, 'precision: expected "float32" as before, got "int8"'],
    [{ compat: "paper" }, {}, 'compat: expected null as before, got "paper"'],
    [{ extra: 1 }, {}, "extra: expected null as before, got 1"],
    [
      { generator: { minStability: 0.9, most: Infinity } },
      {},
      "generator.minStability: expected 0.95 as before, got 0.9",
    ],
    [{ classes: classes.with(3, "cat") }, {}, 'classes[3]: expected "class 3" as before, got "cat"'],
    [{ classes: ["cat"] }, {}, "classes: expected 80 entries as before, got 1"],
    [{}, { command: "refine" }, 'command: expected "segment" as before, got "refine"'],
    [{}, { inputs: { images: "/others" } }, 'images: expected "/photos" as before, got "/others"'],
    [
      { classes: classes.map((name) => `${name}!`) },
      {},
      'classes[0]: expected "class 0" as before, got "class 0!"; classes[1]: expected "class 1" as before, got "class 1!"; ' +
        'classes[2]: expected "class 2" as before, got "class 2!"; and 77 more',
    ],
  ])("names only what differs: %#", (options, other, message) => {
    const dir = join(temporaryFolder(), "run");
    open(dir);
    expect(() => open(dir, options, other)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: `${dir}: ${message}` }),
    );
  });
});
