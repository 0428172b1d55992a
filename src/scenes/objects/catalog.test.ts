import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { rgb } from "../color.ts";
import { stuffNames } from "../model.ts";
import { boundsOf } from "../outline.ts";
import { objectClasses, partClassOf, sceneClasses, scenePartClasses, scenePartOwners } from "./catalog.ts";

const look = { main: rgb(200, 40, 40), second: rgb(40, 40, 200) };

describe("object classes", () => {
  it("keep their ids", () => {
    expect(sceneClasses.join(" ")).toBe(
      "background car house tree person bird fish boat cup flower lamp cat chair bottle butterfly mushroom",
    );
    expect(scenePartClasses.length).toBe(scenePartOwners.length);
    expect(partClassOf(1, "wheel")).toBe(scenePartClasses.indexOf("car wheel"));
    expect(partClassOf(0, "body")).toBe(0);
  });

  for (const object of objectClasses) {
    it(`${object.name}: is about 1 high, made of its own parts, all of them used`, () => {
      const used = new Set<string>();
      for (let seed = 0; seed < 60; seed++) {
        const parts = object.build(random(seed), look);
        for (const { part, layers } of parts) {
          used.add(part);
          expect(layers.length).toBeGreaterThan(0);
          for (const { color } of layers)
            for (const channel of color) expect(channel >= 0 && channel <= 1).toBe(true);
        }
        const { x0, y0, x1, y1 } = boundsOf(
          parts.flatMap(({ layers }) => layers.map(({ outline }) => outline)),
        );
        expect(y1).toBeGreaterThan(-0.5);
        expect(y1).toBeLessThan(0.2);
        expect(y0).toBeGreaterThan(-1.4);
        expect(y0).toBeLessThan(-0.6);
        expect(Math.max(-x0, x1)).toBeLessThan(1.5);
      }
      expect([...used].sort()).toEqual([...object.parts].sort());
      for (const part of object.telling) expect(object.parts).toContain(part);
      for (const name of object.home) expect(stuffNames).toContain(name);
    });
  }
});
