import { describe, expect, it } from "vitest";
import { dataFolder } from "../testing/folders.ts";
import { classList } from "./class-list.ts";
import { decodeParts, readParts } from "./part-dataset.ts";
import { partImageNetClasses } from "./part-image-net.ts";

const image = { id: 7, file_name: "a.jpg", height: 10, width: 10 };

function annotation(id: number, category_id: number, segmentation: unknown): object {
  return { id, image_id: 7, category_id, bbox: [1, 1, 4, 4], segmentation };
}

const square = [[1, 1, 5, 1, 5, 5, 1, 5]];
const rle = { size: [10, 10], counts: [0, 5, 95] };

describe("decodeParts", () => {
  it("takes any category ids, polygons, run lengths and boxes alone", () => {
    const file = {
      images: [image],
      annotations: [annotation(1, 90, square), annotation(2, 4, rle), annotation(3, 4, undefined)],
      categories: [
        { id: 90, name: "door" },
        { id: 4, name: "wheel" },
      ],
    };
    const { dataset, classes, classIds, leftOut } = decodeParts(file, "parts.json");
    expect(classes).toEqual(["background", "wheel", "door"]);
    expect(dataset.images[0].instances.map(({ categoryId }) => classIds.get(categoryId))).toEqual([2, 1, 1]);
    expect(leftOut).toEqual([]);
    expect(decodeParts(file, "parts.json", ["background", "door", "wheel"]).classIds.get(90)).toBe(1);
    expect(() => decodeParts(file, "parts.json", ["background", "door"])).toThrow('got "wheel"');
  });

  it("leaves out annotations that are a point or a line, and refuses what is broken otherwise", () => {
    const file = (segmentation: unknown): object => ({
      images: [image],
      annotations: [annotation(1, 1, square), annotation(2, 1, segmentation)],
      categories: [{ id: 1, name: "wheel" }],
    });
    expect(decodeParts(file([[1, 1, 5, 5]]), "parts.json").leftOut).toEqual([2]);
    expect(decodeParts(file([[]]), "parts.json").leftOut).toEqual([2]);
    expect(decodeParts(file([[1, 1, 5, 5]]), "parts.json").dataset.images[0].instances).toHaveLength(1);
    expect(() => decodeParts(file([["x"]]), "parts.json")).toThrow("segmentation[0]");
    expect(() => decodeParts(file([[1, 2, 3, 4, 5]]), "parts.json")).toThrow("three or more corners");
    expect(() => decodeParts(null, "parts.json")).toThrow("parts.json");
  });

  it("passes over points and lines after the first polygon", () => {
    const file = {
      images: [image],
      annotations: [annotation(1, 1, [...square, [7, 7, 9, 9], [8, 8]])],
      categories: [{ id: 1, name: "wheel" }],
    };
    const { dataset, leftOut } = decodeParts(file, "parts.json");
    expect(dataset.images[0].instances[0].segmentation).toEqual({ kind: "polygons", polygons: square });
    expect(leftOut).toEqual([]);
  });

  it("says where in the file something is wrong, annotations that are left out counted", () => {
    const file = {
      images: [image],
      annotations: [annotation(1, 1, [[1, 1, 5, 5]]), annotation(2, 9, square)],
      categories: [{ id: 1, name: "wheel" }],
    };
    expect(() => decodeParts(file, "parts.json")).toThrow("annotations[1].category_id");
  });

  it("calls parts of one name after their objects", () => {
    const file = {
      images: [image],
      annotations: [annotation(1, 1, square), annotation(2, 2, square), annotation(3, 3, square)],
      categories: [
        { id: 1, name: "Body", supercategory: "Car" },
        { id: 2, name: "Body", supercategory: "Boat" },
        { id: 3, name: "Sail", supercategory: "Boat" },
      ],
    };
    const { classes, objects } = decodeParts(file, "a.json");
    expect(classes).toEqual(["background", "Car Body", "Boat Body", "Sail"]);
    expect(objects).toEqual([null, "Car", "Boat", "Boat"]);
    const list = ["background", "Boat Body", "Car Body", "Sail"];
    const listed = decodeParts(file, "a.json", list);
    expect([...listed.classIds.values()]).toEqual([2, 1, 3]);
    expect(listed.objects).toEqual([null, "Boat", "Car", "Boat"]);
  });

  it("counts categories from 0 along the list when the file does not name them", () => {
    const file = { images: [image], annotations: [annotation(1, 39, square)] };
    const { classIds, classes, objects } = decodeParts(file, "train.json", partImageNetClasses);
    expect(classes[classIds.get(39) as number]).toBe("Bottle Body");
    expect(new Set(objects)).toEqual(new Set([null]));
    const beyond = { images: [image], annotations: [annotation(1, 40, square)] };
    expect(() => decodeParts(beyond, "train.json", partImageNetClasses)).toThrow(
      "the id of a category, got 40",
    );
  });
});

describe("PartImageNet's classes", () => {
  it("are 40 parts, each named once", async () => {
    const { classes, name } = await classList("partimagenet");
    expect(name).toBe("partimagenet");
    expect(classes).toEqual(partImageNetClasses);
    expect(classes.length).toBe(41);
    expect(new Set(classes).size).toBe(41);
    expect([1, 5, 26, 41 - 1].map((id) => classes[id])).toEqual([
      "Quadruped Head",
      "Biped Head",
      "Car Tier",
      "Bottle Body",
    ]);
  });
});

const folder = dataFolder("car-parts");

describe.skipIf(folder === null)("car parts", () => {
  it("are read whole", async () => {
    const { dataset, classes } = await readParts(`${folder}/trainingset/annotations.json`);
    expect(dataset.images.length).toBe(400);
    expect(classes.length).toBe(19);
  });
});
