import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { boxToCoco } from "../core/geometry.ts";
import { decodeRle } from "../core/rle.ts";
import { type CocoDataset, decodeCoco } from "../data/coco.ts";
import { cocoMask } from "../data/coco-segmentation.ts";
import { readLabelMap } from "../data/label-file.ts";
import { encodeJpeg } from "../data/photo.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { drawScene } from "../scenes/scene.ts";
import { interruptMaskwright, linesOf, maskwright } from "../testing/command.ts";
import { hashTree, temporaryFolder, timesOf, writeTree } from "../testing/tree.ts";

const size = { height: 48, width: 64 };
const names = ["scene-0", "sub/scene-1", "scene-2"];

/** A folder of three drawn photos with their boxes and points. */
async function folderOfScenes(): Promise<string> {
  const folder = temporaryFolder();
  const boxes = ["file,class,x0,y0,x1,y1"];
  const points = ["file,class,x,y,positive,object"];
  for (const name of names) {
    const scene = drawScene(name, { size });
    writeTree(folder, { [`images/${name}.jpg`]: await encodeJpeg(scene.image) });
    for (const { classId, x0, y0, x1, y1 } of scene.boxes)
      boxes.push([`${name}.jpg`, sceneClasses[classId], x0, y0, x1, y1].join());
    for (const { classId, x, y } of scene.points)
      points.push([`${name}.jpg`, sceneClasses[classId], x, y, 1, ""].join());
  }
  writeTree(folder, {
    "boxes.csv": `${boxes.join("\n")}\n`,
    "points.csv": `${points.join("\n")}\n`,
    "classes.txt": `${sceneClasses.join("\n")}\n`,
  });
  return folder;
}

const byBoxes = ["segment", "images", "--boxes", "boxes.csv", "--classes", "classes.txt", "-o", "out"];

function readJson(...path: string[]): Record<string, unknown> {
  return JSON.parse(readFileSync(join(...path), "utf8"));
}

function instancesOf(folder: string): CocoDataset {
  return decodeCoco(readJson(folder, "out/instances.json"), "instances.json");
}

describe("segment", () => {
  it("writes masks of boxes as COCO, as label maps and as objects, and draws them", async () => {
    const folder = await folderOfScenes();
    const { code, stdout } = await maskwright(folder, ...byBoxes, "--overlay");
    const objects = linesOf(readFileSync(join(folder, "boxes.csv"), "utf8")).length - 1;
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `3 images, ${objects} objects: out/instances.json, label maps in out/labels\n`,
    });
    expect(Object.keys(hashTree(join(folder, "out"), /^(log|run|report)/))).toEqual(
      ["instances.json", "labels", "objects", "overlay"].flatMap((name) =>
        name === "instances.json"
          ? [name]
          : ["scene-0", "scene-2", "sub/scene-1"].map(
              (id) => `${name}/${id}.${{ labels: "png", objects: "json" }[name] ?? "jpg"}`,
            ),
      ),
    );
    const { images, categories } = instancesOf(folder);
    expect(categories).toEqual(sceneClasses.slice(1).map((name, k) => ({ id: k + 1, name })));
    expect(images.map(({ file }) => file)).toEqual(["scene-0.jpg", "scene-2.jpg", "sub/scene-1.jpg"]);
    for (const image of images) {
      const scene = drawScene(image.id, { size });
      expect(image.instances.map(({ categoryId }) => categoryId)).toEqual(
        scene.boxes.map(({ classId }) => classId),
      );
      const covered = new Uint8Array(size.height * size.width);
      for (const instance of image.instances)
        decodeRle(cocoMask(instance, image)).data.forEach((value, p) => {
          covered[p] |= value;
        });
      const { data } = readLabelMap(join(folder, `out/labels/${image.id}.png`));
      expect(data.map((id) => (id > 0 ? 1 : 0))).toEqual(covered);
    }
    const { annotations } = readJson(folder, "out/instances.json") as { annotations: { score: number }[] };
    expect(annotations.filter(({ score }) => !(score > 0 && score <= 1))).toEqual([]);
    expect(readJson(folder, "out/report.json")).toMatchObject({ command: "segment", images: 3, objects });
  });

  it("answers points", async () => {
    const folder = await folderOfScenes();
    const args = ["segment", "images", "--points", "points.csv", "--classes", "classes.txt", "-o", "out"];
    const { code, stdout } = await maskwright(folder, ...args, "--json");
    expect(code).toBe(0);
    const objects = linesOf(readFileSync(join(folder, "points.csv"), "utf8")).length - 1;
    expect(JSON.parse(stdout)).toMatchObject({ objects, options: { prompts: "points", model: "regions" } });
  });

  it("keeps the numbers of a COCO file, and images in which nothing is wanted", async () => {
    const folder = await folderOfScenes();
    const image = { ...size, id: 40, file_name: "sub/scene-1.jpg" };
    writeTree(folder, {
      "boxes.json": JSON.stringify({
        images: [image, { ...size, id: 7, file_name: "scene-0.jpg" }],
        categories: [{ id: 3, name: "thing" }],
        annotations: [
          { id: 4, image_id: 7, category_id: 3, bbox: [2, 3, 0, 30] },
          { id: 5, image_id: 40, category_id: 3, bbox: [2, 3, 40, 30] },
        ],
      }),
    });
    const args = ["segment", "images", "--boxes", "boxes.json", "-o", "out"];
    const { code, stdout, stderr } = await maskwright(folder, ...args);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "2 images, 1 object: out/instances.json, label maps in out/labels\n",
    });
    expect(stderr).toContain("boxes.json: left out 1 annotation without a box or with an empty one\n");
    const { images } = instancesOf(folder);
    expect(images.map(({ imageId, id, instances }) => [imageId, id, instances.length])).toEqual([
      [7, "scene-0", 0],
      [40, "sub/scene-1", 1],
    ]);
    expect(images[1].instances[0].categoryId).toBe(3);
    const [x, y, width, height] = boxToCoco(images[1].instances[0].box!);
    expect(x >= 2 && y >= 3 && x + width <= 42 && y + height <= 33).toBe(true);
    expect(readLabelMap(join(folder, "out/labels/scene-0.png")).data.every((id) => id === 0)).toBe(true);
  });

  it("paints the smaller of two objects in front, whatever their order", async () => {
    const folder = await folderOfScenes();
    const [small, large] = ["scene-0.jpg,bird,20,20,30,30", "scene-0.jpg,car,0,0,64,48"];
    for (const [k, rows] of [
      [small, large],
      [large, small],
    ].entries()) {
      writeTree(folder, {
        "boxes.csv": `file,class,x0,y0,x1,y1\n${rows.join("\n")}\n`,
        "classes.txt": "bird\ncar\n",
      });
      const out = `out-${k}`;
      await maskwright(folder, ...byBoxes.slice(0, -1), out);
      const { data } = readLabelMap(join(folder, out, "labels/scene-0.png"));
      expect(data.filter((id) => id === 1).length).toBeGreaterThan(20);
      expect(data.filter((id) => id === 2).length).toBeGreaterThan(200);
    }
    expect(hashTree(join(folder, "out-0/labels"))).toEqual(hashTree(join(folder, "out-1/labels")));
  });

  it("says what it would take, and writes nothing", async () => {
    const folder = await folderOfScenes();
    const { code, stdout } = await maskwright(folder, ...byBoxes, "--dry-run");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^would take about .*3 images/),
    });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

