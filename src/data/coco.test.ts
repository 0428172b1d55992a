import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import { decodeRle, rleArea } from "../core/rle.ts";
import { dataFolder, readJson } from "../testing/folders.ts";
import { draw, drawLabels, labels } from "../testing/picture.ts";
import { classList, cocoCategoryIds } from "./class-list.ts";
import { type CocoDataset, cocoBoxes, cocoTags, decodeCoco, imagesById, readCoco } from "./coco.ts";
import { cocoClasses } from "./coco-classes.ts";
import { cocoMask, cocoToLabelMap } from "./coco-segmentation.ts";
import { labelMapsToCoco } from "./coco-write.ts";

const image = { id: 7, file_name: "a/b.jpg", height: 2, width: 3 };
const square = {
  id: 1,
  image_id: 7,
  category_id: 18,
  segmentation: [[0, 0, 2, 0, 2, 2, 0, 2]],
  bbox: [0, 0, 2, 2],
  area: 4,
  iscrowd: 0,
};
const small = {
  images: [image],
  annotations: [
    {
      ...square,
      id: 4,
      category_id: 90,
      segmentation: { size: [2, 3], counts: [3, 2, 1] },
      bbox: [1, 0, 2, 2],
    },
    square,
    {
      ...square,
      id: 5,
      category_id: 1,
      iscrowd: 1,
      segmentation: { size: [2, 3], counts: "06" },
      bbox: undefined,
    },
  ],
  categories: [
    { id: 18, name: "dog" },
    { id: 90, name: "toothbrush" },
    { id: 1, name: "person" },
  ],
};
/** `small` with one annotation, changed. */
const one = (change: object): unknown => ({ ...small, annotations: [{ ...square, ...change }] });

