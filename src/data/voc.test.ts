import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import { dataFolder } from "../testing/folders.ts";
import { classList } from "./class-list.ts";
import { readVocFolder } from "./voc.ts";
import { decodeVocXml, vocBoxes } from "./voc-xml.ts";

const object = (
  name: string,
  xmin: unknown,
  ymin: unknown,
  xmax: unknown,
  ymax: unknown,
  more = "",
): string =>
  `<object><name>${name}</name>${more}<bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`;
const size = "<size><width>30</width><height>20</height><depth>3</depth></size>";
const xml = (content: string): Uint8Array =>
  new TextEncoder().encode(`<annotation><filename>a.jpg</filename>${content}</annotation>`);

describe("decodeVocXml", () => {
  it("makes half-open boxes of 1-based inclusive ones", () => {
    const part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>";
    const bytes = xml(
      size +
        object("dog", 1, 1, 30, 20, `<difficult>1</difficult>${part}`) +
        object("cat &amp; co", 5, "6.5", 5, 7),
    );
    expect(decodeVocXml(bytes, "a.xml")).toEqual({
      file: "a.jpg",
      height: 20,
      width: 30,
      objects: [
        { name: "dog", box: { x0: 0, y0: 0, x1: 30, y1: 20 }, isDifficult: true },
        { name: "cat & co", box: { x0: 4, y0: 5.5, x1: 5, y1: 7 }, isDifficult: false },
      ],
    });
  });

  it("cuts boxes at the edge, and reads none", () => {
    expect(decodeVocXml(xml(size + object("dog", 0, 0, 31, 9)), "x").objects[0].box).toEqual({
      x0: 0,
      y0: 0,
      x1: 30,
      y1: 9,
    });
    expect(decodeVocXml(xml(size), "x").objects).toEqual([]);
  });

  it("refuses coordinates that are no finite number", () => {
    expect(() => decodeVocXml(xml(size + object("dog", 1, 1, "1e999", 9)), "a.xml")).toThrow(
      'a.xml: annotation.object[0].bndbox.xmax: expected a number, got "1e999"',
    );
  });

  it("makes weak labels", () => {
    const annotation = decodeVocXml(xml(size + object("dog", 1, 1, 2, 2)), "a.xml");
    expect(vocBoxes(annotation, "a.xml", ["background", "cat", "dog"])).toEqual([
      { classId: 2, x0: 0, y0: 0, x1: 2, y1: 2 },
    ]);
    expect(() => vocBoxes(annotation, "a.xml", ["background", "cat"])).toThrow(
      'a.xml: annotation.object[0].name: expected a class name or an id 1..1, got "dog"',
    );
  });

  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  it.each<[what: string, bytes: Uint8Array, message: string]>([
    ["nothing", text(""), "a.xml: expected XML, got "],
    ["no XML", text("hello"), "a.xml: expected XML, got "],
    ["an open tag", text("<annotation><size></annotation>"), "a.xml: expected XML, got "],
    [
      "another root",
      text("<a></a>"),
      "a.xml: annotation: expected <filename>, <size> and <object>, got nothing",
    ],
    [
      "no size",
      xml(object("dog", 1, 1, 2, 2)),
      "a.xml: annotation.size: expected <width> and <height>, got nothing",
    ],
    [
      "a size of text",
      xml("<size><width>x</width><height>2</height></size>"),
      'a.xml: annotation.size.width: expected a number, got "x"',
    ],
    [
      "a huge picture",
      xml("<size><width>60000</width><height>60000</height></size>"),
      "a.xml: annotation.size: expected a height and width of at least 1",
    ],
    [
      "an object without a box",
      xml(`${size}<object><name>dog</name></object>`),
      "a.xml: annotation.object[0].bndbox: expected <xmin>, <ymin>, <xmax> and <ymax>, got nothing",
    ],
    [
      "a box of text",
      xml(size + object("dog", 1, 1, "right", 2)),
      'annotation.object[0].bndbox.xmax: expected a number, got "right"',
    ],
    [
      "a box turned round",
      xml(size + object("dog", 9, 1, 2, 2)),
      "a.xml: annotation.object[0].bndbox: expected a box inside 20×30, got 9,1,2,2",
    ],
    ["a box outside", xml(size + object("dog", 31, 1, 40, 2)), "expected a box inside 20×30"],
    [
      "two names",
      xml(size + object("dog", 1, 1, 2, 2, "<name>cat</name>")),
      'annotation.object[0].name: expected a text, got ["dog","cat"]',
    ],
    [
      "entities",
      text('<!DOCTYPE a [<!ENTITY x "xx">]><annotation/>'),
      "a.xml: expected XML without a document type, got one",
    ],
    ["deep nesting", text("<a>".repeat(5000) + "</a>".repeat(5000)), "a.xml: expected XML, got "],
    [
      "a megabyte",
      text(" ".repeat(2 ** 20 + 1)),
      "a.xml: expected XML of at most 1048576 bytes, got 1048577 bytes",
    ],
    ["Latin-1", Uint8Array.of(0x3c, 0xe9), "a.xml: expected UTF-8 text"],
    ["a prototype", text("<annotation><__proto__><x>1</x></__proto__></annotation>"), "a.xml: "],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeVocXml(bytes, "a.xml")).toThrow(MaskwrightError);
    expect(() => decodeVocXml(bytes, "a.xml")).toThrow(message);
  });
});

describe("readVocFolder", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "maskwright-"));
    await mkdir(join(root, "voc/ImageSets/Segmentation"), { recursive: true });
    await mkdir(join(root, "voc/JPEGImages"));
    await writeFile(join(root, "voc/ImageSets/Segmentation/train.txt"), "b\na\n");
    for (const file of ["b.jpg", "a.jpg", "._a.jpg", "a.txt"])
      await writeFile(join(root, "voc/JPEGImages", file), "");
  });
  afterAll(() => rm(root, { recursive: true }));

  it("lists what is there", async () => {
    const voc = await readVocFolder(join(root, "voc"));
    expect([...voc.splits]).toEqual([["train", ["b", "a"]]]);
    expect([...voc.images]).toEqual(["a", "b"].map((id) => [id, join(root, "voc/JPEGImages", `${id}.jpg`)]));
    expect(voc.labels.size + voc.annotations.size).toBe(0);
  });

  it("refuses a file in the place of a folder", async () => {
    const root = await mkdtemp(join(tmpdir(), "maskwright-"));
    await mkdir(join(root, "SegmentationClass"));
    await writeFile(join(root, "JPEGImages"), "");
    const found = await readVocFolder(root).catch((error) => error);
    await rm(root, { recursive: true });
    expect(found).toBeInstanceOf(MaskwrightError);
    expect(found.message).toBe(`${join(root, "JPEGImages")}: expected a folder, got a file`);
  });

  it("refuses a folder that is not VOC's", async () => {
    await expect(readVocFolder(root)).rejects.toThrow("expected a VOC folder, got none of JPEGImages");
  });

  const data = dataFolder("voc2012");
  it.skipIf(data === null)("reads VOC 2012", async () => {
    const voc = await readVocFolder(data as string);
    const { classes } = await classList("voc");
    expect(voc.splits.get("train")).toHaveLength(1464);
    expect(voc.labels.size).toBe(2913);
    for (const id of voc.splits.get("train_with_images") ?? []) expect(voc.images.has(id)).toBe(true);
    let boxes = 0;
    for (const path of voc.annotations.values()) {
      boxes += vocBoxes(decodeVocXml(await readFile(path), path), path, classes).length;
    }
    expect([voc.annotations.size, boxes]).toEqual([48, 128]);
  });
});
