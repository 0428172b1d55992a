import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boxFromSam } from "../core/geometry.ts";
import type { Proposal, ProposalSet } from "../core/proposal.ts";
import { decodeRle, encodeRle, rleArea, rleBox } from "../core/rle.ts";
import { encodeRleString } from "../core/rle-string.ts";
import { goldenFolder, readJson } from "../testing/folders.ts";
import { reportGolden } from "../testing/golden.ts";
import { draw, mask } from "../testing/picture.ts";
import { decodeProposals, encodeProposals } from "./proposal-file.ts";

function proposal(drawing: string, rest: Partial<Proposal> = {}): Proposal {
  const rle = encodeRle(mask(drawing));
  return { rle, area: rleArea(rle), box: rleBox(rle), predictedIou: 0.9, stability: 0.95, ...rest };
}

const set: ProposalSet = {
  id: "a/b",
  height: 2,
  width: 3,
  proposals: [
    proposal(".## .#.", { point: { x: 1.5, y: 0.5 }, cropBox: { x0: 1, y0: 0, x1: 3, y1: 2 }, level: 2 }),
    proposal("... ..."),
    proposal("### ###"),
  ],
};

const counts = encodeRleString(encodeRle(mask(".## .#.")));
const record = { segmentation: { size: [2, 3], counts }, predicted_iou: 0.5, stability_score: 1 };
const image = { id: "a", height: 2, width: 3 };

describe("encodeProposals", () => {
  it("writes one record a line, boxes in whole pixels as COCO means them", () => {
    expect(encodeProposals(set).split("\n")).toEqual([
      '{"image":{"id":"a/b","height":2,"width":3},"annotations":[',
      '{"segmentation":{"size":[2,3],"counts":"231"},"area":3,"bbox":[1,0,2,2],"predicted_iou":0.9,' +
        '"stability_score":0.95,"point_coords":[[1.5,0.5]],"crop_box":[1,0,2,2],"level":2},',
      '{"segmentation":{"size":[2,3],"counts":"6"},"area":0,"bbox":[0,0,0,0],"predicted_iou":0.9,' +
        '"stability_score":0.95,"point_coords":[],"crop_box":[0,0,3,2]},',
      '{"segmentation":{"size":[2,3],"counts":"06"},"area":6,"bbox":[0,0,3,2],"predicted_iou":0.9,' +
        '"stability_score":0.95,"point_coords":[],"crop_box":[0,0,3,2]}',
      "]}",
      "",
    ]);
  });

  it("writes what masks are, where that is known", () => {
    const text = encodeProposals(set, { categoryIds: [7, 8, 7] });
    const { annotations } = JSON.parse(text) as { annotations: { category_id: number }[] };
    expect(annotations.map((record) => record.category_id)).toEqual([7, 8, 7]);
    expect(decodeProposals(text, "a.json")).toEqual(decodeProposals(encodeProposals(set), "a.json"));
  });

  it("writes SAM's boxes, one pixel short, where they are asked for", () => {
    const { annotations } = JSON.parse(encodeProposals(set, { shortBoxes: true })) as {
      annotations: { bbox: number[] }[];
    };
    expect(annotations.map(({ bbox }) => bbox)).toEqual([
      [1, 0, 1, 1],
      [0, 0, 0, 0],
      [0, 0, 2, 1],
    ]);
  });

  it("writes unknown qualities as null", () => {
    const unknown = proposal("#", { predictedIou: Number.NaN, stability: Number.NaN });
    const text = encodeProposals({ id: "a", height: 1, width: 1, proposals: [unknown] });
    expect(text).toContain('"predicted_iou":null,"stability_score":null');
    expect(decodeProposals(text, "a.json").proposals).toEqual([unknown]);
  });
});