describe("decodeCoco", () => {
  it("reads polygons, both run-length forms, crowds and sparse ids", () => {
    const dataset = decodeCoco(small, "a.json");
    const [picture] = dataset.images;
    expect(picture).toMatchObject({ imageId: 7, id: "a/b", file: "a/b.jpg", height: 2, width: 3 });
    const masks = picture.instances.map((instance) => draw(decodeRle(cocoMask(instance, picture))));
    expect(masks).toEqual(["..# .#.", "##. ##.", "### ###"]);
    expect(picture.instances.map(({ isCrowd }) => isCrowd)).toEqual([false, false, true]);
    expect(picture.instances[0].box).toEqual({ x0: 1, y0: 0, x1: 3, y1: 2 });
    const { classes, classIds } = cocoClasses(dataset, "a.json");
    expect(classes).toEqual(["background", "person", "dog", "toothbrush"]);
    expect([...classIds]).toEqual([
      [1, 1],
      [18, 2],
      [90, 3],
    ]);
    // The crowd lies below, the smaller mask above the larger.
    expect(drawLabels(cocoToLabelMap(picture.instances, picture, classIds))).toBe("223 231");
    expect(cocoTags(picture, classIds)).toEqual([1, 2, 3]);
    expect(cocoBoxes(picture, classIds)).toEqual([
      { classId: 3, x0: 1, y0: 0, x1: 3, y1: 2 },
      { classId: 2, x0: 0, y0: 0, x1: 2, y1: 2 },
    ]);
  });

  it("takes class ids from a list by name, and background for 0", () => {
    const dataset = {
      categories: [
        { id: 1, name: "_background_" },
        { id: 5, name: "dog" },
      ],
      images: [],
    };
    expect([...cocoClasses(dataset, "x", ["background", "cat", "dog"]).classIds]).toEqual([
      [1, 0],
      [5, 2],
    ]);
    expect(cocoClasses(dataset, "x").classes).toEqual(["background", "dog"]);
    expect(() => cocoClasses(dataset, "a.json", ["background", "cat"])).toThrow(
      'a.json: categories: expected names of the class list, got "dog"',
    );
  });

  it("tells categories of one name apart by their supercategories, and refuses what is still the same", () => {
    const categories = [
      { id: 1, name: "Body", supercategory: "Car" },
      { id: 2, name: "Body", supercategory: "Boat" },
      { id: 3, name: "Sail", supercategory: null },
    ];
    const named = (list: readonly unknown[]): CocoDataset =>
      decodeCoco({ images: [], annotations: [], categories: list }, "a.json");
    expect(named(categories).categories.map(({ name }) => name)).toEqual(["Car Body", "Boat Body", "Sail"]);
    const twice = named([...categories, { id: 4, name: "Sail" }]);
    expect(() => cocoClasses(twice, "a.json")).toThrow(
      'a.json: categories: expected each name once, got "Sail"',
    );
    const list = ["background", "Car Body", "Boat Body", "Sail"];
    expect([...cocoClasses(twice, "a.json", list).classIds.values()]).toEqual([1, 2, 3, 3]);
  });

  it("numbers very many categories at once", () => {
    const categories = Array.from({ length: 300_000 }, (_, k) => ({ id: k, name: `c${k}` })).reverse();
    const { classIds } = cocoClasses({ categories }, "a.json");
    expect([classIds.get(0), classIds.get(299_999)]).toEqual([1, 300_000]);
  });

  it("reads no images, no annotations, and boxes alone", () => {
    expect(decodeCoco({ images: [], annotations: [], categories: [] }, "x").images).toEqual([]);
    const [picture] = decodeCoco(one({ segmentation: undefined }), "x").images;
    expect(picture.instances[0].segmentation).toEqual({ kind: "none" });
    expect(() => cocoMask(picture.instances[0], picture)).toThrow(
      "annotation 1: expected a segmentation, got only a box",
    );
    const { segmentation, bbox, area, iscrowd, ...bare } = square;
    expect(decodeCoco({ ...small, annotations: [bare] }, "x").images[0].instances[0]).toEqual({
      id: 1,
      categoryId: 18,
      segmentation: { kind: "none" },
      box: null,
      area: null,
      isCrowd: false,
    });
    expect(decodeCoco(one({ bbox: [0, 0, 0, 5] }), "x").images[0].instances[0].box).toBeNull();
  });

  it("cuts polygons at the picture's edge", () => {
    const [picture] = decodeCoco(one({ segmentation: [[1, -1, 5, -1, 5, 3, 1, 3]] }), "x").images;
    expect(draw(decodeRle(cocoMask(picture.instances[0], picture)))).toBe(".## .##");
  });

  const rle = (size: unknown, counts: unknown): unknown => one({ segmentation: { size, counts } });
  it.each<[what: string, value: unknown, message: string]>([
    ["no object", [], "a.json: content: expected an object with images, annotations and categories, got []"],
    ["nothing in it", {}, "a.json: 3 problems\n  images: expected a list, got nothing\n  annotations: "],
    ["an image that is none", { ...small, images: [3] }, "images[0]: expected an object, got 3"],
    [
      "a name of numbers",
      { ...small, images: [{ ...image, file_name: 3 }] },
      "images[0].file_name: expected a text, got 3",
    ],
    [
      "a fractional side",
      { ...small, images: [{ ...image, width: 2.5 }] },
      "images[0].width: expected a whole number, got 2.5",
    ],
    [
      "no side",
      { ...small, images: [{ ...image, height: 0 }] },
      "images[0].height: expected a number of at least 1, got 0",
    ],
    [
      "a huge picture",
      { ...small, images: [{ ...image, height: 60000, width: 60000 }], annotations: [] },
      "images[0]: expected a height and width of at least 1 and at most 100000000 pixels, got 60000×60000",
    ],
    [
      "..",
      { ...small, images: [{ ...image, file_name: "../x.jpg" }] },
      'a.json: images[0].file_name: expected a path in the image folder, got a path with "..": "../x.jpg"',
    ],
    ["an image twice", { ...small, images: [image, image] }, "images[1].file_name: expected each file once"],
    [
      "a category twice",
      { ...small, categories: [...small.categories, small.categories[0]] },
      "categories[3].id: expected each id once, got 18 again",
    ],
    [
      "an annotation twice",
      { ...small, annotations: [square, square] },
      "annotations[1].id: expected each id once, got 1 again",
    ],
    [
      "an unknown image",
      one({ image_id: 8 }),
      "a.json: annotations[0].image_id: expected the id of an image, got 8",
    ],
    [
      "an unknown category",
      one({ category_id: 2 }),
      "a.json: annotations[0].category_id: expected the id of a category, got 2",
    ],
    [
      "a box of three",
      one({ bbox: [1, 2, 3] }),
      "annotations[0].bbox: expected [x, y, width, height], got [1,2,3]",
    ],
    ["a box of text", one({ bbox: [1, 2, 3, "4"] }), 'annotations[0].bbox[3]: expected a number, got "4"'],
    [
      "a negative box",
      one({ bbox: [1, 2, -3, 4] }),
      "annotations[0].bbox: expected a width and height of at least 0, got [1,2,-3,4]",
    ],
    ["crowd 2", one({ iscrowd: 2 }), "annotations[0].iscrowd: expected 0 or 1, got 2"],
    ["a negative area", one({ area: -1 }), "annotations[0].area: expected a number of at least 0, got -1"],
    [
      "a flat polygon",
      one({ segmentation: [0, 0, 2, 0, 2, 2] }),
      "annotations[0].segmentation[0]: expected x, y of three or more corners, got 0",
    ],
    [
      "two corners",
      one({ segmentation: [[0, 0, 1, 1]] }),
      "annotations[0].segmentation[0]: expected x, y of three or more corners, got 4 numbers",
    ],
    ["an odd polygon", one({ segmentation: [[0, 0, 1, 1, 2, 2, 3]] }), "got 7 numbers"],
    [
      "a corner of text",
      one({ segmentation: [[0, 0, 1, "1", 2, 2]] }),
      'annotations[0].segmentation[0][3]: expected y near 0..2, got "1"',
    ],
    [
      "a corner far out",
      one({ segmentation: [[0, 0, 1, 1, 7, 2]] }),
      "annotations[0].segmentation[0][4]: expected x near 0..3, got 7",
    ],
    [
      "a polygon outside",
      one({ segmentation: [[4, 0, 5, 0, 5, 2]] }),
      "annotations[0].segmentation[0]: expected a polygon inside 2×3, got one outside",
    ],
    [
      "a wrong size",
      rle([3, 2], [6]),
      "annotations[0].segmentation.size: expected the image's 2×3, got [3,2]",
    ],
    [
      "no size",
      rle(undefined, [6]),
      "annotations[0].segmentation: expected polygons, or run lengths { size: [height, width], counts }, got {",
    ],
    [
      "a sum that lies",
      rle([2, 3], [3, 2]),
      "annotations[0].segmentation: counts: expected a sum of 6 (2×3), got 5",
    ],
    [
      "a string that lies",
      rle([2, 3], "05"),
      "annotations[0].segmentation: counts: expected a sum of 6 (2×3), got 5",
    ],
    [
      "a negative run",
      rle([2, 3], [8, -2]),
      "annotations[0].segmentation: counts[1]: expected an integer >= 0, got -2",
    ],
    ["a bad character", rle([2, 3], "~"), "annotations[0].segmentation: counts: expected characters"],
    [
      "a cut string",
      rle([2, 3], "P"),
      "annotations[0].segmentation: counts: expected a complete number at the end",
    ],
    ["a word", one({ segmentation: "06" }), "annotations[0].segmentation: expected polygons, or run lengths"],
  ])("refuses %s", (_, value, message) => {
    expect(() => decodeCoco(value, "a.json")).toThrow(MaskwrightError);
    expect(() => decodeCoco(value, "a.json")).toThrow(message);
  });

  it("names all that is wrong at once", () => {
    const annotations = [
      square,
      { ...square, id: 2, image_id: 9 },
      { ...square, id: 3, category_id: 9, segmentation: "x" },
    ];
    expect(() => decodeCoco({ ...small, annotations }, "a.json")).toThrow(/^a\.json: 3 problems\n/);
  });
});

