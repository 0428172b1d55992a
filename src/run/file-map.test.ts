import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listPictureFiles } from "../data/paths.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { createFileMap } from "./file-map.ts";

describe("createFileMap", () => {
  it("has the files of a folder by id, in their order", () => {
    const folder = temporaryFolder();
    const names = ["b.JPG", "a.b.png", "a/c.jpeg", "ü.webp", "a.png", "日本.tiff"];
    writeTree(folder, Object.fromEntries(names.map((name) => [name, ""])));
    const files = createFileMap(folder, listPictureFiles(folder, { recursive: true }));
    const expected: [string, string][] = [
      ["a", join(folder, "a.png")],
      ["a.b", join(folder, "a.b.png")],
      ["a/c", join(folder, "a", "c.jpeg")],
      ["b", join(folder, "b.JPG")],
      ["ü", join(folder, "ü.webp")],
      ["日本", join(folder, "日本.tiff")],
    ];
    expect([...files]).toEqual(expected);
    expect([...files.keys()]).toEqual(expected.map(([id]) => id));
    expect([...files.values()]).toEqual(expected.map(([, path]) => path));
    const visited: unknown[] = [];
    files.forEach((path, id, map) => {
      visited.push([id, path, map === files]);
    });
    expect(visited).toEqual(expected.map((entry) => [...entry, true]));
    expect(files.size).toBe(6);
  });

  it("answers as a map does", () => {
    const id = fc.stringMatching(/^[a-cß/]{1,4}$/);
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 12 }), id, (ids, other) => {
        const names = ids.sort().map((each, k) => `${each}${[".png", ".JPEG"][k % 2]}`);
        const files = createFileMap("x", names);
        expect([...files.values()]).toEqual(names.map((name) => join("x", name)));
        for (const each of [...ids, other]) {
          expect(files.has(each)).toBe(ids.includes(each));
          const known = names[ids.indexOf(each)];
          expect(files.get(each)).toBe(known === undefined ? undefined : join("x", known));
        }
      }),
    );
  });

  it("may be empty", () => {
    const files = createFileMap("x", []);
    expect([...files]).toEqual([]);
    expect(files.get("")).toBeUndefined();
  });
});
