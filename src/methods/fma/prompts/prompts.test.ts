import { join } from "node:path";
import { expect, it } from "vitest";
import { classList } from "../../../data/class-list.ts";
import { readClassTexts } from "../../../data/class-texts.ts";
import { stuffNames } from "../../../scenes/model.ts";
import { sceneClasses } from "../../../scenes/objects/catalog.ts";
import { cocoTexts } from "./coco.ts";
import { sceneTexts } from "./scenes.ts";
import { vocTexts } from "./voc.ts";

it.each([vocTexts, cocoTexts])("has a text for each class of $name, in order", async ({ name, classes }) => {
  const names = (await classList(name)).classes.slice(1);
  expect(classes).toHaveLength(names.length);
  expect(new Set(classes).size).toBe(classes.length);
  // Most classes keep their names; the others are the published ones.
  const renamed = names.flatMap((each, k) => (classes[k] === each ? [] : [[each, classes[k]]]));
  expect(Object.fromEntries(renamed)).toMatchObject({
    bird: "bird avian",
    person: "person with clothes,people,human",
  });
  expect(renamed).toHaveLength(name === "voc" ? 4 : 18);
});

it.each([vocTexts, cocoTexts, sceneTexts])("ships $name as a file of texts", async (texts) => {
  const { name } = texts;
  const classes = name === "scenes" ? sceneClasses : (await classList(name)).classes;
  const path = join(import.meta.dirname, `../../../../texts/${name}.json`);
  expect(await readClassTexts(path, classes)).toEqual(texts);
});

it("has the generator's words for its scenes", () => {
  expect(sceneTexts.classes).toEqual(sceneClasses.slice(1));
  expect(sceneTexts.background).toEqual([...stuffNames, "clutter"]);
});

it("has VOC's background but for keyboard and sign in COCO", () => {
  expect(vocTexts.background).toHaveLength(25);
  expect(cocoTexts.background).toHaveLength(23);
  expect(vocTexts.background.filter((text) => !cocoTexts.background.includes(text))).toEqual([
    "keyboard",
    "sign",
  ]);
});
