import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaskwrightError } from "../../core/error.ts";
import type { LabelMap } from "../../core/label-map.ts";
import type { ProposalSet } from "../../core/proposal.ts";
import { encodeRle, rleArea, rleBox } from "../../core/rle.ts";
import { dataFolder } from "../../testing/folders.ts";
import { drawLabels, labels, mask } from "../../testing/picture.ts";
import { classList } from "../class-list.ts";
import { encodeLabelMap, readLabelMap } from "../label-file.ts";
import { decodeProposals, encodeProposals } from "../proposal-file.ts";
import { convert } from "./convert.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskwright-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...path: string[]): string => join(folder, ...path);

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

const putLabels = (path: string, map: LabelMap): void => put(path, encodeLabelMap(map));
const exact = (compared: number) => ({ compared, meanIou: 1, minIou: 1, worst: null });

/** COCO JSON of one image "a.jpg" with boxes `[x, y, width, height]` as polygons of a category. */
function coco(
  size: { height: number; width: number },
  ...boxes: { category: number; box: number[]; crowd?: 1 }[]
): string {
  const annotations = boxes.map(({ category, box: [x, y, w, h], crowd = 0 }, k) => ({
    id: k + 1,
    image_id: 1,
    category_id: category,
    segmentation: [[x, y, x + w, y, x + w, y + h, x, y + h]],
    iscrowd: crowd,
  }));
  const categories = [
    { id: 7, name: "cat" },
    { id: 90, name: "dog" },
  ];
  return JSON.stringify({ images: [{ id: 1, file_name: "a.jpg", ...size }], annotations, categories });
}

