import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { openPartBoxes, taughtLabel } from "./part-labels.ts";

const image = { id: 7, file_name: "a/b.jpg", height: 4, width: 6 };
const square = [1, 1, 3, 1, 3, 3, 1, 3];
const parts = {
  images: [image],
  categories: [
    { id: 30, name: "wheel" },
    { id: 4, name: "door" },
  ],
  annotations: [
    { id: 1, image_id: 7, category_id: 30, bbox: [0, 1, 2, 3], segmentation: [square] },
    { id: 2, image_id: 7, category_id: 4, segmentation: [square] },
    { id: 3, image_id: 7, category_id: 4, bbox: [0, 0, 1, 1], segmentation: [[0, 0, 1, 1]] },
    { id: 4, image_id: 7, category_id: 4, bbox: [0, 0, 1, 1], iscrowd: 1 },
    { id: 5, image_id: 7, category_id: 4 },
  ],
};

async function openParts(value: unknown, classes?: string): ReturnType<typeof openPartBoxes> {
  const folder = temporaryFolder();
  writeTree(folder, { "parts.json": JSON.stringify(value), "list.txt": "wheel\ndoor\n" });
  writeTree(folder, { "longer.txt": "lamp\nwheel\nseat\ndoor\n" });
  return await openPartBoxes(
    join(folder, "parts.json"),
    classes === undefined ? undefined : join(folder, classes),
  );
}

describe("openPartBoxes", () => {
  it("has the boxes of annotations, or of their masks, without crowds and lines", async () => {
    const source = await openParts(parts);
    expect(source.promptsOf("a/b")).toEqual([
      { kind: "box", classId: 2, box: { x0: 0, y0: 1, x1: 2, y1: 4 } },
      { kind: "box", classId: 1, box: { x0: 1, y0: 1, x1: 3, y1: 3 } },
    ]);
    expect(source.promptsOf("elsewhere")).toEqual([]);
    expect(source).toMatchObject({ ids: ["a/b"], leftOut: "1 mask of fewer than three corners" });
    expect(source.classes).toMatchObject({
      classes: ["background", "door", "wheel"],
      categoryIds: [0, 4, 30],
    });
  });

  it("takes the order of a list, and finds categories by name", async () => {
    const { classes, promptsOf } = await openParts(parts, "list.txt");
    expect(classes).toMatchObject({ classes: ["background", "wheel", "door"], categoryIds: [0, 30, 4] });
    expect(promptsOf("a/b").map(({ classId }) => classId)).toEqual([1, 2]);
    const { classes: longer } = await openParts(parts, "longer.txt");
    expect(longer).toMatchObject({
      classes: ["background", "lamp", "wheel", "seat", "door"],
      categoryIds: [0, 31, 30, 32, 4],
    });
  });
});

describe("taughtLabel", () => {
  const box = { x0: 0, y0: 1, x1: 2, y1: 4 };

  it("is boxes or their centers", () => {
    const prompts = [{ kind: "box", classId: 2, box }] as const;
    expect(taughtLabel(prompts, "boxes")).toEqual({ kind: "boxes", boxes: [{ ...box, classId: 2 }] });
    const point = { classId: 2, x: 1, y: 2.5, positive: true };
    expect(taughtLabel(prompts, "centers")).toEqual({ kind: "points", points: [point] });
  });

  it("is the first positive point of each object", () => {
    const [beside, first, second] = [
      { x: 0, y: 0, positive: false },
      { x: 1, y: 2, positive: true },
      { x: 3, y: 2, positive: true },
    ];
    const prompts = [{ kind: "points", classId: 3, points: [beside, first, second] }] as const;
    expect(taughtLabel(prompts, "points")).toEqual({ kind: "points", points: [{ ...first, classId: 3 }] });
    expect(taughtLabel([], "points")).toEqual({ kind: "points", points: [] });
  });
});
