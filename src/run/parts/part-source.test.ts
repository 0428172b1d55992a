import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { openPartSource } from "./part-source.ts";

let folder = "";
const at = (file: string): string => join(folder, file);
const files = {
  "boxes.csv": "file,class,x0,y0,x1,y1\na.jpg,wheel,1,2,3,4\na.jpg,door,0,0,2,2\n",
  "points.csv": "file,class,x,y\na.jpg,wheel,1,2\n",
  "parts.json": JSON.stringify({
    images: [{ id: 1, file_name: "a.jpg", height: 4, width: 6 }],
    categories: [{ id: 25, name: "Car Tier" }],
    annotations: [{ id: 1, image_id: 1, category_id: 25, bbox: [0, 1, 2, 3] }],
  }),
  "list.txt": "wheel\ndoor\n",
};

beforeEach(() => {
  folder = temporaryFolder();
  writeTree(folder, files);
});

describe("openPartSource", () => {
  it("takes the classes that a file names, or those of a list", async () => {
    const named = await openPartSource({ boxes: at("boxes.csv"), recipe: "parts" });
    expect(named.source.classes.classes).toEqual(["background", "door", "wheel"]);
    expect(named.source.promptsOf("a").map(({ classId }) => classId)).toEqual([2, 1]);
    const listed = await openPartSource({ boxes: at("boxes.csv"), classes: at("list.txt"), recipe: "parts" });
    expect(listed.source.classes.classes).toEqual(["background", "wheel", "door"]);
  });

  it("says what of the file teaches", async () => {
    const choices = [{ boxes: at("boxes.csv") }, { boxes: at("boxes.csv"), centers: true }] as const;
    for (const [k, choice] of choices.entries())
      expect(await openPartSource({ ...choice, recipe: "parts" })).toMatchObject({
        supervision: ["boxes", "centers"][k],
      });
    const points = await openPartSource({ points: at("points.csv"), recipe: "parts" });
    expect(points).toMatchObject({ supervision: "points", source: { kind: "points" } });
  });

  it("has PartImageNet's classes for its recipe", async () => {
    const { source } = await openPartSource({ parts: at("parts.json"), recipe: "partimagenet" });
    expect(source.classes.classes.length).toBe(41);
    expect(source.promptsOf("a")).toEqual([
      { kind: "box", classId: 26, box: { x0: 0, y0: 1, x1: 2, y1: 4 } },
    ]);
  });
});
