import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRle, intersectionArea, paintRle, rleArea, rleBox } from "../core/index.ts";
import { IGNORE } from "../core/label-map.ts";
import { objectClasses, sceneClasses, scenePartClasses, scenePartOwners } from "./objects/catalog.ts";
import { drawScene, type Scene, type SceneOptions } from "./scene.ts";

/** FNV-1a of bytes, as eight hex digits. */
function digest(bytes: ArrayLike<number>): string {
  let hash = 0x811c9dc5;
  for (let k = 0; k < bytes.length; k++) hash = Math.imul(hash ^ bytes[k], 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

const anyScene = fc
  .record({
    seed: fc.integer(),
    height: fc.integer({ min: 1, max: 90 }),
    width: fc.integer({ min: 1, max: 90 }),
    content: fc.constantFrom("objects", "shapes"),
  })
  .map(({ seed, height, width, content }) =>
    drawScene(seed, { size: { height, width }, content } as SceneOptions),
  );

function isSetAt(scene: Scene, rle: Scene["instances"][number]["mask"], x: number, y: number): boolean {
  return decodeRle(rle).data[Math.floor(y) * scene.labels.width + Math.floor(x)] === 1;
}

describe("drawScene", () => {
  it("gives the same bytes for the same seed, on every machine", () => {
    const scene = drawScene("fixed", { size: { height: 48, width: 64 } });
    expect(drawScene("fixed", { size: { height: 48, width: 64 } })).toEqual(scene);
    expect(drawScene("other", { size: { height: 48, width: 64 } }).image.data).not.toEqual(scene.image.data);
    expect([digest(scene.image.data), digest(scene.labels.data), digest(scene.partLabels.data)]).toEqual([
      "1eb5ce3e",
      "608324eb",
      "95063194",
    ]);
    const shapes = drawScene(7, { size: { height: 48, width: 64 }, content: "shapes" });
    expect([shapes.id, digest(shapes.image.data)]).toEqual(["7", "c05f541c"]);
  });

  it("draws 256 × 256 unless told otherwise", () => {
    const { image, labels } = drawScene(1);
    expect([image.height, image.width, image.data.length]).toEqual([256, 256, 256 * 256 * 3]);
    expect([labels.height, labels.width]).toEqual([256, 256]);
  });

  it("has label maps that are the visible masks painted", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const labels = new Uint8Array(scene.labels.data.length);
        const parts = new Uint8Array(scene.labels.data.length);
        for (const instance of scene.instances) {
          paintRle(labels, instance.mask, instance.classId);
          for (const part of instance.parts) paintRle(parts, part.mask, part.partClassId);
        }
        expect(labels).toEqual(scene.labels.data);
        expect(parts).toEqual(scene.partLabels.data);
      }),
      { numRuns: 40 },
    );
  });

  it("has objects that do not overlap, each tiled by its parts and within its whole", () => {
    fc.assert(
      fc.property(anyScene, ({ instances, labels }) => {
        const covered = new Uint8Array(labels.data.length);
        for (const { mask, amodal, parts, area } of instances) {
          const { data } = decodeRle(mask);
          for (let p = 0; p < data.length; p++) covered[p] += data[p];
          expect(intersectionArea(mask, amodal)).toBe(area);
          expect(parts.reduce((sum, part) => sum + part.area, 0)).toBe(area);
          for (const part of parts) expect(intersectionArea(part.mask, mask)).toBe(part.area);
        }
        expect(Math.max(...covered)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });

  it("has boxes, areas and points that fit the masks", () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        for (const instance of scene.instances) {
          for (const { mask, area, box, point } of [instance, ...instance.parts]) {
            expect(area).toBe(rleArea(mask));
            expect(area).toBeGreaterThan(0);
            expect(box).toEqual(rleBox(mask));
            expect(isSetAt(scene, mask, point.x, point.y)).toBe(true);
          }
        }
        const named = scene.instances.filter(({ classId }) => classId > 0);
        expect(scene.boxes).toEqual(named.map(({ box, classId }) => ({ ...box, classId })));
        expect(scene.points).toEqual(
          named.map(({ point, classId }) => ({ ...point, classId, positive: true })),
        );
        expect(scene.tags).toEqual([...new Set(named.map(({ classId }) => classId))].sort((a, b) => a - b));
      }),
      { numRuns: 40 },
    );
  });

  it("has parts of the object's own class", () => {
    fc.assert(
      fc.property(anyScene, ({ instances }) => {
        for (const { classId, parts } of instances)
          for (const { partClassId } of parts) {
            expect(scenePartOwners[partClassId]).toBe(classId);
            if (classId > 0) expect(partClassId).toBeGreaterThan(0);
          }
      }),
      { numRuns: 40 },
    );
  });

  it("hides no object by more than about two thirds", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { instances } = drawScene(seed, { size: { height: 80, width: 100 }, content: "shapes" });
      for (const { area, amodal } of instances) expect(area / rleArea(amodal)).toBeGreaterThanOrEqual(0.35);
    }
  });

  it("draws the smallest, thin and large pictures", () => {
    for (const [height, width] of [
      [1, 1],
      [1, 70],
      [70, 1],
      [2, 3],
      [9, 8],
      [400, 300],
    ]) {
      const scene = drawScene("size", { size: { height, width } });
      expect(scene.image.data.length).toBe(height * width * 3);
      expect(scene.labels.data.length).toBe(height * width);
      expect(scene.captions.length).toBeGreaterThan(0);
    }
  });

  it("shows every class and every part within 250 scenes, and some class in nearly all", () => {
    const classes = new Set<number>();
    const parts = new Set<number>();
    let empty = 0;
    for (let seed = 0; seed < 250; seed++) {
      const scene = drawScene(seed, { size: { height: 64, width: 80 } });
      if (scene.tags.length === 0) empty++;
      for (const tag of scene.tags) classes.add(tag);
      for (const part of scene.partLabels.data) parts.add(part);
    }
    expect(classes.size).toBe(sceneClasses.length - 1);
    expect(parts.size).toBe(scenePartClasses.length);
    expect(empty).toBeLessThan(10);
  });

  it("makes pixels beside another class ignore when a rim is asked for, and none else", () => {
    const size = { height: 60, width: 80 };
    const plain = drawScene("rim", { size });
    const rimmed = drawScene("rim", { size, voidRim: 1 });
    expect(plain.labels.data).not.toContain(IGNORE);
    expect(rimmed.image.data).toEqual(plain.image.data);
    expect(rimmed.tags).toEqual(plain.tags);
    const { data } = plain.labels;
    rimmed.labels.data.forEach((id, p) => {
      const isInside = p % 80 > 0 && data[p] !== data[p - 1];
      if (isInside) expect(id).toBe(IGNORE);
      if (id !== IGNORE) expect(id).toBe(data[p]);
    });
  });

  it("draws dozens of shapes of no class for promptable models", () => {
    let most = 0;
    for (let seed = 0; seed < 12; seed++) {
      const { instances, tags, labels } = drawScene(seed, {
        content: "shapes",
        size: { height: 128, width: 128 },
      });
      most = Math.max(most, instances.length);
      expect(tags).toEqual([]);
      expect(Math.max(...labels.data)).toBe(0);
    }
    expect(most).toBeGreaterThan(24);
  });

  it("names in its first caption every class present and no other", () => {
    for (let seed = 0; seed < 40; seed++) {
      const { captions, tags } = drawScene(seed, { size: { height: 96, width: 96 } });
      const words = new Set(captions[0].split(/[ ,]+/));
      const named = objectClasses.flatMap(({ name, plural }, k) =>
        words.has(name) || words.has(plural) ? [k + 1] : [],
      );
      expect(named).toEqual(tags);
    }
  });

  it("refuses sizes that are none", () => {
    for (const height of [0, -1, 1.5, Number.NaN, 4097])
      expect(() => drawScene(0, { size: { height, width: 4 } })).toThrow(
        "drawScene: size.height: expected an integer from 1 to 4096",
      );
    expect(() => drawScene(0, { voidRim: -1 })).toThrow(
      "drawScene: voidRim: expected an integer of 0 or more",
    );
  });
});
