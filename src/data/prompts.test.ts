import { describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { checkPrompts, openBoxes, openPoints, type PromptSource } from "./prompts.ts";

const classes = "cat\ndog\n";

/** Opens a file of a folder with a list of the classes cat (1) and dog (2) beside it. */
function open(
  reader: typeof openBoxes,
  file: string,
  content: string,
  isListed = true,
): Promise<PromptSource> {
  const folder = temporaryFolder();
  writeTree(folder, { [file]: content, "classes.txt": classes });
  return reader(`${folder}/${file}`, isListed ? `${folder}/classes.txt` : undefined);
}

const coco = {
  images: [
    { id: 7, file_name: "a.jpg", height: 20, width: 30 },
    { id: 9, file_name: "sub/b.jpg", height: 20, width: 30 },
  ],
  categories: [
    { id: 18, name: "dog" },
    { id: 17, name: "cat" },
  ],
  annotations: [
    { id: 1, image_id: 7, category_id: 18, bbox: [2, 3, 4, 5] },
    { id: 2, image_id: 7, category_id: 17, bbox: [1, 1, 2, 2], iscrowd: 1 },
    { id: 3, image_id: 7, category_id: 17, bbox: [1, 1, 0, 2] },
    { id: 4, image_id: 7, category_id: 17, bbox: [0.5, 1, 2, 2] },
  ],
};

const xml = (...names: string[]): string =>
  `<annotation><filename>x.jpg</filename><size><width>30</width><height>20</height></size>${names
    .map(
      (name) =>
        `<object><name>${name}</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object>`,
    )
    .join("")}</annotation>`;

describe("openBoxes", () => {
  it("reads CSV", async () => {
    const source = await open(
      openBoxes,
      "boxes.csv",
      "file,class,x0,y0,x1,y1\nb.jpg,dog,1,2,3.5,4\na.jpg,1,0,0,9,9\nb.jpg,cat,5,5,6,6",
    );
    expect(source).toMatchObject({ kind: "boxes", ids: ["b", "a"] });
    expect(source.classes.classes).toEqual(["background", "cat", "dog"]);
    expect(source.promptsOf("b")).toEqual([
      { kind: "box", classId: 2, box: { x0: 1, y0: 2, x1: 3.5, y1: 4 } },
      { kind: "box", classId: 1, box: { x0: 5, y0: 5, x1: 6, y1: 6 } },
    ]);
    expect(source.promptsOf("nobody")).toEqual([]);
    expect(source.imageIds).toBeUndefined();
    expect(source.sizeOf("b")).toBe(null);
  });

  it("reads COCO with its own categories, without crowds and boxes that hold nothing", async () => {
    const source = await open(openBoxes, "instances.json", JSON.stringify(coco), false);
    expect(source.classes).toMatchObject({
      classes: ["background", "cat", "dog"],
      categoryIds: [0, 17, 18],
    });
    expect(source.ids).toEqual(["a", "sub/b"]);
    expect([...(source.imageIds ?? [])]).toEqual([
      ["a", 7],
      ["sub/b", 9],
    ]);
    expect(source.promptsOf("a")).toEqual([
      { kind: "box", classId: 2, box: { x0: 2, y0: 3, x1: 6, y1: 8 } },
      { kind: "box", classId: 1, box: { x0: 0.5, y0: 1, x1: 2.5, y1: 3 } },
    ]);
    expect(source.promptsOf("sub/b")).toEqual([]);
    expect(["a", "nobody"].map(source.sizeOf)).toEqual([{ height: 20, width: 30 }, null]);
    expect(source.leftOut).toBe("1 annotation without a box or with an empty one");
  });

  it("counts the annotations of COCO that have no box, crowds and the background aside", async () => {
    const categories = [...coco.categories, { id: 3, name: "background" }];
    const read = async (...annotations: object[]): Promise<string | null> => {
      const file = { ...coco, categories, annotations };
      return (await open(openBoxes, "a.json", JSON.stringify(file), false)).leftOut;
    };
    const [sound, crowd, flat] = coco.annotations;
    const bare = { id: 9, image_id: 9, category_id: 17 };
    expect(await read()).toBeNull();
    expect(await read(sound, { ...crowd, bbox: undefined }, { ...bare, category_id: 3 })).toBeNull();
    expect(await read(sound, flat, bare)).toBe("2 annotations without a box or with an empty one");
  });

  it("keeps the number that a background category has", async () => {
    const categories = [...coco.categories, { id: 3, name: "_background_" }];
    const source = await open(openBoxes, "a.json", JSON.stringify({ ...coco, categories }), false);
    expect(source.classes.categoryIds).toEqual([3, 17, 18]);
  });

  it("reads COCO by a class list, which then has its own numbers", async () => {
    const source = await open(openBoxes, "instances.json", JSON.stringify(coco));
    expect(source.classes).toEqual({ name: "classes", classes: ["background", "cat", "dog"] });
    expect(source.promptsOf("a").map(({ classId }) => classId)).toEqual([2, 1]);
  });

  it("reads VOC's XML of a picture when its objects are asked for", async () => {
    const folder = temporaryFolder();
    writeTree(folder, {
      "classes.txt": classes,
      "voc/Annotations/a.xml": xml("dog"),
      "voc/Annotations/b.xml": xml(),
      "voc/Annotations/c.xml": xml("cow", "dog", "sheep"),
    });
    for (const path of [`${folder}/voc`, `${folder}/voc/Annotations`]) {
      const source = await openBoxes(path, `${folder}/classes.txt`);
      expect(source.ids).toEqual(["a", "b", "c"]);
      expect(source.promptsOf("a")).toEqual([
        { kind: "box", classId: 2, box: { x0: 0, y0: 1, x1: 3, y1: 4 } },
      ]);
      expect(source.promptsOf("b")).toEqual([]);
      expect(source.promptsOf("nobody")).toEqual([]);
      expect(["a", "nobody"].map(source.sizeOf)).toEqual([{ height: 20, width: 30 }, null]);
      expect(() => source.promptsOf("c")).toThrow(/c\.xml: 2 problems\n.*"cow"\n.*"sheep"/);
    }
  });

  it("takes VOC's classes when none are named", async () => {
    const source = await open(
      openBoxes,
      "boxes.csv",
      "file,class,x0,y0,x1,y1\na.jpg,tvmonitor,1,2,3,4",
      false,
    );
    expect(source.promptsOf("a")[0].classId).toBe(20);
  });

  it.each([
    ["boxes.txt", "", "--boxes: expected a .csv or .json file or a folder of VOC XML, got "],
    ["boxes.csv", "file,class,x0,y0,x1,y1\na,cow,1,1,2,2\na,dog,3,1,2,2", "2 problems"],
    ["boxes.json", JSON.stringify({ ...coco, categories: [{ id: 1, name: "cow" }] }), "4 problems"],
    ["boxes.json", "[]", "boxes.json: content: expected an object with images"],
  ])("refuses %s of %j", async (file, content, message) => {
    await expect(open(openBoxes, file, content)).rejects.toThrow(message);
  });

  it("refuses more classes than a label map holds", async () => {
    const categories = Array.from({ length: 255 }, (_, k) => ({ id: k + 1, name: `class ${k}` }));
    const file = JSON.stringify({ images: [], annotations: [], categories });
    await expect(open(openBoxes, "a.json", file, false)).rejects.toThrow(
      "expected at most 254 classes, got 255",
    );
  });
});

describe("openPoints", () => {
  it("makes an object of each point, and one of those that name the same", async () => {
    const source = await open(
      openPoints,
      "points.csv",
      `file,class,x,y,positive,object
a.jpg,cat,1,2,,
a.jpg,dog,3,4,1,rex
a.jpg,cat,5,6,true,
a.jpg,dog,7,8,false,rex
b.jpg,cat,9,10,1,rex`,
    );
    expect(source).toMatchObject({ kind: "points", ids: ["a", "b"] });
    expect(source.promptsOf("a")).toEqual([
      { kind: "points", classId: 1, points: [{ x: 1, y: 2, positive: true }] },
      {
        kind: "points",
        classId: 2,
        points: [
          { x: 3, y: 4, positive: true },
          { x: 7, y: 8, positive: false },
        ],
      },
      { kind: "points", classId: 1, points: [{ x: 5, y: 6, positive: true }] },
    ]);
    expect(source.promptsOf("b")).toHaveLength(1);
  });

  it("lists objects without a point on them, and those of two classes", async () => {
    const text = "file,class,x,y,positive,object\na,cat,1,1,0,\na,cat,1,1,1,x\na,dog,1,1,1,x\nb,cat,1,1,0,y";
    await expect(open(openPoints, "points.csv", text)).rejects.toMatchObject({
      message: expect.stringMatching(
        /points\.csv: 3 problems\n {2}a: expected a positive point on the object, got negative points only\n {2}a, object "x": expected one class, got 1 and 2\n {2}b, object "y": expected a positive point/,
      ),
      hint: expect.stringContaining("The column object"),
    });
  });

  it("refuses other files", async () => {
    await expect(open(openPoints, "points.json", "{}")).rejects.toThrow(
      "--points: expected a .csv file, got ",
    );
  });
});

describe("checkPrompts", () => {
  const size = { height: 2, width: 3 };
  const box = (x0: number, y0: number, x1: number, y1: number) =>
    ({ kind: "box", box: { x0, y0, x1, y1 } }) as const;
  const point = (x: number, y: number) => ({ kind: "points", points: [{ x, y, positive: false }] }) as const;

  it("lets boxes reach over the edge", () => {
    checkPrompts([box(-5, -5, 9, 9), box(2.9, 1.9, 4, 4), point(0, 0), point(2.99, 1.99)], size, null, "a");
  });

  it("refuses a picture of another size than its source says", () => {
    checkPrompts([], size, { height: 2, width: 3 }, "a");
    expect(() => checkPrompts([], size, { height: 3, width: 2 }, "a.json: a")).toThrow(
      "a.json: a: expected a photo of 3×2, got 2×3",
    );
  });

  it("lists what lies outside", () => {
    expect(() =>
      checkPrompts(
        [box(3, 0, 5, 1), box(0, 0, 1, 1), box(0, -2, 1, 0), point(3, 0), point(0, 2), point(-0.1, 0)],
        size,
        null,
        "boxes.csv: a",
      ),
    ).toThrow(
      "boxes.csv: a: 5 problems\n  object 1: expected a box in the picture, which is 3 wide and 2 high, got 3,0,5,1\n  object 3: expected a box in the picture, which is 3 wide and 2 high, got 0,-2,1,0\n  object 4: expected a point in the picture, which is 3 wide and 2 high, got 3,0",
    );
  });
});
