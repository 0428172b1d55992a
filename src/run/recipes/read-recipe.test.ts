import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { MaskwrightError } from "../../core/error.ts";
import { readRecipe } from "./read-recipe.ts";
import type { Recipe } from "./recipe.ts";
import type { Setting } from "./recipe-settings.ts";

function read(text: string, ...settings: readonly string[]): Recipe {
  const source = { name: "recipe.yaml", text, folder: "/data" };
  return readRecipe(
    source,
    settings.map((each): Setting => {
      const at = each.indexOf("=");
      return { key: each.slice(0, at), value: each.slice(at + 1) };
    }),
  );
}

function refusal(text: string, ...settings: readonly string[]): string {
  try {
    read(text, ...settings);
  } catch (error) {
    if (error instanceof MaskwrightError) return error.message;
    throw error;
  }
  return "nothing is wrong";
}

const tags = "method: tags\nimages: photos\ntags: tags.csv\n";

describe("readRecipe", () => {
  it("puts every default in its place, and leads paths from the file's folder", () => {
    expect(read(tags)).toEqual({
      method: "tags",
      images: "/data/photos",
      tags: "/data/tags.csv",
      classes: "voc",
      seed: 1,
      model: "regions",
      device: "cpu",
      precision: "fp32",
      masks: {},
      cams: { source: "clip", prompts: "written" },
      seeds: { recipe: "voc", crf: false },
      segmenter: { ema: false, balanced: false, validation: 0.1, checkpointEvery: 200 },
      predictions: { scales: [1], flip: false, crf: false },
    });
    expect(read(`${tags}classes: names.txt\nmodel: onnx:pair\nseeds: { recipe: own.json }\n`)).toMatchObject({
      classes: "/data/names.txt",
      model: "onnx:/data/pair",
      seeds: { recipe: "/data/own.json" },
    });
    expect(read(`${tags}classes: [cat, dog]\n`)).toMatchObject({ classes: ["cat", "dog"] });
  });

  it("takes what is set in place of the file's, with paths from the current folder", () => {
    expect(
      read(tags, "images=other", "seeds.power=2", "classes=[cat, dog]", "segmenter=null", "truth=/truth"),
    ).toMatchObject({
      images: resolve("other"),
      seeds: { power: 2 },
      classes: ["cat", "dog"],
      segmenter: null,
      truth: "/truth",
    });
  });

  it.each([
    [
      "a value of another kind",
      `${tags}seed: many\n`,
      'recipe.yaml:4 seed: expected an integer ≥ 1, got "many"',
    ],
    [
      "a value inside a stage",
      `${tags}seeds:\n  crf: false\n  power: -1\n`,
      "recipe.yaml:6 seeds.power: expected a number above 0, got -1",
    ],
    [
      "a key that is missing",
      "method: tags\nimages: photos\n",
      "recipe.yaml:1 tags: expected a file of image tags, CSV or JSON, got nothing",
    ],
    [
      "an unknown key",
      `${tags}seeds:\n  pwoer: 2\n`,
      'recipe.yaml:5 seeds.pwoer: expected a key of seeds, such as power, got "pwoer"',
    ],
    [
      "an unknown key of the recipe",
      `${tags}imagse: photos\n`,
      'recipe.yaml:4 imagse: expected a key of the method tags, such as images, got "imagse"',
    ],
    [
      "an unknown method",
      "images: photos\nmethod: tagz\n",
      'recipe.yaml:2 method: expected tags, or another of sepl, tags, boxes, points, parts, got "tagz"',
    ],
    [
      "no method",
      "images: photos\n",
      "recipe.yaml:1 method: expected one of sepl, tags, boxes, points, parts, got nothing",
    ],
    ["a list", "- tags\n", 'recipe.yaml: expected keys and values, such as `method: tags`, got ["tags"]'],
    ["nothing", "", "recipe.yaml: expected keys and values, such as `method: tags`, got null"],
    ["no YAML", "method: tags\nimages: [\n", /^recipe\.yaml:\d: expected YAML, got /],
    ["a key twice", `${tags}tags: b.csv\n`, "recipe.yaml:4: expected YAML, got Map keys must be unique"],
    [
      "two kinds of labels",
      "method: parts\nimages: a\nboxes: b\npoints: c\nmodel: mobile-sam\n",
      'recipe.yaml:4 points: expected nothing beside boxes, got "/data/c"',
    ],
    [
      "no labels",
      "method: parts\nimages: a\nmodel: mobile-sam\n",
      "recipe.yaml:1 boxes: expected a file of boxes here, or one of points or parts by that name, got nothing",
    ],
    [
      "a model's option for regions",
      `${tags}masks: { max: 3, generator: fma }\n`,
      'recipe.yaml:4 masks.generator: expected nothing, since regions is asked nothing, or another model, got "fma"',
    ],
    [
      "a classifier without weights",
      `${tags}cams: { source: classifier }\n`,
      "recipe.yaml:4 cams.weights: expected a MobileNetV2 file, for the classifier, got nothing",
    ],
  ])("refuses %s by file, line and key", (_, text, message) => {
    expect(refusal(text)).toMatch(message);
    if (typeof message === "string") expect(refusal(text)).toBe(message);
  });

  it("lists all that is wrong, with what was set by its key", () => {
    expect(refusal(`${tags}seed: 0\nlimit: 1.5\n`, "seeds.power=x", "seeds.cfr=true")).toBe(
      [
        "recipe.yaml: 4 problems",
        "recipe.yaml:4 seed: expected an integer ≥ 1, got 0",
        "recipe.yaml:5 limit: expected an integer ≥ 1, got 1.5",
        '--set seeds.power: expected a number above 0, got "x"',
        '--set seeds.cfr: expected a key of seeds, such as crf, got "cfr"',
      ].join("\n  "),
    );
  });

  it("names a setting of a stage that the method does not have", () => {
    const boxes = "method: boxes\nimages: a\nboxes: b.csv\n";
    expect(refusal(boxes, "seeds.power=1")).toBe(
      '--set seeds.power: expected a key of the method boxes, such as seed, got "seeds"',
    );
  });

  it("refuses to set a key inside what has none", () => {
    expect(refusal(tags, "images.x=1")).toBe(
      '--set images.x: expected keys with dots between them, got "images.x"',
    );
  });

  it("is not blown up by aliases", () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (let k = 0; k < 8; k++)
      bomb.push(`${"bcdefghi"[k]}: &${"bcdefghi"[k]} [${Array(9).fill(`*${"abcdefgh"[k]}`).join(", ")}]`);
    expect(refusal(bomb.join("\n"))).toMatch(/^recipe\.yaml: expected/);
  });
});
