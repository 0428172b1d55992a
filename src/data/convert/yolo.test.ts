import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readThings, writeThings } from "../../testing/things.ts";
import { labelPng } from "../../testing/tree.ts";
import { encodePng } from "../png-encode.ts";

const photo = encodePng({ height: 2, width: 4 }, new Uint8Array(8), null);
const settings = "train: images/train\nval: images/val\nnames: [cat, dog]\n";
const dataset = (lines: string, yaml = settings): Record<string, string | Uint8Array> => ({
  "in/data.yaml": yaml,
  "in/images/train/a.png": photo,
  "in/labels/train/a.txt": lines,
});

describe("YOLO", () => {
  it("reads outlines and boxes in shares of the sides, and photos without labels", async () => {
    const files = {
      ...dataset("1 0 0 0.5 0 0.5 1 0 1\n0 0.75 0.25 0.5 0.5\n\n"),
      "in/images/val/b.png": photo,
    };
    const { things } = await readThings("yolo-seg", files);
    expect(things).toEqual({ a: ["2 ##.. ##..", "1 ..## ...."], b: [] });
  });

  it.each([
    [
      "Roboflow's folders",
      "train: ../train/images\nnames: {0: cat, 1: dog}\n",
      "in/train/images",
      "in/train/labels",
    ],
    ["a list of folders", 'train: ["images/x/"]\nnc: 2\nnames: [cat, dog]\n', "in/images/x", "in/labels/x"],
  ])("reads %s", async (_, yaml, images, labels) => {
    const files = {
      "in/data.yaml": yaml,
      [`${images}/a.png`]: photo,
      [`${labels}/a.txt`]: "1 0.5 0 1 0 1 1 0.5 1\n",
    };
    expect((await readThings("yolo-seg", files)).things).toEqual({ a: ["2 ..## ..##"] });
  });

  it("writes one outline an object, holes and parts joined by seams, and classes from 0", async () => {
    const output = await writeThings(
      "yolo-seg",
      { "in/sub/a.png": labelPng("1110 1012"), "photos/sub/a.png": photo },
      { images: "photos" },
    );
    expect(readFileSync(join(output, "labels/train/sub/a.txt"), "utf8")).toBe(
      "0 0 0 0.75 0 0.75 1 0.5 1 0.5 0.5 0.25 0.5 0.25 1 0 1\n1 0.75 0.5 1 0.5 1 1 0.75 1\n",
    );
    expect(readFileSync(join(output, "data.yaml"), "utf8")).toBe(
      'train: "images/train"\nval: "images/train"\nnames:\n  0: "class_1"\n  1: "class_2"\n',
    );
    expect(lstatSync(join(output, "images/train/sub/a.png")).isSymbolicLink()).toBe(true);
  });

  it("copies photos, and puts a share of them in val", async () => {
    const pictures = Object.fromEntries(
      ["a", "b", "c"].flatMap((id) => [
        [`in/${id}.png`, labelPng("1111 0000")],
        [`photos/${id}.png`, photo],
      ]),
    );
    const output = await writeThings("yolo-seg", pictures, {
      images: "photos",
      photos: "copy",
      validation: ["b"],
    });
    expect(readFileSync(join(output, "images/val/b.png")).equals(photo)).toBe(true);
    expect(readFileSync(join(output, "images/train/c.png")).equals(photo)).toBe(true);
    expect(lstatSync(join(output, "images/val/b.png")).isFile()).toBe(true);
  });

  it.each<[string, Record<string, string | Uint8Array>, RegExp]>([
    [
      "a class that is not there",
      dataset("2 0 0 1 0 1 1\n"),
      /a\.txt: line 1: expected a class 0\.\.1, got "2"/,
    ],
    [
      "pixels",
      dataset("0 0 0 3 0 1 1\n"),
      /a\.txt: line 1: expected shares of the picture's sides, 0\.\.1, got "3"/,
    ],
    [
      "two corners",
      dataset("\n0 0 0 1 0 1\n"),
      /a\.txt: line 2: expected a class and x, y of three .*got 6 numbers/,
    ],
    ["words", dataset("cat 0 0 1 0 1 1\n"), /a\.txt: line 1: expected a class 0\.\.1, got "cat"/],
    [
      "folders outside",
      dataset("", "train: ../../x/images\nnames: [a]\n"),
      /data\.yaml: train: expected a path inside/,
    ],
    [
      "lists of photos",
      dataset("", "train: train.txt\nnames: [a]\n"),
      /data\.yaml: train: expected a folder of photos, got a list/,
    ],
    ["broken YAML", dataset("", "names: [a"), /data\.yaml: line 1: expected YAML/],
    [
      "numbers as names",
      dataset("", "train: images/train\nnames: {1: a}\n"),
      /names: expected names for 0\.\.0, got none for 0$/,
    ],
    [
      "two pictures of one name",
      { ...dataset(""), "in/images/val/a.png": photo },
      /expected one picture called a/,
    ],
  ])("refuses %s", async (_, files, message) => {
    await expect(readThings("yolo-seg", files)).rejects.toThrow(message);
  });

  it("asks for photos where there are none, as nothing else tells sizes", async () => {
    const files = { "in/data.yaml": settings, "in/labels/train/a.txt": "0 0 0 1 0 1 1\n" };
    await expect(readThings("yolo-seg", files)).rejects.toThrow("--images: expected a photo for a, got none");
  });

  it("refuses a photo of another size than its annotations", async () => {
    const files = { "in/a.png": labelPng("11 00"), "photos/a.png": photo };
    await expect(writeThings("yolo-seg", files, { images: "photos" })).rejects.toThrow(
      /a\.png: expected a photo of 2×2, as its annotations, got 2×4$/,
    );
  });
});
