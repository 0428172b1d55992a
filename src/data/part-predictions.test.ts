import { describe, expect, it } from "vitest";
import { decodeRle, encodeRle } from "../core/rle.ts";
import { draw, mask } from "../testing/picture.ts";
import { decodeCoco } from "./coco.ts";
import { cocoMask } from "./coco-segmentation.ts";
import { decodePartPredictions, encodePartPredictions } from "./part-predictions.ts";

const classes = ["background", "wheel", "door"];
const wheel = { classId: 1, score: 0.75, rle: encodeRle(mask(".#. .##")) };
const pictures = [
  {
    file: "a.jpg",
    height: 2,
    width: 3,
    parts: [wheel, { classId: 2, score: 0.5, rle: encodeRle(mask("... ...")) }],
  },
  { file: "b/c.png", height: 1, width: 1, imageId: 9, parts: [] },
];
const truth = decodeCoco({ ...encodePartPredictions(pictures, classes), annotations: [] }, "truth.json");

describe("encodePartPredictions", () => {
  it("writes what decodePartPredictions reads, without masks that are empty", () => {
    const json = encodePartPredictions(pictures, classes, [0, 20, 30]);
    expect(json.categories).toEqual([
      { id: 20, name: "wheel" },
      { id: 30, name: "door" },
    ]);
    expect(json.annotations).toMatchObject([
      { id: 1, image_id: 1, category_id: 20, area: 3, bbox: [1, 0, 2, 2] },
    ]);
    const { dataset, scores } = decodePartPredictions(JSON.parse(JSON.stringify(json)), "parts.json", truth);
    const [first, second] = dataset.images;
    expect(draw(decodeRle(cocoMask(first.instances[0], first)))).toBe(".#. .##");
    expect(second).toMatchObject({ imageId: 9, file: "b/c.png", instances: [] });
    expect([...scores]).toEqual([[1, 0.75]]);
  });
});

describe("decodePartPredictions", () => {
  it("takes COCO's list of results", () => {
    const [{ segmentation }] = encodePartPredictions(pictures, classes).annotations;
    const results = [
      { image_id: 1, category_id: 2, segmentation, score: 0.1 },
      { image_id: 1, category_id: 1, segmentation, score: 0.2 },
    ];
    const { dataset, scores } = decodePartPredictions(results, "results.json", truth);
    expect(dataset.images[0].instances.map(({ id, categoryId }) => [categoryId, scores.get(id)])).toEqual([
      [2, 0.1],
      [1, 0.2],
    ]);
  });

  it("refuses annotations, and results about other pictures", () => {
    const json = encodePartPredictions(pictures, classes);
    const bare = { ...json, annotations: json.annotations.map(({ score: _, ...rest }) => rest) };
    expect(() => decodePartPredictions(bare, "parts.json", truth)).toThrow(
      "annotations[0].score: expected a number",
    );
    const other = [{ image_id: 5, category_id: 1, segmentation: [], score: 1 }];
    expect(() => decodePartPredictions(other, "results.json", truth)).toThrow("the id of an image, got 5");
    expect(() => decodePartPredictions([3], "results.json", truth)).toThrow("annotations[0]");
  });
});
