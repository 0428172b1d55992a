import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dataFolder } from "../testing/folders.ts";
import { classList } from "./class-list.ts";
import { decodeTagsCsv, decodeTagsJson } from "./tags.ts";
import { decodeBoxesCsv, decodePointsCsv, readTags } from "./weak-labels.ts";

const classes = ["background", "cat", "dog", "potted plant"];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("tags", () => {
  it("reads names and ids, quoted fields, byte order mark, any line end", () => {
    const text =
      '\uFEFFfile,tags\r\n a.jpg , dog ; cat;dog\r\n\r\n"b, c.png","potted plant;1"\r\nsub/e.jpg,\r\n';
    expect([...decodeTagsCsv(bytes(text), "tags.csv", classes)]).toEqual([
      ["a", { kind: "tags", classes: [1, 2] }],
      ["b, c", { kind: "tags", classes: [1, 3] }],
      ["sub/e", { kind: "tags", classes: [] }],
    ]);
    expect(decodeTagsCsv(bytes("tags,file\ncat,a.jpg"), "tags.csv", classes).get("a")?.classes).toEqual([1]);
    expect(decodeTagsCsv(bytes("file,tags\n"), "tags.csv", classes).size).toBe(0);
  });

  it("reads JSON", () => {
    expect([...decodeTagsJson(bytes('{"a.jpg":["dog",1],"2007_000032":[]}'), "tags.json", classes)]).toEqual([
      ["a", { kind: "tags", classes: [1, 2] }],
      ["2007_000032", { kind: "tags", classes: [] }],
    ]);
  });

  it("lets a name win over an id", () => {
    expect(
      decodeTagsCsv(bytes("file,tags\na.jpg,1"), "x", ["background", "2", "1"]).get("a")?.classes,
    ).toEqual([2]);
  });

  it.each([
    ["", "t.csv: expected a header line file,tags, got an empty file"],
    ["a.jpg,cat\n", 't.csv:1: expected a header line file,tags, got "a.jpg,cat"'],
    ["file,tags,tags\n", 'got "file,tags,tags"'],
    ["file,tags,more\n", 'got "file,tags,more"'],
    ["file,tags\na.jpg,cat,dog", "t.csv: line 2: expected 2 fields, got 3"],
    ["file,tags\na.jpg,cow", 't.csv: line 2, tag 1: expected a class name or an id 1..3, got "cow"'],
    ["file,tags\na.jpg,0", 'got "0"'],
    ["file,tags\na.jpg,background", 'got "background"'],
    ["file,tags\na.jpg,cat;4", 'line 2, tag 2: expected a class name or an id 1..3, got "4"'],
    ["file,tags\na.jpg,cat\na.png,dog", 'line 3: expected each picture once, got "a.png" again'],
    ["file,tags\n../a.jpg,cat", 'line 2: expected a path in the image folder, got a path with ".."'],
    ["file,tags\n,cat", "line 2: expected a path in the image folder, got an empty path"],
    ['file,tags\n"a.jpg,cat', "t.csv: expected comma-separated values, got Quote Not Closed"],
    ['file,tags\n"x\ny.jpg",cow', "line 3, tag 1"],
  ])("refuses %j", (text, message) => {
    expect(() => decodeTagsCsv(bytes(text), "t.csv", classes)).toThrow(message);
  });

  it.each([
    ["[]", "t.json: expected an object { file: [class, …] }, got []"],
    ['{"a":"cat"}', 't.json: "a": expected a list of classes, got "cat"'],
    ['{"a":[1.5]}', 't.json: "a", tag 1: expected a class name or an id 1..3, got 1.5'],
    ['{"a":[null]}', "got null"],
    ['{"/a":[1]}', "got an absolute path"],
  ])("refuses %j", (text, message) => {
    expect(() => decodeTagsJson(bytes(text), "t.json", classes)).toThrow(message);
  });

  it("names all that is wrong at once, and the classes", () => {
    try {
      decodeTagsCsv(bytes("file,tags\na,cow\nb,cat\nc,sheep"), "t.csv", classes);
      expect.unreachable();
    } catch (error) {
      const { message, hint, cause } = error as { message: string; hint: string; cause: unknown };
      expect(message).toMatch(
        /^t\.csv: 2 problems\n {2}line 2, tag 1: .*"cow"\n {2}line 4, tag 1: .*"sheep"$/,
      );
      expect(hint).toContain("classes are cat, dog, potted plant;");
      expect(cause).toHaveLength(2);
    }
  });

  const voc = dataFolder("voc2012");
  it.skipIf(voc === null)("reads the VOC tags", async () => {
    const { classes: names } = await classList("voc");
    const tags = await readTags(join(voc as string, "image_tags.json"), names);
    expect(tags.size).toBe(12031);
    expect(tags.get("2007_000032")).toEqual({ kind: "tags", classes: [1, 15] });
  });
});