describe("decodeProposals", () => {
  it("reads what encodeProposals wrote: text, bytes, gzip, with a byte order mark", () => {
    const text = encodeProposals(set);
    for (const file of [text, Buffer.from(text), gzipSync(text), Buffer.from(`\uFEFF${text}`)])
      expect(decodeProposals(file, "x.json")).toEqual(set);
  });

  it("keeps an empty set, of known and unknown size", () => {
    for (const size of [
      { height: 2, width: 3 },
      { height: 0, width: 0 },
    ]) {
      const empty = { id: "a", ...size, proposals: [] };
      expect(decodeProposals(encodeProposals(empty), "a.json")).toEqual(empty);
    }
    expect(decodeProposals("[]", "in/a.json")).toEqual({ id: "a", height: 0, width: 0, proposals: [] });
  });

  it("reads SA-1B: the id comes from the file name of the photo", () => {
    const sa1b = {
      image: { image_id: 7, width: 3, height: 2, file_name: "sa_7.jpg" },
      annotations: [
        { id: 1, ...record, area: 3, bbox: [1, 0, 1, 1], point_coords: [[1, 0]], crop_box: [0, 0, 3, 2] },
      ],
    };
    const { id, proposals } = decodeProposals(JSON.stringify(sa1b), "x.json");
    expect(id).toBe("sa_7");
    expect(draw(decodeRle(proposals[0].rle))).toBe(".## .#.");
    expect(proposals[0].point).toEqual({ x: 1, y: 0 });
  });

  it("reads a bare list of records, compressed or not, and takes the id from the path", () => {
    const list = [record, { ...record, segmentation: { size: [2, 3], counts: [2, 3, 1, 0] } }];
    const { id, height, width, proposals } = decodeProposals(JSON.stringify(list), "in/2007_000032.json.gz");
    expect({ id, height, width }).toEqual({ id: "2007_000032", height: 2, width: 3 });
    expect(draw(decodeRle(proposals[0].rle))).toBe(".## .#.");
    expect(draw(decodeRle(proposals[1].rle))).toBe(".## .#.");
  });

  it("recomputes area and box: a record that lies about them is not believed", () => {
    const lying = { ...record, area: 99, bbox: [0, 0, 1, 1] };
    const { proposals } = decodeProposals(JSON.stringify({ image, annotations: [lying] }), "a.json");
    expect(proposals[0].area).toBe(3);
    expect(proposals[0].box).toEqual({ x0: 1, y0: 0, x1: 3, y1: 2 });
  });

  it("takes an absent or null quality as unknown", () => {
    const bare = { segmentation: record.segmentation };
    const nulls = { ...bare, predicted_iou: null, stability_score: null, point_coords: null, level: null };
    const { proposals } = decodeProposals(JSON.stringify({ image, annotations: [bare, nulls] }), "a.json");
    expect(proposals[0]).toEqual(proposals[1]);
    expect(proposals[0].predictedIou).toBeNaN();
    expect(proposals[0].stability).toBeNaN();
  });

  it("returns any set it wrote (property)", () => {
    const anySet = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .chain(([height, width]) =>
        fc.record({
          id: fc.constantFrom("a", "a/b", "2007_000032"),
          height: fc.constant(height),
          width: fc.constant(width),
          proposals: fc.array(anyProposal(height, width), { maxLength: 4 }),
        }),
      );
    fc.assert(
      fc.property(anySet, (value) => {
        expect(decodeProposals(encodeProposals(value), "x.json")).toEqual(value);
      }),
    );
  });

  it.each([
    ["not JSON", "{", "x.json:1:2: expected JSON, got the end of the file"],
    ["a number", "7", "x.json: expected an object, got 7"],
    ["no annotations", { image }, "x.json: annotations: expected a list, got nothing"],
    ["no image", { annotations: [] }, "x.json: image: expected an object, got nothing"],
    [
      "an id outside its folder",
      { image: { ...image, id: "../a" }, annotations: [] },
      'x.json: image.id: expected a picture id, got a path with "..": "../a"',
    ],
    [
      "a number as id",
      { image: { ...image, id: 3 }, annotations: [] },
      "x.json: image.id: expected a picture id, got 3",
    ],
    [
      "a huge picture",
      { image: { id: "a", height: 60000, width: 60000 }, annotations: [] },
      "x.json: image: expected a height and width of at least 1 and at most 100000000 pixels, got 60000×60000",
    ],
    [
      "no height",
      { image: { id: "a", width: 3 }, annotations: [record] },
      "x.json: image: expected a height and width of at least 1 and at most 100000000 pixels, got undefined×3",
    ],
    [
      "a record that is no object",
      { image, annotations: [null] },
      "x.json: annotations[0]: expected an object, got null",
    ],
    [
      "no segmentation",
      { image, annotations: [record, {}] },
      "x.json: annotations[1].segmentation: expected an object, got nothing",
    ],
    [
      "a polygon",
      { image, annotations: [{ segmentation: [[0, 0, 1, 1]] }] },
      "x.json: annotations[0].segmentation: expected an object, got [[0,0,1,1]]",
    ],
    [
      "no size",
      withSegmentation({ counts }),
      "x.json: annotations[0].segmentation.size: expected [height, width], got nothing",
    ],
    [
      "another size",
      withSegmentation({ size: [3, 2], counts }),
      "x.json: annotations[0].segmentation.size: expected [2, 3], got [3, 2]",
    ],
    [
      "no counts",
      withSegmentation({ size: [2, 3] }),
      "x.json: annotations[0].segmentation.counts: expected a COCO string or a list of run lengths, got nothing",
    ],
    [
      "a string as quality",
      { image, annotations: [{ ...record, predicted_iou: "0.9" }] },
      'x.json: annotations[0].predicted_iou: expected a number, got "0.9"',
    ],
    [
      "a point without y",
      { image, annotations: [{ ...record, point_coords: [[1]] }] },
      "x.json: annotations[0].point_coords: expected [[x, y]], got [[1]]",
    ],
    [
      "a crop of three numbers",
      { image, annotations: [{ ...record, crop_box: [0, 0, 3] }] },
      "x.json: annotations[0].crop_box: expected [x, y, width, height], got [0,0,3]",
    ],
    [
      "a level of 3",
      { image, annotations: [{ ...record, level: 3 }] },
      "x.json: annotations[0].level: expected 0, 1 or 2, got 3",
    ],
    ["a bare list of numbers", [1], "x.json: [0]: expected an object, got 1"],
    [
      "too many",
      { image, annotations: new Array(100_001).fill(0) },
      "x.json: annotations: expected at most 100000 proposals, got 100001",
    ],
  ])("refuses %s in one line", (_, content, message) => {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    expect(() => decodeProposals(text, "x.json")).toThrow(
      expect.objectContaining({ code: "BAD_FORMAT", message }),
    );
  });

  it.each([
    [
      "a string that sums to more",
      withSegmentation({ size: [2, 3], counts: "7" }),
      /expected a sum of 6 \(2×3\), got 7$/,
    ],
    [
      "a list that sums to less",
      withSegmentation({ size: [2, 3], counts: [1, 2] }),
      /expected a sum of 6 \(2×3\), got 3$/,
    ],
    [
      "a negative run",
      withSegmentation({ size: [2, 3], counts: [-1, 7] }),
      /expected an integer >= 0, got -1$/,
    ],
    ["a character of no COCO string", withSegmentation({ size: [2, 3], counts: "é" }), /at offset 0$/],
    ["a number that is cut", withSegmentation({ size: [2, 3], counts: "P" }), /got a cut one$/],
  ])("refuses run lengths that lie, naming the record: %s", (_, content, end) => {
    const read = () => decodeProposals(JSON.stringify(content), "x.json");
    expect(read).toThrow(/^x\.json: annotations\[0\]\.segmentation/);
    expect(read).toThrow(end);
  });

  it("refuses gzip that is cut", () => {
    const cut = gzipSync(encodeProposals(set)).subarray(0, -9);
    expect(() => decodeProposals(cut, "x.json.gz")).toThrow(
      /^x\.json\.gz: expected gzip of at most 500000000 bytes, got /,
    );
  });

  it("reads the published generator's records", ({ skip }) => {
    const folder = goldenFolder("sam-amg");
    if (folder === null) return skip();
    let compared = 0;
    const { runs } = readJson<{ readonly runs: readonly { readonly records: string }[] }>(
      folder,
      "cases.json",
    );
    for (const { records: file } of runs) {
      const records = readJson<SamRecord[]>(folder, file);
      // Most of the set's records have no run lengths, only the size.
      if (records.some(({ segmentation }) => segmentation.counts === undefined)) continue;
      const { proposals } = decodeProposals(readFileSync(join(folder, file)), file);
      expect(proposals.length).toBe(records.length);
      for (const [k, { rle, area, box, predictedIou, stability, point }] of proposals.entries()) {
        const sam = records[k];
        expect(encodeRleString(rle)).toBe(sam.coco_string);
        expect({ area, predictedIou, stability }).toEqual({
          area: sam.area,
          predictedIou: sam.predicted_iou,
          stability: sam.stability_score,
        });
        expect([[point?.x, point?.y]]).toEqual(sam.point_coords);
        const [x, y, width, height] = sam.bbox; // one pixel short on the right and bottom
        expect(box).toEqual(boxFromSam([x, y, x + width, y + height]));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
    reportGolden("sam-amg", compared, 0);
  });
});

interface SamRecord {
  readonly segmentation: { readonly counts?: readonly number[] };
  readonly coco_string: string;
  readonly area: number;
  readonly bbox: [number, number, number, number];
  readonly predicted_iou: number;
  readonly stability_score: number;
  readonly point_coords: [number, number][];
}

function withSegmentation(segmentation: object): object {
  return { image, annotations: [{ ...record, segmentation }] };
}

function anyProposal(height: number, width: number): fc.Arbitrary<Proposal> {
  const quality = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }).map((x) => x + 0),
    fc.constant(Number.NaN),
  );
  return fc
    .record({
      data: fc.uint8Array({ min: 0, max: 1, minLength: height * width, maxLength: height * width }),
      predictedIou: quality,
      stability: quality,
      point: fc.option(fc.record({ x: fc.integer({ min: 0, max: 9 }), y: fc.integer({ min: 0, max: 9 }) })),
      level: fc.option(fc.constantFrom(0 as const, 1 as const, 2 as const)),
    })
    .map(({ data, predictedIou, stability, point, level }) => {
      const rle = encodeRle({ height, width, data });
      const measured = { rle, area: rleArea(rle), box: rleBox(rle), predictedIou, stability };
      return { ...measured, ...(point && { point }), ...(level !== null && { level }) };
    });
}
