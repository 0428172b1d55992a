import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readThings, writeThings } from "../../testing/things.ts";
import { labelPng } from "../../testing/tree.ts";
import { encodePng } from "../png-encode.ts";

const png = (width: number, ...data: number[]): string =>
  Buffer.from(encodePng({ height: data.length / width, width }, Uint8Array.from(data), null)).toString(
    "base64",
  );
const labelme = (shapes: object[], more: object = {}): string =>
  JSON.stringify({
    imagePath: "..\\x\\a.jpg",
    imageData: null,
    imageHeight: 2,
    imageWidth: 4,
    shapes,
    ...more,
  });
const polygon = (label: string, points: number[][], more: object = {}): object => ({
  label,
  points,
  ...more,
});
const read = (...shapes: object[]) => readThings("labelme", { "in/a.json": labelme(shapes) });

describe("LabelMe", () => {
  it("reads polygons, rectangles and masks, groups as one object, and what is to be ignored", async () => {
    const { things, losses } = await read(
      polygon(
        "cat",
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 1],
        ],
        { group_id: 2, shape_type: "polygon", flags: {} },
      ),
      polygon(
        "dog",
        [
          [3, 2],
          [2, 1],
        ],
        { shape_type: "rectangle", description: "far", group_id: null },
      ),
      polygon(
        "cat",
        [
          [3, 0],
          [4, 0],
          [4, 1],
          [3, 1],
        ],
        { group_id: 2 },
      ),
      polygon(
        "cat",
        [
          [1, 0],
          [2, 1],
        ],
        { shape_type: "mask", mask: png(2, 0, 1, 255, 0) },
      ),
      polygon("__ignore__", [
        [0, 1],
        [1, 1],
        [1, 2],
        [0, 2],
      ]),
      polygon("cat", [[1, 1]], { shape_type: "point" }),
    );
    expect(things).toEqual({ a: ["1 #..# ....", "2 .... ..#.", "1 ..#. .#.."] });
    expect(losses).toEqual({ "ignore-pixels": 1, shapes: 1, attributes: 1 });
  });

  it("cuts a mask at its box of whole pixels, and at the picture, as LabelMe does", async () => {
    const { things } = await read(
      polygon(
        "cat",
        [
          [2, 0],
          [2, 1],
        ],
        { shape_type: "mask", mask: png(2, 1, 1, 1, 1) },
      ),
      polygon(
        "cat",
        [
          [2.5, 0.5],
          [9, 9],
        ],
        { shape_type: "mask", mask: png(2, 1, 1, 1, 1) },
      ),
      polygon(
        "cat",
        [
          [-1, 0],
          [0, 0],
        ],
        { shape_type: "mask", mask: png(2, 1, 1) },
      ),
    );
    expect(things).toEqual({ a: ["1 ..#. ..#.", "1 .... ...#", "1 #... ...."] });
  });

  it("writes a mask as the PNG of its box, and the list that LabelMe's converters take", async () => {
    const photo = encodePng({ height: 2, width: 4 }, new Uint8Array(8), null);
    const files = { "in/sub/a.png": labelPng("0110 0x10"), "photos/sub/a.png": photo };
    const output = await writeThings("labelme", files, { images: "photos" });
    expect(JSON.parse(readFileSync(join(output, "sub/a.json"), "utf8"))).toEqual({
      version: "5.5.0",
      flags: {},
      shapes: [
        {
          label: "class_1",
          points: [
            [1, 0],
            [2, 1],
          ],
          group_id: null,
          description: "",
          shape_type: "mask",
          flags: {},
          mask: png(2, 1, 1, 0, 1),
        },
        expect.objectContaining({
          label: "__ignore__",
          points: [
            [1, 1],
            [1, 1],
          ],
          mask: png(1, 1),
        }),
      ],
      imagePath: "a.png",
      imageData: null,
      imageHeight: 2,
      imageWidth: 4,
    });
    expect(readFileSync(join(output, "sub/a.png")).equals(photo)).toBe(true);
    expect(readFileSync(join(output, "labels.txt"), "utf8")).toBe("__ignore__\n_background_\nclass_1\n");
  });

  it.each<[string, object[], RegExp]>([
    [
      "a mask without pixels",
      [
        polygon(
          "a",
          [
            [0, 0],
            [1, 1],
          ],
          { shape_type: "mask" },
        ),
      ],
      /shapes\[0\]\.mask: expected a PNG in base64, got nothing/,
    ],
    [
      "a mask that is no PNG",
      [
        polygon(
          "a",
          [
            [0, 0],
            [1, 1],
          ],
          { shape_type: "mask", mask: "AAAA" },
        ),
      ],
      /shapes\[0\]\.mask: expected a PNG file/,
    ],
    [
      "a box of nothing",
      [
        polygon(
          "a",
          [
            [2, 0],
            [1, 1],
          ],
          { shape_type: "mask", mask: png(1, 1) },
        ),
      ],
      /points: expected a box that holds pixels/,
    ],
    [
      "a rectangle of three corners",
      [
        polygon(
          "a",
          [
            [0, 0],
            [1, 1],
            [2, 2],
          ],
          { shape_type: "rectangle" },
        ),
      ],
      /points: expected two corners, got 3/,
    ],
    [
      "a polygon of two corners",
      [
        polygon("a", [
          [0, 0],
          [1, 1],
        ]),
      ],
      /shapes\[0\]: expected x, y of three or more corners/,
    ],
    ["points that are none", [polygon("a", [[0]])], /shapes\[0\]\.points\[0\]/],
  ])("refuses %s", async (_, shapes, message) => {
    await expect(read(...shapes)).rejects.toThrow(message);
  });

  it("refuses labels that its list does not have, and pictures too large", async () => {
    const files = {
      "in/a.json": labelme([
        polygon("cat", [
          [0, 0],
          [1, 0],
          [1, 1],
        ]),
      ]),
      "in/labels.txt": "__ignore__\n_background_\ndog\n",
    };
    await expect(readThings("labelme", files)).rejects.toThrow(
      /shapes\[0\]\.label: expected a label of labels\.txt or --classes, got "cat"/,
    );
    const large = { "in/a.json": labelme([], { imageHeight: 1e5, imageWidth: 1e5 }) };
    await expect(readThings("labelme", large)).rejects.toThrow(/at most 100000000 pixels/);
  });
});
