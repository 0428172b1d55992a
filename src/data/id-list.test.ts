import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dataFolder } from "../testing/folders.ts";
import { decodeIdList, readIdList } from "./id-list.ts";

describe("decodeIdList", () => {
  it("trims and skips empty lines", () => {
    expect(decodeIdList(" b \r\n\r\na/c\r\n\n", "x")).toEqual(["b", "a/c"]);
    expect(decodeIdList("", "x")).toEqual([]);
  });

  it("names every bad line", () => {
    expect(() => decodeIdList("a\n\nb\na\n../c\n/d", "ids.txt")).toThrow(
      'ids.txt: 3 problems\n  line 4: expected each id once, got "a" again (line 1)\n' +
        '  line 5: expected a picture id, got a path with "..": "../c"\n' +
        '  line 6: expected a picture id, got an absolute path: "/d"',
    );
  });

  const voc = dataFolder("voc2012");
  it.skipIf(voc === null)("reads the VOC lists", async () => {
    const lists = join(voc as string, "ImageSets/Segmentation");
    expect(await readIdList(join(lists, "train.txt"))).toHaveLength(1464);
    expect(await readIdList(join(lists, "val.txt"))).toHaveLength(1449);
    expect(await readIdList(join(lists, "trainaug.txt"))).toHaveLength(10582);
  });
});
