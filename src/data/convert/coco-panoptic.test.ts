import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { labelPng, temporaryFolder, writeTree } from "../../testing/tree.ts";
import { decodePng } from "../png-decode.ts";
import { encodePng } from "../png-encode.ts";
import { convert } from "./convert.ts";

/** A panoptic data set of one picture of 1 × 3 pixels with the segments 256 and 70,000. */
function panoptic(change: (json: string) => string = (json) => json): Record<string, string | Uint8Array> {
  const json = JSON.stringify({
    images: [{ id: 9, file_name: "a.jpg", height: 1, width: 3 }],
    annotations: [
      {
        image_id: 9,
        file_name: "a.png",
        segments_info: [
          { id: 256, category_id: 18, iscrowd: 0, area: 1, bbox: [0, 0, 1, 1] },
          { id: 70_000, category_id: 1, iscrowd: 1, area: 1, bbox: [2, 0, 1, 1] },
        ],
      },
    ],
    categories: [
      { id: 18, name: "dog", isthing: 1 },
      { id: 1, name: "person", isthing: 1 },
    ],
  });
  // 70,000 = 112 + 256 × 17 + 65,536 × 1
  const colors = Uint8Array.of(0, 1, 0, 0, 0, 0, 112, 17, 1);
  return {
    "in/panoptic_x.json": change(json),
    "in/panoptic_x/a.png": encodePng({ height: 1, width: 3 }, colors, null),
  };
}

async function toCoco(files: Record<string, string | Uint8Array>, input = "in/panoptic_x.json") {
  const folder = temporaryFolder();
  writeTree(folder, files);
  const output = join(folder, "out.json");
  await convert(join(folder, input), output, { from: "coco-panoptic", to: "coco-rle", strict: true });
  return JSON.parse(readFileSync(output, "utf8"));
}

describe("COCO panoptic", () => {
  it("reads numbers of three bytes, crowds and category ids from a file and the folder of its name", async () => {
    const { annotations, categories, images } = await toCoco(panoptic());
    expect(categories).toEqual([
      { id: 1, name: "person" },
      { id: 18, name: "dog" },
    ]);
    expect(images).toEqual([{ file_name: "a.jpg", height: 1, id: 1, width: 3 }]);
    expect(annotations).toMatchObject([
      { bbox: [0, 0, 1, 1], category_id: 18, iscrowd: 0 },
      { bbox: [2, 0, 1, 1], category_id: 1, iscrowd: 1 },
    ]);
  });

  it("tells categories of one name apart by their supercategories", async () => {
    const bodies = panoptic((json) =>
      json
        .replace('"name":"dog"', '"name":"body","supercategory":"dog"')
        .replace('"name":"person"', '"name":"body","supercategory":"person"'),
    );
    expect((await toCoco(bodies)).categories.map(({ name }: { name: string }) => name)).toEqual([
      "person body",
      "dog body",
    ]);
  });

  it("writes what panopticapi reads: a folder of PNGs beside the file that lists their segments", async () => {
    const folder = temporaryFolder();
    writeTree(folder, { "in/sub/a.png": labelPng("102 10x") });
    const { losses } = await convert(join(folder, "in"), join(folder, "out"), {
      from: "labels",
      to: "coco-panoptic",
    });
    expect(losses.map(({ kind, count }) => [kind, count])).toEqual([["ignore-pixels", 1]]);
    const { data, kind } = decodePng(readFileSync(join(folder, "out/panoptic/sub/a.png")), "a.png");
    expect(kind).toBe("rgb");
    expect([...data].filter((_, k) => k % 3 === 0)).toEqual([1, 0, 2, 1, 0, 0]);
    expect(JSON.parse(readFileSync(join(folder, "out/panoptic.json"), "utf8"))).toEqual({
      annotations: [
        {
          file_name: "sub/a.png",
          image_id: 1,
          segments_info: [
            { area: 2, bbox: [0, 0, 1, 2], category_id: 1, id: 1, iscrowd: 0 },
            { area: 1, bbox: [2, 0, 1, 1], category_id: 2, id: 2, iscrowd: 0 },
          ],
        },
      ],
      categories: [
        { id: 1, isthing: 0, name: "class_1" },
        { id: 2, isthing: 0, name: "class_2" },
      ],
      images: [{ file_name: "sub/a.jpg", height: 2, id: 1, width: 3 }],
    });
  });

  it.each([
    [
      "a segment that the JSON does not list",
      (json: string) => json.replace('"id":256', '"id":255'),
      /a\.png: row 0, column 0: expected a segment that the JSON lists, got 256$/,
    ],
    [
      "a PNG of another size",
      (json: string) => json.replace('"width":3', '"width":4'),
      /a\.png: expected 1×4, got 1×3$/,
    ],
    [
      "a PNG outside",
      (json: string) => json.replace('"a.png"', '"../a.png"'),
      /panoptic_x\.json: annotations: file_name: expected a path inside .*, got a path with "\.\."/,
    ],
    [
      "a photo outside",
      (json: string) => json.replace('"a.jpg"', '"/a.jpg"'),
      /images\[0\]\.file_name: expected a path in the image folder, got an absolute path/,
    ],
    [
      "a category that is not there",
      (json: string) => json.replace('"category_id":18', '"category_id":19'),
      /annotations\[0\]\.segments_info\[0\]\.category_id: expected one of 254 categories, got 19$/,
    ],
    [
      "an image without segments",
      (json: string) => json.replace('"image_id":9', '"image_id":8'),
      /images\[0\]: expected an annotation with its segments, got none$/,
    ],
    [
      "numbers of more than three bytes",
      (json: string) => json.replace('"id":256', '"id":16777216'),
      /segments_info\[0\]\.id: expected an id of 24 bits, got 16777216$/,
    ],
  ])("refuses %s", async (_, change, message) => {
    await expect(toCoco(panoptic(change))).rejects.toThrow(message);
  });

  it("refuses PNGs that are no colors", async () => {
    const files = { ...panoptic(), "in/panoptic_x/a.png": labelPng("102") };
    await expect(toCoco(files)).rejects.toThrow(
      /a\.png: expected colors of 3 × 8 bits, got a picture of kind palette$/,
    );
  });
});