describe("labels ↔ COCO", () => {
  it.each(["coco", "coco-rle"] as const)(
    "labels → %s → labels is exact: holes, islands, sub-folders",
    async (format) => {
      const maps = {
        a: labels("11111 10201 11111"),
        "sub/b": labels("12 21 00"),
        empty: labels("000"),
        one: labels("3"),
      };
      for (const [id, map] of Object.entries(maps)) putLabels(`in/${id}.png`, map);
      const there = await convert(at("in"), at("out.json"), { from: "labels", to: format, strict: true });
      expect(there).toMatchObject({ written: true, pictures: 4, losses: [], roundTrip: exact(5) });
      const back = await convert(at("out.json"), at("back"), { from: format, to: "labels", strict: true });
      expect(back).toMatchObject({ written: true, pictures: 4, losses: [], roundTrip: exact(5) });
      for (const [id, map] of Object.entries(maps))
        expect(drawLabels(readLabelMap(at("back", `${id}.png`)))).toBe(drawLabels(map));
    },
  );

  it("any label map comes back from COCO exactly, but for ignore pixels (property)", async () => {
    const anyMap = fc
      .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }))
      .chain(([height, width]) =>
        fc
          .array(fc.constantFrom(0, 1, 2, 5, 255), { minLength: height * width, maxLength: height * width })
          .map((values): LabelMap => ({ height, width, data: Uint8Array.from(values) })),
      );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(anyMap, fc.constantFrom("coco" as const, "coco-rle" as const), async (map, format) => {
        const dir = String(run++);
        putLabels(`${dir}/in/a.png`, map);
        const { losses, roundTrip } = await convert(at(dir, "in"), at(dir, "out.json"), {
          from: "labels",
          to: format,
        });
        const ignored = map.data.filter((value) => value === 255).length;
        expect(losses.map(({ kind, count }) => [kind, count])).toEqual(
          ignored > 0 ? [["ignore-pixels", ignored]] : [],
        );
        expect(roundTrip.minIou ?? 1).toBe(1);
        await convert(at(dir, "out.json"), at(dir, "back"), { from: format, to: "labels" });
        const back = readLabelMap(at(dir, "back/a.png"));
        expect([...back.data]).toEqual([...map.data].map((value) => (value === 255 ? 0 : value)));
      }),
      { numRuns: 40 },
    );
  });

  it("names classes by the list, with COCO's own category ids, or by number", async () => {
    putLabels("in/a.png", labels("0012"));
    const categories = async (out: string, classes?: string): Promise<unknown> => {
      const list = classes === undefined ? {} : { classes: await classList(classes) };
      await convert(at("in"), at(out), { from: "labels", to: "coco", ...list });
      return JSON.parse(readFileSync(at(out), "utf8")).categories.slice(0, 2);
    };
    expect(await categories("voc.json", "voc")).toEqual([
      { id: 1, name: "aeroplane" },
      { id: 2, name: "bicycle" },
    ]);
    expect(await categories("coco.json", "coco")).toEqual([
      { id: 1, name: "person" },
      { id: 2, name: "bicycle" },
    ]);
    expect(await categories("none.json")).toEqual([
      { id: 1, name: "class_1" },
      { id: 2, name: "class_2" },
    ]);
    putLabels("in/a.png", labels("00z")); // 35
    await expect(
      convert(at("in"), at("x.json"), { from: "labels", to: "coco", classes: await classList("voc") }),
    ).rejects.toThrow(`${at("in", "a.png")}: expected class ids 0..20 and 255, got 35`);
  });

  it("takes COCO's category ids only for COCO's own classes, not for a file called coco", async () => {
    putLabels("in/a.png", labels("012 bca")); // b is class 11, c is 12, a is 10
    const names = Array.from({ length: 100 }, (_, k) => `class ${k + 1}`);
    put("coco.txt", names.join("\n"));
    const classes = await classList(at("coco.txt"));
    await convert(at("in"), at("out.json"), { from: "labels", to: "coco-rle", classes });
    const { annotations } = JSON.parse(readFileSync(at("out.json"), "utf8"));
    const ids = annotations.map(({ category_id }: { category_id: number }) => category_id);
    expect(ids).toEqual([1, 2, 10, 11, 12]);
  });

  it("counts what a label map hides: covered pixels, instances of one class, crowds", async () => {
    const boxes = [
      { category: 7, box: [0, 0, 3, 1] },
      { category: 90, box: [2, 0, 1, 1] },
      { category: 7, box: [4, 0, 1, 1], crowd: 1 as const },
    ];
    put("in.json", coco({ height: 1, width: 6 }, ...boxes));
    const { losses, roundTrip } = await convert(at("in.json"), at("out"), { from: "coco", to: "labels" });
    expect(drawLabels(readLabelMap(at("out/a.png")))).toBe("112010");
    expect(
      losses.map(({ kind, count, pictures, examples }) => ({ kind, count, pictures, examples })),
    ).toEqual([
      { kind: "hidden-pixels", count: 1, pictures: 1, examples: [{ id: "a", count: 1 }] },
      { kind: "shared-classes", count: 2, pictures: 1, examples: [{ id: "a", count: 2 }] },
      { kind: "crowd-flags", count: 1, pictures: 1, examples: [{ id: "a", count: 1 }] },
      { kind: "class-ids", count: 3, pictures: 1, examples: [{ id: "a", count: 3 }] },
    ]);
    expect(roundTrip).toEqual({ compared: 2, meanIou: (3 / 4 + 1) / 2, minIou: 3 / 4, worst: "a" });
  });

  it("counts instances without a pixel", async () => {
    put("in.json", coco({ height: 2, width: 3 }, { category: 7, box: [1, 1, 0, 0] }));
    const { losses } = await convert(at("in.json"), at("out"), { from: "coco", to: "labels" });
    expect(losses.map(({ kind, count }) => [kind, count])).toEqual([["empty-instances", 1]]);
  });

  it("finds classes by name in a list", async () => {
    put("in.json", coco({ height: 1, width: 3 }, { category: 90, box: [0, 0, 1, 1] }));
    const classes = await classList("voc");
    await convert(at("in.json"), at("out"), { from: "coco", to: "labels", classes });
    expect(readLabelMap(at("out/a.png")).data[0]).toBe(12);
  });

  it.each([
    [
      "a path that leaves the folder",
      (json: string) => json.replace("a.jpg", "../a.jpg"),
      /file_name: expected a path in the image folder, got a path with "\.\."/,
    ],
    [
      "an instance with only a box",
      (json: string) => json.replace(/"segmentation":\[\[.*?\]\]/, '"bbox":[0,0,1,1]'),
      /in\.json: annotation 1: expected a segmentation/,
    ],
    [
      "two images of one id",
      (json: string) =>
        json.replace('"images":[', '"images":[{"id":2,"file_name":"a.png","height":1,"width":1},'),
      /in\.json: images: expected one image for each label map, got a\.png and a\.jpg$/,
    ],
  ])("refuses %s and leaves nothing", async (_, spoil, message) => {
    put("in.json", spoil(coco({ height: 1, width: 3 }, { category: 7, box: [0, 0, 1, 1] })));
    await expect(convert(at("in.json"), at("out"), { from: "coco", to: "labels" })).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(["in.json"]);
  });

  const data = dataFolder("coco2017");
  it.skipIf(data === null)(
    "label maps of real COCO instances come back from both forms exactly",
    async () => {
      const file = join(data as string, "annotations/instances_train2017.json");
      const classes = await classList("coco");
      const first = await convert(file, at("labels"), { from: "coco", to: "labels", classes });
      expect(first.losses.find(({ kind }) => kind === "crowd-flags")?.count).toBeGreaterThan(0);
      for (const to of ["coco", "coco-rle"] as const) {
        const { roundTrip } = await convert(at("labels"), at(to), {
          from: "labels",
          to,
          classes,
          strict: true,
        });
        expect(roundTrip).toEqual(exact(first.roundTrip.compared));
      }
    },
  );
});

