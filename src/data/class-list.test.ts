import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataFolder, readJson } from "../testing/folders.ts";
import { classList, cocoCategoryIds } from "./class-list.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "maskwright-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(file: string, text: string): Promise<Awaited<ReturnType<typeof classList>>> {
  await writeFile(join(folder, file), text);
  return classList(join(folder, file));
}

describe("classList", () => {
  it("knows VOC and COCO", async () => {
    const voc = await classList("voc");
    expect(voc.classes).toHaveLength(21);
    expect([voc.classes[0], voc.classes[1], voc.classes[15], voc.classes[20]]).toEqual([
      "background",
      "aeroplane",
      "person",
      "tvmonitor",
    ]);
    expect([...(voc.palette as Uint8Array).subarray(3, 9)]).toEqual([128, 0, 0, 0, 128, 0]);
    const coco = await classList("coco");
    expect(coco.classes).toHaveLength(81);
    expect(cocoCategoryIds).toHaveLength(81);
    expect([coco.classes[12], cocoCategoryIds[12]]).toEqual(["stop sign", 13]);
    expect([coco.classes[80], cocoCategoryIds[80]]).toEqual(["toothbrush", 90]);
    expect(coco.categoryIds).toBe(cocoCategoryIds);
  });

  it("takes the names themselves", async () => {
    expect(await classList(["cat", "dog"])).toEqual({
      name: "classes",
      classes: ["background", "cat", "dog"],
    });
    await expect(classList(["cat", "cat"])).rejects.toThrow(
      'classes: class 2: expected each name once, got "cat" again (class 1)',
    );
  });

  const data = dataFolder("coco2017/annotations");
  it.skipIf(data === null)("names COCO's categories as COCO does", async () => {
    type Coco = { categories: { id: number; name: string }[] };
    const { categories } = readJson<Coco>(data as string, "instances_train2017.json");
    const { classes } = await classList("coco");
    expect(categories.map(({ id, name }) => [id, name])).toEqual(
      classes.map((name, c) => [cocoCategoryIds[c], name]).slice(1),
    );
  });

  it("reads a text file, with or without the background", async () => {
    expect(await read("parts.txt", "\uFEFFwheel \r\n\r\ndoor")).toEqual({
      name: "parts",
      classes: ["background", "wheel", "door"],
    });
    expect((await read("b.txt", "__background__\nwheel\n")).classes).toEqual(["background", "wheel"]);
  });

  it("reads JSON, with or without a palette", async () => {
    expect((await read("a.json", '["Background","x"]')).classes).toEqual(["background", "x"]);
    const list = await read("b.json", '{"name":"two","classes":["x"],"palette":[[0,0,0],[1,2,3]]}');
    expect(list.name).toBe("two");
    expect([...(list.palette as Uint8Array).subarray(0, 8)]).toEqual([0, 0, 0, 1, 2, 3, 0, 0]);
  });

  it.each([
    ["a.txt", "", "classes: expected at least one class, got none"],
    ["a.txt", "background", "classes: expected at least one class, got none"],
    ["a.txt", "x\ny\nx", 'class 3: expected each name once, got "x" again (class 1)'],
    ["a.txt", "x\nbackground", 'class 2: expected each name once, got "background" again (class 0)'],
    ["a.txt", "background\nx\n_background_", 'class 2: expected the background first, got "_background_"'],
    [
      "a.txt",
      Array.from({ length: 255 }, (_, i) => `c${i}`).join("\n"),
      "at most 254 classes besides the background, got 255",
    ],
    ["a.json", "null", 'expected a list of names, or an object with "classes", got null'],
    ["a.json", "[1]", "got [1]"],
    ["a.json", '{"classes":["x"],"palette":[[0,0,256]]}', "palette: expected at most 256 rows"],
    ["a.json", "[", "expected JSON"],
  ])("refuses %s of %j", async (file, text, message) => {
    await expect(read(file, text)).rejects.toThrow(message);
  });

  it("refuses a list of very many names at once", async () => {
    const names = Array.from({ length: 150_000 }, (_, i) => i.toString(36)).join("\n");
    await expect(read("many.txt", names)).rejects.toThrow("besides the background, got 150000");
  });

  it("says when there is no such file", async () => {
    await expect(classList(join(folder, "none.txt"))).rejects.toThrow("expected a file, got nothing there");
  });
});
