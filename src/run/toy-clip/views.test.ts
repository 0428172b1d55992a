import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { sceneClasses } from "../../scenes/objects/catalog.ts";
import { drawScene } from "../../scenes/scene.ts";
import { cutViews, wholeView } from "./views.ts";

const sceneOf = (seed: number): ReturnType<typeof drawScene> =>
  drawScene(`views-${seed}`, { size: { height: 64, width: 64 } });

describe("wholeView", () => {
  it("has the scene's classes, but for specks", () => {
    for (let seed = 0; seed < 10; seed++) {
      const scene = sceneOf(seed);
      const { image, facts } = wholeView(scene, 32);
      expect([image.height, image.width, image.data.length]).toEqual([32, 32, 3 * 32 * 32]);
      const large = scene.tags.filter(
        (id) => scene.labels.data.filter((label) => label === id).length >= 0.01 * 64 * 64,
      );
      const named = [...facts].filter((fact) => sceneClasses.includes(fact));
      expect(named).toEqual(large.map((id) => sceneClasses[id]));
    }
  });
});

describe("cutViews", () => {
  it("cuts the same squares from the same seed, with nothing in them that the scene does not have", () => {
    for (let seed = 0; seed < 10; seed++) {
      const scene = sceneOf(seed);
      const views = cutViews(scene, 6, 32, random(seed));
      expect(cutViews(scene, 6, 32, random(seed))).toEqual(views);
      // In so small a scene two may fall on the same place.
      expect(new Set(views.map(({ image }) => image.data.join())).size).toBeGreaterThan(1);
      for (const { facts } of views) {
        const classes = [...facts].map((fact) => sceneClasses.indexOf(fact)).filter((id) => id > 0);
        expect(scene.tags).toEqual(expect.arrayContaining(classes));
      }
    }
  });
});
