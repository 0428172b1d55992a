import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IGNORE, type LabelMap } from "../../core/label-map.ts";
import type { Mask } from "../../core/mask.ts";
import { decodeRle, encodeRle, rleArea } from "../../core/rle.ts";
import { anyLabelMap, anyMasks } from "../../testing/arbitrary.ts";
import { draw, drawLabels, labels, mask } from "../../testing/picture.ts";
import { temporaryFolder } from "../../testing/tree.ts";
import { readCoco } from "../coco.ts";
import { cocoMask } from "../coco-segmentation.ts";
import { toRleJson } from "../coco-write.ts";
import { encodeLabelMap, readLabelMap } from "../label-file.ts";
import { encodePng } from "../png-encode.ts";
import { type ConvertFormat, convert, convertFormats } from "./convert.ts";
import type { LossKind } from "./ledger.ts";

/** What each format is expected to hold, apart from the code that says so. */
const holds: Partial<
  Record<ConvertFormat, { objects?: true; overlaps?: true; ignore?: true; crowds?: true }>
> = {
  labels: { ignore: true },
  coco: { objects: true, overlaps: true, crowds: true },
  "coco-rle": { objects: true, overlaps: true, crowds: true },
  "coco-panoptic": { objects: true, crowds: true },
};
const formats = Object.keys(holds) as ConvertFormat[];
const classes = {
  name: "letters",
  classes: ["background", ...Array.from("abcdefghijklmnopqrst", (a) => `class ${a}`)],
};

interface Thing {
  readonly mask: Mask;
  readonly category: 1 | 2;
  readonly isCrowd: boolean;
}

/** A COCO file of pictures with things; photos of their sizes lie beside it. */
function putCoco(folder: string, pictures: Readonly<Record<string, readonly Thing[]>>): void {
  const images = Object.entries(pictures).map(
    (
      [
        id,
        [
          {
            mask: { height, width },
          },
        ],
      ],
      k,
    ) => {
      putPhoto(folder, id, { height, width });
      return { id: k + 1, file_name: `${id}.png`, height, width };
    },
  );
  const annotations = Object.values(pictures).flatMap((things, k) =>
    things.map(({ mask, category, isCrowd }) => ({
      image_id: k + 1,
      category_id: category,
      iscrowd: isCrowd ? 1 : 0,
      segmentation: toRleJson(encodeRle(mask)),
    })),
  );
  const numbered = annotations.map((annotation, k) => ({ id: k + 1, ...annotation }));
  const categories = [1, 2].map((id) => ({ id, name: `class ${"_ab"[id]}` }));
  writeFileSync(join(folder, "in.json"), JSON.stringify({ images, annotations: numbered, categories }));
}

function putLabels(folder: string, id: string, map: LabelMap): void {
  const path = join(folder, "in", `${id}.png`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeLabelMap(map));
  putPhoto(folder, id, map);
}

function putPhoto(folder: string, id: string, { height, width }: { height: number; width: number }): void {
  const path = join(folder, "photos", `${id}.png`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodePng({ height, width }, new Uint8Array(height * width * 3), null));
}

/** The things in a COCO file by picture, as drawings. */
async function thingsIn(path: string): Promise<Record<string, string[]>> {
  const { images } = await readCoco(path);
  return Object.fromEntries(
    images.map((image) => [
      image.id,
      image.instances.map(
        (one) => `${one.categoryId}${one.isCrowd ? "*" : ""} ${draw(decodeRle(cocoMask(one, image)))}`,
      ),
    ]),
  );
}

/** Pixels of each thing that nothing smaller covers, painted the plain way. */
function visible(things: readonly Thing[]): Mask[] {
  const areas = things.map(({ mask }) => mask.data.reduce((sum, value) => sum + value, 0));
  const order = things
    .map((_, k) => k)
    .sort((a, b) => Number(things[b].isCrowd) - Number(things[a].isCrowd) || areas[b] - areas[a] || a - b);
  const top = new Int32Array(things[0].mask.data.length).fill(-1);
  for (const k of order) for (const [p, value] of things[k].mask.data.entries()) if (value === 1) top[p] = k;
  return things.map(({ mask }, k) => ({ ...mask, data: Uint8Array.from(top, (n) => Number(n === k)) }));
}

const isEmpty = ({ data }: Mask): boolean => data.every((value) => value === 0);

