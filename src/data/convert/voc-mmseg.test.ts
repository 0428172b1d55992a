import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { drawLabels } from "../../testing/picture.ts";
import { readThings, writeThings } from "../../testing/things.ts";
import { labelPng, temporaryFolder, writeTree } from "../../testing/tree.ts";
import { readLabelMap } from "../label-file.ts";
import { encodePng } from "../png-encode.ts";
import { convert } from "./convert.ts";

const photo = encodePng({ height: 1, width: 3 }, new Uint8Array(3), null);

describe("VOC", () => {
  it("reads objects by class, in order, and what is in none apart", async () => {
    const files = {
      "in/SegmentationClass/a.png": labelPng("11x1 2100"),
      "in/SegmentationObject/a.png": labelPng("21x2 3000"),
      "in/ImageSets/Segmentation/val.txt": "a\n",
    };
    const { things, losses } = await readThings("voc", files);
    expect(things).toEqual({ a: ["1 .... .#..", "1 .#.. ....", "1 #..# ....", "2 .... #..."] });
    expect(losses).toEqual({ "ignore-pixels": 1 });
  });

  it("writes class and object maps, lists and the label map that names colors", async () => {
    const folder = temporaryFolder();
    const square = (x: number) => [[x, 0, x + 1, 0, x + 1, 1, x, 1]];
    const annotation = (id: number, image_id: number, x: number) => ({
      id,
      image_id,
      category_id: 1,
      segmentation: square(x),
    });
    const size = { height: 1, width: 3 };
    const coco = {
      images: [
        { id: 1, file_name: "a.png", ...size },
        { id: 2, file_name: "b.png", ...size },
      ],
      annotations: [annotation(1, 1, 2), annotation(2, 1, 0), annotation(3, 2, 1)],
      categories: [{ id: 1, name: "a:b" }],
    };
    writeTree(folder, { "in.json": JSON.stringify(coco), "photos/a.png": photo });
    const options = { from: "coco", to: "voc", images: join(folder, "photos"), validation: ["b"] } as const;
    const { losses, warnings } = await convert(join(folder, "in.json"), join(folder, "out"), options);
    expect(losses).toEqual([]);
    expect(warnings).toEqual(["1 of 2 pictures have no photo beside them: give --images"]);
    const at = (...path: string[]): string => join(folder, "out", ...path);
    expect(drawLabels(readLabelMap(at("SegmentationClass/a.png")))).toBe("101");
    expect(drawLabels(readLabelMap(at("SegmentationObject/a.png")))).toBe("201");
    expect(readdirSync(at("JPEGImages"))).toEqual(["a.png"]);
    const list = (name: string): string => readFileSync(at("ImageSets/Segmentation", `${name}.txt`), "utf8");
    expect([list("train"), list("val"), list("trainval")]).toEqual(["a\n", "b\n", "a\nb\n"]);
    expect(readFileSync(at("labelmap.txt"), "utf8")).toBe(
      "# label:color_rgb:parts:actions\nbackground:0,0,0::\na:b:128,0,0::\n",
    );
  });

  it("reads the colors that CVAT exports, by its label map", async () => {
    const colors = Uint8Array.of(250, 50, 83, 0, 0, 0, 224, 224, 192);
    const map = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:250,50,83::\n";
    const files = {
      "in/labelmap.txt": map,
      "in/SegmentationClass/a.png": encodePng({ height: 1, width: 3 }, colors, null),
    };
    expect(await readThings("voc", files)).toEqual({
      things: { a: ["1 #.."] },
      losses: { "ignore-pixels": 1 },
    });
    const other = { ...files, "in/labelmap.txt": map.replace("83", "84") };
    await expect(readThings("voc", other)).rejects.toThrow(
      /row 0, column 0: expected a color of the classes, got 250,50,83/,
    );
    const first = { ...files, "in/labelmap.txt": "cat:1,2,3::\n" };
    await expect(readThings("voc", first)).rejects.toThrow(
      /line 1: expected the background first, got "cat"/,
    );
  });

  it("refuses an object map of another size", async () => {
    const files = {
      "in/SegmentationClass/a.png": labelPng("11"),
      "in/SegmentationObject/a.png": labelPng("111"),
    };
    await expect(readThings("voc", files)).rejects.toThrow(
      /SegmentationObject\/a\.png: expected 1×2, got 1×3$/,
    );
  });
});

describe("mmsegmentation", () => {
  it("writes folders for splits, photos beside them, and the classes by id", async () => {
    const files = {
      "in/a.png": labelPng("01x"),
      "in/sub/b.png": labelPng("222"),
      "photos/a.png": photo,
      "photos/sub/b.png": photo,
    };
    const output = await writeThings("mmseg", files, { images: "photos", validation: ["sub/b"] });
    expect((readdirSync(output, { recursive: true }) as string[]).sort()).toEqual([
      "ann_dir",
      "ann_dir/train",
      "ann_dir/train/a.png",
      "ann_dir/val",
      "ann_dir/val/sub",
      "ann_dir/val/sub/b.png",
      "classes.txt",
      "img_dir",
      "img_dir/train",
      "img_dir/train/a.png",
      "img_dir/val",
      "img_dir/val/sub",
      "img_dir/val/sub/b.png",
    ]);
    expect(drawLabels(readLabelMap(join(output, "ann_dir/train/a.png")))).toBe("01x");
    expect(readFileSync(join(output, "classes.txt"), "utf8")).toBe("background\nclass_1\nclass_2\n");
  });

  it("counts pictures whose split the target forgets", async () => {
    const files = { "in/ann_dir/train/a.png": labelPng("01"), "in/ann_dir/val/b.png": labelPng("10") };
    const { things, losses } = await readThings("mmseg", files);
    expect(things).toEqual({ a: ["1 .#"], b: ["1 #."] });
    expect(losses).toEqual({ splits: 2 });
  });

  it("refuses a list whose class 0 is a thing, and one id in two splits", async () => {
    const files = { "in/ann_dir/train/a.png": labelPng("01"), "in/classes.txt": "road\nsidewalk\n" };
    await expect(readThings("mmseg", files)).rejects.toThrow(
      /classes\.txt: line 1: expected the background, got "road"/,
    );
    const twice = { "in/ann_dir/train/a.png": labelPng("01"), "in/ann_dir/val/a.png": labelPng("01") };
    await expect(readThings("mmseg", twice)).rejects.toThrow(
      /ann_dir: expected one picture called a, got .*train.*val/,
    );
  });
});
