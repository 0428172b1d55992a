import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { stuffNames } from "../../scenes/model.ts";
import { sceneClasses } from "../../scenes/objects/catalog.ts";
import { drawScene } from "../../scenes/scene.ts";
import { labels } from "../../testing/picture.ts";
import { drawToyScene, factsOf, mirrorView, objectView, patchShares, wholeView } from "./views.ts";
import { classNouns, nouns } from "./words.ts";

const SIDE = 48;
const scenes = Array.from({ length: 8 }, (_, k) => drawToyScene(`views-${k}`, SIDE));

describe("nouns", () => {
  it("are the generator's classes and backdrops in its order, then clutter", () => {
    expect(nouns).toEqual([...sceneClasses.slice(1), ...stuffNames, "clutter"]);
  });
});

describe("drawToyScene", () => {
  it("is the scene of that id at half the size, each pixel by what it shows", () => {
    scenes.forEach(({ image, shown, captions }, k) => {
      const scene = drawScene(`views-${k}`, { size: { height: 2 * SIDE, width: 2 * SIDE } });
      expect([image.height, image.width, shown.height, shown.width]).toEqual([SIDE, SIDE, SIDE, SIDE]);
      expect(captions).toEqual(scene.captions);
      const classes = new Set([...shown.data].filter((noun) => noun < classNouns.length));
      expect(scene.tags).toEqual(expect.arrayContaining([...classes].map((noun) => noun + 1)));
    });
    expect(scenes.some(({ shown }) => shown.data.includes(nouns.indexOf("clutter")))).toBe(true);
  });

  it("has its larger objects, inside of it", () => {
    const objects = scenes.flatMap((each) => each.objects);
    expect(objects.length).toBeGreaterThan(8);
    for (const { noun, box } of objects) {
      expect(classNouns[noun]).toBeDefined();
      expect(Math.max(box.x1 - box.x0, box.y1 - box.y0)).toBeGreaterThanOrEqual(14);
      expect([box.x0 >= 0, box.y0 >= 0, box.x1 <= SIDE, box.y1 <= SIDE]).not.toContain(false);
    }
  });
});

describe("objectView", () => {
  it("shows the object in the middle and as large as it can, the same from the same seed", () => {
    const own = scenes.flatMap((scene) =>
      scene.objects.map((object) => {
        const view = objectView(scene, object, 32, random("view"));
        expect(objectView(scene, object, 32, random("view"))).toEqual(view);
        expect([view.image.height, view.image.width, view.subjects]).toEqual([32, 32, [object.noun]]);
        return view.shown.data.filter((noun) => noun === object.noun).length / 32 ** 2;
      }),
    );
    expect(Math.min(...own)).toBeGreaterThan(0.02);
    expect(own.reduce((a, b) => a + b) / own.length).toBeGreaterThan(0.25);
  });
});

describe("wholeView", () => {
  it("is a picture of all classes that can be seen well", () => {
    for (const scene of scenes) {
      const { subjects, shown } = wholeView(scene);
      const facts = factsOf(shown);
      expect(subjects.map((noun) => classNouns[noun])).toEqual(classNouns.filter((noun) => facts.has(noun)));
    }
  });
});

describe("mirrorView", () => {
  it("turns picture and truth alike", () => {
    const view = wholeView(scenes[0]);
    const { image, shown } = mirrorView(view);
    expect([...shown.data.subarray(0, SIDE)]).toEqual([...view.shown.data.subarray(0, SIDE)].reverse());
    expect([...image.data.subarray(0, 3)]).toEqual([...view.image.data.subarray(3 * SIDE - 3, 3 * SIDE)]);
    expect(mirrorView({ ...view, image, shown })).toEqual(view);
  });
});

describe("factsOf and patchShares", () => {
  // 0 is a car, 1 a house.
  const shown = labels("0011 0111");

  it("count what can be seen", () => {
    expect(factsOf(shown)).toEqual(new Set(["car", "house"]));
    expect(factsOf({ height: 1, width: 10, data: new Uint8Array(10).fill(15) })).toEqual(new Set(["sky"]));
    // A twentieth of a backdrop, and of clutter.
    const data = new Uint8Array(20);
    data[0] = 15;
    expect(factsOf({ height: 1, width: 20, data })).toEqual(new Set(["car"]));
    data[0] = nouns.length - 1;
    expect(factsOf({ height: 1, width: 20, data })).toEqual(new Set(["car", "clutter"]));
  });

  it("share each patch", () => {
    const shares = patchShares(shown, 2);
    expect(shares.length).toBe(2 * nouns.length);
    expect([...shares.subarray(0, 3)]).toEqual([0.75, 0.25, 0]);
    expect([...shares.subarray(nouns.length, nouns.length + 3)]).toEqual([0, 1, 0]);
  });
});