describe("imagesById", () => {
  const images = (...files: string[]): CocoDataset =>
    decodeCoco(
      {
        ...{ annotations: [], categories: [] },
        images: files.map((file_name, id) => ({ id, file_name, height: 1, width: 1 })),
      },
      "a.json",
    );

  it("finds images in folders by their paths", () => {
    expect([...imagesById(images("a.jpg", "b/a.jpg"), "a.json").keys()]).toEqual(["a", "b/a"]);
  });

  it("refuses two images that are one picture", () => {
    expect(() => imagesById(images("a.jpg", "b.jpg", "a.png"), "a.json")).toThrow(
      "a.json: images: expected one picture for a, got a.jpg and a.png",
    );
  });
});

describe("labelMapsToCoco", () => {
  const classes = ["background", "cat", "dog"];
  const pictures = [
    { file: "b.jpg", labels: labels("022 102") },
    { file: "a.jpg", labels: labels("xx0") },
    { file: "c.jpg", labels: labels("1") },
  ];

  it("writes areas and true boxes, ids from 1, keys in order", async () => {
    const coco = await labelMapsToCoco(pictures, classes);
    expect(JSON.stringify(coco)).toBe(
      '{"annotations":[' +
        '{"area":1,"bbox":[0,1,1,1],"category_id":1,"id":1,"image_id":1,"iscrowd":0,"segmentation":{"counts":"114","size":[2,3]}},' +
        '{"area":3,"bbox":[1,0,2,2],"category_id":2,"id":2,"image_id":1,"iscrowd":0,"segmentation":{"counts":"2111","size":[2,3]}},' +
        '{"area":1,"bbox":[0,0,1,1],"category_id":1,"id":3,"image_id":3,"iscrowd":0,"segmentation":{"counts":"01","size":[1,1]}}],' +
        '"categories":[{"id":1,"name":"cat"},{"id":2,"name":"dog"}],' +
        '"images":[{"file_name":"b.jpg","height":2,"id":1,"width":3},{"file_name":"a.jpg","height":1,"id":2,"width":3},{"file_name":"c.jpg","height":1,"id":3,"width":1}]}',
    );
  });

  it("takes other category ids, and pictures one at a time", async () => {
    async function* stream(): AsyncGenerator<(typeof pictures)[number]> {
      yield* pictures;
    }
    const coco = await labelMapsToCoco(stream(), classes, { categoryIds: [0, 17, 18] });
    expect(coco.annotations.map(({ category_id }) => category_id)).toEqual([17, 18, 17]);
    expect(coco.categories.map(({ id }) => id)).toEqual([17, 18]);
  });

  it("refuses a class that is not in the list", async () => {
    await expect(labelMapsToCoco([{ file: "d.png", labels: labels("03") }], classes)).rejects.toThrow(
      "d.png: expected class ids 0..2 and 255, got 3",
    );
  });

  it("reads back as the same label map", async () => {
    const side = fc.integer({ min: 1, max: 7 });
    const picture = fc
      .tuple(side, side)
      .chain(([height, width]) =>
        fc
          .uint8Array({ minLength: width * height, maxLength: width * height, max: 2 })
          .map((data) => ({ file: "p.jpg", labels: { height, width, data } })),
      );
    for (const segmentation of ["rle", "polygons"] as const) {
      await fc.assert(
        fc.asyncProperty(picture, async (one) => {
          const json = JSON.parse(JSON.stringify(await labelMapsToCoco([one], classes, { segmentation })));
          const dataset = decodeCoco(json, "x");
          const { classIds } = cocoClasses(dataset, "x", classes);
          expect(cocoToLabelMap(dataset.images[0].instances, one.labels, classIds)).toEqual(one.labels);
        }),
      );
    }
  });
});