describe("segment, resumed", () => {
  const outcome = (folder: string): unknown => {
    const { timing, ...report } = readJson(folder, "out/report.json");
    expect(timing).toBeDefined();
    return { report, files: hashTree(join(folder, "out"), /^(report\.json|log\.ndjson)$/) };
  };

  it("ends as if nothing had happened after it was killed", async () => {
    const folder = await folderOfScenes();
    await maskwright(folder, ...byBoxes);
    const whole = outcome(folder);
    rmSync(join(folder, "out"), { recursive: true });
    const { code } = await interruptMaskwright(
      folder,
      [{ signal: "SIGKILL", pattern: /"event":"progress"/, count: 2 }],
      ...byBoxes,
      ...["--workers", "1", "--json"],
    );
    expect(code).toBe("SIGKILL");
    expect((await maskwright(folder, ...byBoxes)).code).toBe(0);
    expect(outcome(folder)).toEqual(whole);
  });

  it("makes again what came from a box that changed, or is missing", async () => {
    const folder = await folderOfScenes();
    await maskwright(folder, ...byBoxes);
    const whole = outcome(folder);
    const times = timesOf(join(folder, "out"), /^(report|instances|log)/);
    const boxes = readFileSync(join(folder, "boxes.csv"), "utf8");
    writeFileSync(join(folder, "boxes.csv"), boxes.replace(/(scene-2\.jpg,\w+),.*/, "$1,1,2,30,40"));
    rmSync(join(folder, "out/labels/sub/scene-1.png"));
    expect((await maskwright(folder, ...byBoxes)).code).toBe(0);
    const later = timesOf(join(folder, "out"), /^(report|instances|log)/);
    expect(Object.keys(later).filter((name) => later[name] !== times[name])).toEqual([
      "labels/scene-2.png",
      "labels/sub/scene-1.png",
      "objects/scene-2.json",
      "objects/sub/scene-1.json",
    ]);
    writeFileSync(join(folder, "boxes.csv"), boxes);
    await maskwright(folder, ...byBoxes);
    expect(outcome(folder)).toEqual(whole);
  });
});