describe("proposals ↔ mask folders", () => {
  const drawings = [".## .#.", "... ...", "### ###"];
  const proposals = drawings.map((drawing, k) => {
    const rle = encodeRle(mask(drawing));
    return {
      rle,
      area: rleArea(rle),
      box: rleBox(rle),
      predictedIou: 0.1 * k,
      stability: 1 / 3,
      point: { x: k, y: 0.5 },
    };
  });
  const set: ProposalSet = { id: "a/b", height: 2, width: 3, proposals };

  it("come back with masks, order, qualities and points", async () => {
    put("in/a/b.json", encodeProposals(set));
    const there = await convert(at("in"), at("out"), { from: "proposals", to: "sepl-folder", strict: true });
    expect(there).toMatchObject({ written: true, pictures: 1, losses: [], roundTrip: exact(3) });
    expect(readdirSync(at("out/a/b")).sort()).toEqual(["0.png", "1.png", "2.png", "metadata.csv"]);
    const back = await convert(at("out"), at("back"), { from: "sepl-folder", to: "proposals", strict: true });
    expect(back).toMatchObject({ written: true, losses: [], warnings: [], roundTrip: exact(3) });
    expect(decodeProposals(readFileSync(at("back/a/b.json")), "b.json")).toEqual(set);
  });

  it("count levels and the sizes of pictures without proposals", async () => {
    const leveled = { ...set, id: "x", proposals: [{ ...proposals[0], level: 1 as const }, proposals[1]] };
    put("in/x.json", encodeProposals(leveled));
    put("in/y.json", encodeProposals({ ...set, id: "y", proposals: [] }));
    const { losses } = await convert(at("in"), at("out"), { from: "proposals", to: "sepl-folder" });
    expect(losses.map(({ kind, count, examples }) => [kind, count, examples[0].id])).toEqual([
      ["levels", 1, "x"],
      ["picture-sizes", 1, "y"],
    ]);
    expect(readdirSync(at("out/y"))).toEqual(["metadata.csv"]);
  });

  it("refuse a folder in the other layout", async () => {
    put("in/a.json", encodeProposals(set));
    await expect(convert(at("in"), at("out"), { from: "sepl-folder", to: "proposals" })).rejects.toThrow(
      /: expected folders of mask PNGs, got JSON files$/,
    );
  });
});

describe("the output", () => {
  beforeEach(() => putLabels("in/a.png", labels("01x")));
  const toCoco = (out: string, strict = false) =>
    convert(at("in"), at(out), { from: "labels", to: "coco", strict });

  it("is not written when strict and something would be lost", async () => {
    const { written, losses } = await toCoco("out.json", true);
    expect(written).toBe(false);
    expect(losses.map(({ kind }) => kind)).toEqual(["ignore-pixels"]);
    expect(readdirSync(folder)).toEqual(["in"]);
  });

  it("may be an empty folder, in folders that are made, and nothing else", async () => {
    mkdirSync(at("empty"));
    await toCoco("new/out.json");
    await convert(at("new/out.json"), `${at("empty")}/`, { from: "coco", to: "labels" });
    expect(readdirSync(at("empty"))).toEqual(["a.png"]);
    const again = convert(at("new/out.json"), at("empty"), { from: "coco", to: "labels" });
    await expect(again).rejects.toThrow(`${at("empty")}: expected a new folder, got a folder with 1 entries`);
    await expect(toCoco("new/out.json")).rejects.toThrow(/out\.json: expected a new file, got a file$/);
    mkdirSync(at("taken"));
    await expect(toCoco("taken")).rejects.toThrow(/taken: expected a new file, got a folder with 0 entries$/);
  });

  it("is not there when a picture fails or the watcher stops", async () => {
    put("in/b.png", readFileSync(at("in/a.png")).subarray(0, 50));
    await expect(toCoco("out.json")).rejects.toThrow(/b\.png/);
    rmSync(at("in/b.png"));
    const watch = {
      begin: () => {},
      advance: async () => {
        throw new MaskwrightError("ABORTED", "stopped");
      },
    };
    const stopped = convert(at("in"), at("out.json"), { from: "labels", to: "coco", watch });
    await expect(stopped).rejects.toThrow("stopped");
    expect(existsSync(at("out.json"))).toBe(false);
    expect(readdirSync(folder)).toEqual(["in"]);
  });

  it("has to be of a format the input can become", async () => {
    await expect(convert(at("in"), at("out"), { from: "labels", to: "proposals" })).rejects.toThrow(
      /^convert: expected any two of labels, coco, .*, or proposals and sepl-folder, got "labels → proposals"$/,
    );
  });
});
