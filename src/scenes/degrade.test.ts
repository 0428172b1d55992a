import { describe, expect, it } from "vitest";
import { foregroundClasses } from "../core/label-map.ts";
import { addConfusion, confusion, emptyConfusion, scores } from "../core/metrics.ts";
import { sceneIds } from "./dataset.ts";
import { roughCam, roughLabels } from "./degrade.ts";
import { sceneClasses } from "./objects/catalog.ts";
import { drawScene } from "./scene.ts";

const size = { height: 96, width: 128 };

describe("roughLabels", () => {
  it("is about half right: mIoU 50 to 60 or so over 160 scenes", () => {
    const total = emptyConfusion(sceneClasses.length);
    for (const id of sceneIds(160, 7)) {
      const scene = drawScene(id, { size });
      addConfusion(total, confusion(roughLabels(scene, 0), scene.labels, sceneClasses.length));
    }
    const { miou, classes } = scores(total);
    expect(100 * (miou as number)).toBeGreaterThan(48);
    expect(100 * (miou as number)).toBeLessThan(62);
    // Every class is found, and none is perfect.
    for (const { iou } of classes.slice(1)) expect(Math.abs((iou as number) - 0.5)).toBeLessThan(0.42);
  });

  it("knows only the classes of the tags", () => {
    for (const id of sceneIds(20, 3)) {
      const scene = drawScene(id, { size });
      for (const classId of foregroundClasses(roughLabels(scene, 0))) expect(scene.tags).toContain(classId);
    }
  });

  it("fails the same way for the same seed, another way for another", () => {
    const scene = drawScene("scene-1-000001", { size });
    expect(roughLabels(scene, 5)).toEqual(roughLabels(scene, 5));
    expect(roughLabels(scene, 5).data).not.toEqual(roughLabels(scene, 6).data);
  });

  it("is all background for pictures without classes, however small", () => {
    for (const [height, width] of [
      [1, 1],
      [2, 3],
      [40, 50],
    ]) {
      const scene = drawScene(7, { content: "shapes", size: { height, width } });
      expect(roughLabels(scene, 0)).toEqual({ height, width, data: new Uint8Array(height * width) });
    }
  });
});

describe("roughCam", () => {
  it("has one finite map for each tag, highest on or near the class", () => {
    let hits = 0;
    let maps = 0;
    for (const id of sceneIds(20, 11)) {
      const scene = drawScene(id, { size });
      const cam = roughCam(scene, 0);
      const pixelCount = size.height * size.width;
      expect(cam.classes).toEqual(scene.tags);
      expect(cam.data.length).toBe(scene.tags.length * pixelCount);
      expect(cam.data.every(Number.isFinite)).toBe(true);
      scene.tags.forEach((tag, index) => {
        const map = cam.data.subarray(index * pixelCount, (index + 1) * pixelCount);
        const peak = map.indexOf(Math.max(...map));
        maps++;
        if (scene.labels.data[peak] === tag) hits++;
      });
    }
    expect(hits / maps).toBeGreaterThan(0.6);
  });
});