describe("real COCO files", () => {
  const coco = dataFolder("coco2017/annotations");
  it.skipIf(coco === null)("reads COCO: every area within rounding of the file's", async () => {
    const dataset = await readCoco(join(coco as string, "instances_train2017.json"));
    const { annotations, images } = readJson<{ annotations: []; images: [] }>(
      coco as string,
      "instances_train2017.json",
    );
    expect(dataset.images).toHaveLength(images.length);
    const { classes } = await classList("coco");
    const { classIds } = cocoClasses(dataset, "x", classes);
    for (const [category, classId] of classIds) expect(cocoCategoryIds[classId]).toBe(category);
    let count = 0;
    for (const picture of dataset.images) {
      for (const instance of picture.instances) {
        count++;
        const mask = rleArea(cocoMask(instance, picture));
        // The file's areas of polygons are geometric; those of crowds agree with nothing.
        if (!instance.isCrowd)
          expect(Math.abs(mask - (instance.area as number))).toBeLessThan(20 + 0.2 * mask);
      }
      cocoToLabelMap(picture.instances, picture, classIds);
    }
    expect(count).toBe(annotations.length);
  });

  const parts = dataFolder("car-parts/trainingset");
  it.skipIf(parts === null)("reads the car parts", async () => {
    const dataset = await readCoco(join(parts as string, "annotations.json"));
    const { annotations } = readJson<{ annotations: [] }>(parts as string, "annotations.json");
    expect(dataset.images.flatMap(({ instances }) => instances)).toHaveLength(annotations.length);
    const { classes, classIds } = cocoClasses(dataset, "x");
    expect(classes).toHaveLength(19);
    expect(classIds.get(2)).toBe(1);
  });
});