describe.each(formats)("%s", (format) => {
  const { objects, overlaps, ignore, crowds } = holds[format] ?? {};

  it("gives label maps back: holes, islands, corners, sub-folders, one pixel, nothing", async () => {
    const folder = temporaryFolder();
    const maps = {
      a: labels("11111 10201 11111"),
      "sub/b": labels("12 21 00"),
      empty: labels("000"),
      one: labels("3"),
      void: labels("x1x xxx"),
    };
    for (const [id, map] of Object.entries(maps)) putLabels(folder, id, map);
    const options = { classes, images: join(folder, "photos") };
    const there = await convert(join(folder, "in"), join(folder, "out"), {
      from: "labels",
      to: format,
      ...options,
    });
    expect(there.roundTrip.minIou).toBe(1);
    await convert(join(folder, "out"), join(folder, "back"), { from: format, to: "labels", ...options });
    for (const [id, map] of Object.entries(maps)) {
      const back = drawLabels(readLabelMap(join(folder, "back", `${id}.png`)));
      expect(back).toBe(ignore ? drawLabels(map) : drawLabels(map).replaceAll("x", "0"));
    }
  });

  it("gives any label map back (property)", async () => {
    await fc.assert(
      fc.asyncProperty(anyLabelMap(6), async (map) => {
        const folder = temporaryFolder();
        putLabels(folder, "a", map);
        const options = { classes, images: join(folder, "photos") };
        const to = { from: "labels", to: format, ...options } as const;
        const { losses, roundTrip } = await convert(join(folder, "in"), join(folder, "out"), to);
        const ignored = map.data.filter((value) => value === IGNORE).length;
        const lost = losses.filter(({ kind }) => kind !== "seams").map(({ kind, count }) => [kind, count]);
        expect(lost).toEqual(ignored > 0 && !ignore ? [["ignore-pixels", ignored]] : []);
        expect(roundTrip.minIou ?? 1).toBe(1);
        await convert(join(folder, "out"), join(folder, "back"), { from: format, to: "labels", ...options });
        const back = readLabelMap(join(folder, "back/a.png"));
        expect([...back.data]).toEqual(
          [...map.data].map((value) => (value === IGNORE && !ignore ? 0 : value)),
        );
      }),
      { numRuns: 25 },
    );
  });

  it("gives any instances back as far as it holds them, and counts the rest (property)", async () => {
    const anyThings = anyMasks(3, 5).chain((masks) =>
      fc.tuple(
        ...masks.map((mask) =>
          fc.record({
            mask: fc.constant(mask),
            category: fc.constantFrom(1 as const, 2 as const),
            isCrowd: fc.boolean(),
          }),
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(anyThings, async (things) => {
        const folder = temporaryFolder();
        putCoco(folder, { a: things });
        const options = {
          classes: { name: "ab", classes: classes.classes.slice(0, 3) },
          images: join(folder, "photos"),
        };
        const { losses } = await convert(join(folder, "in.json"), join(folder, "out"), {
          from: "coco-rle",
          to: format,
          ...options,
        });
        const lost = new Map<LossKind, number>(losses.map(({ kind, count }) => [kind, count]));
        await convert(join(folder, "out"), join(folder, "back.json"), {
          from: format,
          to: "coco-rle",
          ...options,
        });
        const { a: back } = await thingsIn(join(folder, "back.json"));

        const full = things.filter(({ mask }) => !isEmpty(mask));
        const seen = visible(things);
        expect(lost.get("empty-instances") ?? 0).toBe(things.length - full.length);
        expect(lost.get("crowd-flags") ?? 0).toBe(crowds ? 0 : full.filter(({ isCrowd }) => isCrowd).length);
        if (objects) {
          const kept = overlaps ? things : things.map((thing, k) => ({ ...thing, mask: seen[k] }));
          const hidden = things.reduce(
            (sum, { mask }, k) => sum + rleArea(encodeRle(mask)) - rleArea(encodeRle(kept[k].mask)),
            0,
          );
          expect(lost.get("hidden-pixels") ?? 0).toBe(hidden);
          const drawn = kept.filter(({ mask }) => !isEmpty(mask));
          expect(back).toEqual(
            drawn.map(
              (thing) => `${thing.category}${crowds && thing.isCrowd ? "*" : ""} ${draw(thing.mask)}`,
            ),
          );
        } else {
          const classOf = (p: number): number =>
            things[seen.findIndex(({ data }) => data[p] === 1)]?.category ?? 0;
          const painted = Array.from(things[0].mask.data, (_, p) => classOf(p));
          const drawn = [1, 2].filter((category) => painted.includes(category));
          expect(back).toEqual(
            drawn.map(
              (category) =>
                `${category} ${draw({ ...things[0].mask, data: Uint8Array.from(painted, (c) => Number(c === category)) })}`,
            ),
          );
        }
      }),
      { numRuns: 25 },
    );
  });

  it("keeps the order of pictures, their names and their classes", async () => {
    const folder = temporaryFolder();
    const things = (category: 1 | 2): Thing[] => [{ mask: mask(".## ##."), category, isCrowd: false }];
    putCoco(folder, { z: things(2), "b/a.b": things(1), "ü ö": things(2) });
    const options = { images: join(folder, "photos") };
    const { pictures } = await convert(join(folder, "in.json"), join(folder, "out"), {
      from: "coco-rle",
      to: format,
      ...options,
    });
    expect(pictures).toBe(3);
    const named =
      format === "labels" ? { classes: { name: "ab", classes: classes.classes.slice(0, 3) } } : {};
    await convert(join(folder, "out"), join(folder, "back.json"), {
      from: format,
      to: "coco-rle",
      ...options,
      ...named,
    });
    const back = await thingsIn(join(folder, "back.json"));
    expect(back).toEqual({ z: ["2 .## ##."], "b/a.b": ["1 .## ##."], "ü ö": ["2 .## ##."] });
    const { categories } = JSON.parse(readFileSync(join(folder, "back.json"), "utf8"));
    expect(categories).toEqual([
      { id: 1, name: "class a" },
      { id: 2, name: "class b" },
    ]);
  });
});

it("every format of annotated pictures is tested here", () => {
  const apart = ["proposals", "sepl-folder"];
  expect([...formats, ...apart].sort()).toEqual([...convertFormats].sort());
});