describe("segment, for some of the images", () => {
  const imagesOf = (folder: string) => instancesOf(folder).images.map(({ id }) => id);

  it("keeps what the run has of the others in instances.json, while it is up to date", async () => {
    const folder = await folderOfScenes();
    writeTree(folder, { "ids.txt": "scene-2\n" });
    await maskwright(folder, ...byBoxes, "--ids", "ids.txt");
    expect(imagesOf(folder)).toEqual(["scene-2"]);
    await maskwright(folder, ...byBoxes);
    const whole = readFileSync(join(folder, "out/instances.json"), "utf8");
    expect(imagesOf(folder)).toEqual(["scene-0", "scene-2", "sub/scene-1"]);

    const { code, stdout } = await maskwright(folder, ...byBoxes, "--limit", "1");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^1 image, /) });
    expect(readFileSync(join(folder, "out/instances.json"), "utf8")).toBe(whole);

    const boxes = readFileSync(join(folder, "boxes.csv"), "utf8");
    writeFileSync(join(folder, "boxes.csv"), boxes.replace(/(sub\/scene-1\.jpg,\w+),.*/, "$1,1,2,30,40"));
    writeFileSync(join(folder, "images/scene-0.jpg"), readFileSync(join(folder, "images/scene-2.jpg")));
    await maskwright(folder, ...byBoxes, "--ids", "ids.txt");
    expect(imagesOf(folder)).toEqual(["scene-2"]);
  });

  it("goes on with those that are here, with --keep-going", async () => {
    const folder = await folderOfScenes();
    writeTree(folder, {
      "boxes.csv": "file,class,x0,y0,x1,y1\n./scene-0.jpg,1,1,1,9,9\nmoon.jpg,1,1,1,5,5\nsun.jpg,1,1,1,5,5\n",
    });
    const { code, stderr } = await maskwright(folder, ...byBoxes, "--limit", "2", "--keep-going");
    expect(code).toBe(1);
    expect(linesOf(stderr).filter((line) => line.startsWith("warning"))).toEqual([
      "warning: images: expected the 3 images of boxes.csv, got none for 2 of them (moon, sun)",
    ]);
    expect(imagesOf(folder)).toEqual(["scene-0"]);
    expect(readJson(folder, "out/report.json")).toMatchObject({
      images: 1,
      failures: [{ id: "moon", message: expect.stringContaining("no such photo") }, { id: "sun" }],
    });
  });
});

describe("segment refuses", () => {
  it.each([
    [[], "error: segment: expected either --boxes FILE or --points FILE, got neither"],
    [
      ["--boxes", "boxes.csv", "--points", "points.csv"],
      "error: segment: expected either --boxes FILE or --points FILE, got both",
    ],
    [["--boxes", "nothing.csv"], "error: nothing.csv: expected a file, got nothing there"],
    [
      ["--boxes", "lost.csv"],
      "error: images: expected the 2 images of lost.csv, got none for 1 of them (moon)",
    ],
    [["--boxes", "wrong.csv"], "error: wrong.csv: 3 problems"],
  ])("%j before anything is written", async (options, line) => {
    const folder = await folderOfScenes();
    const header = "file,class,x0,y0,x1,y1\n";
    writeTree(folder, {
      "lost.csv": `${header}scene-0.jpg,1,1,1,5,5\nmoon.jpg,1,1,1,5,5\n`,
      "wrong.csv": `${header}scene-0.jpg,unicorn,1,1,5,5\n../a.jpg,1,5,1,1,5\n`,
    });
    const { code, stderr } = await maskwright(folder, "segment", "images", ...options, "-o", "out");
    expect({ code, line: linesOf(stderr)[0] }).toEqual({ code: 2, line });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it("boxes and points outside their picture, all of them, one picture at a time with --keep-going", async () => {
    const folder = await folderOfScenes();
    writeTree(folder, {
      "points.csv":
        "file,class,x,y,positive,object\nscene-0.jpg,1,64,5,,\nscene-0.jpg,1,5,5,,\nscene-0.jpg,1,5,48,,\nscene-2.jpg,1,63.9,0,,\n",
    });
    const args = ["segment", "images", "--points", "points.csv", "-o", "out", "--keep-going"];
    const { code, stderr } = await maskwright(folder, ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "warning: points.csv: scene-0: 2 problems\n  object 1: expected a point in the picture, which is 64 wide and 48 high, got 64,5\n  object 3: expected a point in the picture, which is 64 wide and 48 high, got 5,48\n",
    );
    expect(instancesOf(folder).images.map(({ id }) => id)).toEqual(["scene-2"]);
  });

  it("to go on with images that the boxes do not name, unless --ids chooses", async () => {
    const folder = await folderOfScenes();
    writeTree(folder, {
      "boxes.csv": "file,class,x0,y0,x1,y1\nscene-0.jpg,1,1,1,5,5\nmoon.jpg,1,1,1,5,5\n",
      "ids.txt": "scene-0\n",
      "others.txt": "scene-2\n",
    });
    expect((await maskwright(folder, ...byBoxes, "--ids", "ids.txt")).code).toBe(0);
    const { code, stderr } = await maskwright(folder, ...byBoxes, "--ids", "others.txt");
    expect({ code, line: linesOf(stderr)[0] }).toEqual({
      code: 2,
      line: "error: images and boxes.csv: expected the 1 ids of others.txt, got none for 1 of them (scene-2)",
    });
  });
});
