import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMask } from "../../testing/arbitrary.ts";
import { mask } from "../../testing/picture.ts";
import { readThings, writeThings } from "../../testing/things.ts";
import { labelPng } from "../../testing/tree.ts";
import { decodeBrush, encodeBrush } from "./brush-rle.ts";

const size = { original_height: 2, original_width: 4, image_rotation: 0 };
const region = (type: string, value: object): object => ({
  type,
  ...size,
  value: { ...value, [type]: ["cat"] },
});
const task = (result: unknown[], more: object = {}): string =>
  JSON.stringify([
    { data: { image: "/data/local-files/?d=sub%2Fa%20b.jpg" }, annotations: [{ result }], ...more },
  ]);
const read = (json: string) => readThings("label-studio", { "in.json": json }, "in.json");

describe("the brush's run lengths", () => {
  it("are the bits of label-studio-converter", () => {
    // Printed by encode_rle(np.repeat(mask * 255, 4)) of its brush.py.
    expect(encodeBrush(mask("#."))).toEqual([0, 0, 0, 8, 57, 27, 252, 127, 241, 128, 0]);
    expect(encodeBrush(mask("##."))).toEqual([0, 0, 0, 12, 57, 27, 252, 255, 241, 128, 0]);
    const long = mask(".".repeat(5) + "#".repeat(70));
    expect(encodeBrush(long)).toEqual([0, 0, 1, 44, 57, 27, 254, 19, 0, 224, 34, 255, 224]);
  });

  it("give any mask back, with runs longer than 65,536 samples (property)", () => {
    fc.assert(
      fc.property(anyMask(9), (any) => {
        expect(decodeBrush(encodeBrush(any), any, "x").data).toEqual(any.data);
      }),
    );
    const long = { height: 200, width: 301, data: new Uint8Array(200 * 301).fill(1, 100, 50_000) };
    expect(decodeBrush(encodeBrush(long), long, "x").data).toEqual(long.data);
  });

  it("may spell samples one by one, as the tool itself does", () => {
    // 8 samples, words of 8 bits, sizes 1 1 1 1: a flag of 0, size 0, length 1 less one, then each value.
    const bits = `${(8).toString(2).padStart(32, "0")}00111${"0000".repeat(4)}`;
    const values = [0, 0, 0, 7, 9, 9, 9, 0]
      .map((value) => `0000${value.toString(2).padStart(8, "0")}`)
      .join("");
    const all = (bits + values).padEnd(160, "0");
    const bytes = all.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [];
    expect([...decodeBrush(bytes, { height: 1, width: 2 }, "x").data]).toEqual([1, 0]);
  });

  it("have to be of the picture's size and not end early", () => {
    const bytes = encodeBrush(mask("#."));
    expect(() => decodeBrush(bytes, { height: 1, width: 3 }, "x")).toThrow(
      /^x: expected 12 samples \(1×3 pixels of 4\), got 8$/,
    );
    expect(() => decodeBrush(bytes.slice(0, 8), { height: 1, width: 2 }, "x")).toThrow(
      /^x: expected bits for every pixel/,
    );
    expect(() => decodeBrush([], { height: 1, width: 2 }, "x")).toThrow(/an end after 0 bytes/);
  });
});

describe("Label Studio", () => {
  it("reads brushes, polygons and rectangles in percents, and the names of local files", async () => {
    const { things, losses } = await read(
      task([
        region("brushlabels", { format: "rle", rle: encodeBrush(mask(".#.. ....")) }),
        region("polygonlabels", {
          points: [
            [50, 0],
            [100, 0],
            [100, 100],
            [50, 100],
          ],
        }),
        region("rectanglelabels", { x: 0, y: 50, width: 25, height: 50, rotation: 0 }),
        region("keypointlabels", { x: 1, y: 1 }),
      ]),
    );
    expect(things).toEqual({ "sub/a b": ["1 .#.. ....", "1 ..## ..##", "1 .... #..."] });
    expect(losses).toEqual({ shapes: 1 });
  });

  it("takes the last annotation that was not canceled, or else the first prediction", async () => {
    const one = (x: number): object => ({
      result: [region("rectanglelabels", { x, y: 0, width: 25, height: 50 })],
    });
    const canceled = { ...one(75), was_cancelled: true };
    const several = await read(
      task([], { annotations: [one(0), one(25), canceled], predictions: [one(50)] }),
    );
    expect(several.things).toEqual({ "sub/a b": ["1 .#.. ...."] });
    const none = await read(task([], { annotations: [], predictions: [one(50), one(0)] }));
    expect(none.things).toEqual({ "sub/a b": ["1 ..#. ...."] });
  });

  it("writes tasks and the labeling interface for them", async () => {
    const output = await writeThings("label-studio", {
      "in/sub/a b.png": labelPng("10"),
      "in/c.png": labelPng("00"),
    });
    const tasks = JSON.parse(readFileSync(join(output, "tasks.json"), "utf8"));
    expect(tasks[1]).toEqual({
      id: 2,
      data: { image: "/data/local-files/?d=sub/a%20b.jpg", height: 1, width: 2 },
      annotations: [
        {
          result: [
            {
              id: "r1",
              type: "brushlabels",
              from_name: "brush",
              to_name: "image",
              original_width: 2,
              original_height: 1,
              image_rotation: 0,
              value: { format: "rle", rle: encodeBrush(mask("#.")), brushlabels: ["class_1"] },
            },
          ],
        },
      ],
    });
    expect(tasks[0].annotations).toEqual([{ result: [] }]);
    expect(readFileSync(join(output, "label-config.xml"), "utf8")).toContain(
      '<Label value="class_1" background="#800000"/>',
    );
  });

  it.each<[string, string, RegExp]>([
    [
      "a brush of another size",
      task([region("brushlabels", { rle: [0, 0, 0, 8, 57, 27] })]),
      /\[0\]: result\[0\]\.value\.rle: expected 32 samples/,
    ],
    [
      "bytes that are none",
      task([region("brushlabels", { rle: [256] })]),
      /value\.rle: expected a list of bytes, got \[256\]/,
    ],
    [
      "regions of two sizes",
      task([region("polygonlabels", {}), { ...region("polygonlabels", {}), original_width: 5 }]),
      /expected regions of a picture of 2×4, got 2×5/,
    ],
    [
      "a turned photo",
      task([{ ...region("brushlabels", {}), image_rotation: 90 }]),
      /image_rotation: expected 0, got 90/,
    ],
    ["JSON-MIN", '[{"image": "a.jpg", "tag": []}]', /\[0\]: data: expected an object, got nothing/],
    ["a photo outside", JSON.stringify([{ data: { image: "?d=../../x.jpg" } }]), /a path with "\.\."/],
    ["no photo", '[{"data": {"n": 3}}]', /\[0\]\.data: expected the path or address of a photo, got none/],
    ["no list", '{"data": {}}', /byte 0: expected a list, got \{/],
    ["a cut file", '[{"data": {', /expected a list to its closing "\]", got the end of the file/],
    ["more than a list", "[] []", /expected nothing after the list/],
    ["broken JSON", '[{"data": tru}]', /expected JSON/],
  ])("refuses %s", async (_, json, message) => {
    await expect(read(json)).rejects.toThrow(message);
  });
});