describe("boxes", () => {
  it("keeps the order of lines within a picture", () => {
    const text = "file,class,x0,y0,x1,y1\na.jpg,cat,0,0,10.5,20\nb.jpg,2,-1,1e1,.5,11\na.jpg,dog,1,2,3,4";
    expect([...decodeBoxesCsv(bytes(text), "b.csv", classes)]).toEqual([
      [
        "a",
        {
          kind: "boxes",
          boxes: [
            { classId: 1, x0: 0, y0: 0, x1: 10.5, y1: 20 },
            { classId: 2, x0: 1, y0: 2, x1: 3, y1: 4 },
          ],
        },
      ],
      ["b", { kind: "boxes", boxes: [{ classId: 2, x0: -1, y0: 10, x1: 0.5, y1: 11 }] }],
    ]);
  });

  it.each([
    ["a.jpg,cat,0,0,0,1", "b.csv: line 2, x1: expected more than x0 = 0, got 0"],
    ["a.jpg,cat,0,5,1,4", "b.csv: line 2, y1: expected more than y0 = 5, got 4"],
    ["a.jpg,cat,,0,1,1", 'b.csv: line 2, x0: expected a number, got ""'],
    ["a.jpg,cat,0x1,0,1,1", 'got "0x1"'],
    ["a.jpg,cat,nan,0,1,1", 'got "nan"'],
    ["a.jpg,cat,0,0,1e999,1", 'x1: expected a number, got "1e999"'],
    ["a.jpg,cow,0,0,1,1", "line 2, class: expected a class name"],
    ["a/../../b.jpg,cat,0,0,1,1", 'line 2, file: expected a path in the image folder, got a path with ".."'],
  ])("refuses %j", (row, message) => {
    expect(() => decodeBoxesCsv(bytes(`file,class,x0,y0,x1,y1\n${row}`), "b.csv", classes)).toThrow(message);
  });
});

describe("points", () => {
  it("are positive unless said otherwise", () => {
    const rows = [
      "a.jpg,cat,1,2,",
      "a.jpg,cat,1,2,true",
      "a.jpg,cat,1,2,FALSE",
      "a.jpg,cat,1,2,0",
      "a.jpg,cat,1,2,1",
    ];
    const label = decodePointsCsv(bytes(`file,class,x,y,positive\n${rows.join("\n")}`), "p.csv", classes).get(
      "a",
    );
    expect(label?.points.map(({ positive }) => positive)).toEqual([true, true, false, false, true]);
    expect(decodePointsCsv(bytes("file,class,x,y\na.jpg,3,0.5,7"), "p.csv", classes).get("a")).toEqual({
      kind: "points",
      points: [{ classId: 3, x: 0.5, y: 7, positive: true }],
    });
  });

  it("refuses another word", () => {
    const text = "file,class,x,y,positive\na.jpg,cat,1,2,maybe";
    expect(() => decodePointsCsv(bytes(text), "p.csv", classes)).toThrow(
      'p.csv: line 2, positive: expected true, false, 1 or 0, got "maybe"',
    );
  });
});

describe("hints", () => {
  const header = "file,class,x,y,positive\n";
  const paths = 'files are named by their paths in the folder of images, with "/" between names';
  const names = "classes are cat, dog, potted plant; another list is given by --classes";

  it.each([
    ["/a.jpg,cat,1,2,", paths],
    ["a.jpg,cow,1,2,", names],
    ["a.jpg,cow,1,2,\n/a.jpg,horse,1,2,\n/b.jpg,cat,1,2,", `${names}; ${paths}`],
    ["a.jpg,cat,1,2,maybe", undefined],
    ["a.jpg,cat,one,2,", undefined],
    ["a.jpg,cat", undefined],
  ])("of %j say what to do about its problems", (rows, hint) => {
    try {
      decodePointsCsv(bytes(`${header}${rows}`), "p.csv", classes);
      expect.unreachable();
    } catch (error) {
      expect((error as { hint?: string }).hint).toBe(hint);
    }
  });
});
