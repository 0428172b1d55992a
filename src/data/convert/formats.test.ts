import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IGNORE, type LabelMap } from "../../core/label-map.ts";
import type { Mask } from "../../core/mask.ts";
import { decodeRle, encodeRle } from "../../core/rle.ts";
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
  Record<ConvertFormat, { objects?: true; overlaps?: true; layers?: true; ignore?: true; crowds?: true }>
> = {
  labels: { ignore: true },
  coco: { objects: true, overlaps: true, crowds: true },
  "coco-rle": { objects: true, overlaps: true, crowds: true },
  "coco-panoptic": { objects: true, crowds: true },
  "yolo-seg": { objects: true, overlaps: true },
  voc: { objects: true, ignore: true },
  "label-studio": { objects: true, overlaps: true, layers: true },
  labelme: { objects: true, overlaps: true, layers: true, ignore: true },
  cvat: { objects: true, overlaps: true, layers: true },
  mmseg: { ignore: true },
  hf: { ignore: true },
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

/** Crowds, then the largest first. */
function painted(things: readonly Thing[]): number[] {
  const areas = things.map(({ mask }) => areaOf(mask));
  return things
    .map((_, k) => k)
    .sort((a, b) => Number(things[b].isCrowd) - Number(things[a].isCrowd) || areas[b] - areas[a] || a - b);
}

/** Pixels of each thing that nothing smaller covers, painted the plain way. */
function visible(things: readonly Thing[]): Mask[] {
  const order = painted(things);
  const top = new Int32Array(things[0].mask.data.length).fill(-1);
  for (const k of order) for (const [p, value] of things[k].mask.data.entries()) if (value === 1) top[p] = k;
  return things.map(({ mask }, k) => ({ ...mask, data: Uint8Array.from(top, (n) => Number(n === k)) }));
}

const areaOf = ({ data }: Mask): number => data.reduce((sum, value) => sum + value, 0);
const isEmpty = (mask: Mask): boolean => areaOf(mask) === 0;

function union(size: Mask, masks: readonly Mask[]): Mask {
  return { ...size, data: size.data.map((_, p) => Number(masks.some(({ data }) => data[p] === 1))) };
}

describe.each(formats)("%s", (format) => {
  const { objects, overlaps, layers, ignore, crowds } = holds[format] ?? {};
  const needsPhotos = format === "yolo-seg" || format === "hf";
  const photosOf = (folder: string) => (needsPhotos ? { images: join(folder, "photos") } : {});

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
    const options = { classes, ...photosOf(folder) };
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

  it("gives any label maps back (property)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyLabelMap(6), { minLength: 1, maxLength: 8 }), async (maps) => {
        const folder = temporaryFolder();
        for (const [k, map] of maps.entries()) putLabels(folder, `${k}`, map);
        const options = { classes, ...photosOf(folder) };
        const to = { from: "labels", to: format, ...options } as const;
        const { losses, roundTrip } = await convert(join(folder, "in"), join(folder, "out"), to);
        const ignored = maps.flatMap(({ data }) => [...data]).filter((value) => value === IGNORE).length;
        const lost = losses.filter(({ kind }) => kind !== "seams").map(({ kind, count }) => [kind, count]);
        expect(lost).toEqual(ignored > 0 && !ignore ? [["ignore-pixels", ignored]] : []);
        expect(roundTrip.minIou ?? 1).toBe(1);
        const from = { from: format, to: "labels", ...options } as const;
        await convert(join(folder, "out"), join(folder, "back"), from);
        for (const [k, map] of maps.entries()) {
          const back = drawLabels(readLabelMap(join(folder, `back/${k}.png`)));
          expect(back).toBe(ignore ? drawLabels(map) : drawLabels(map).replaceAll("x", "0"));
        }
      }),
      { numRuns: 3 },
    );
  });

  it("gives any instances back as far as it holds them, and counts the rest (property)", async () => {
    const anyThing = (mask: Mask) =>
      fc.record({
        mask: fc.constant(mask),
        category: fc.constantFrom(1 as const, 2 as const),
        isCrowd: fc.boolean(),
      });
    const anyThings = anyMasks(3, 5).chain((masks) => fc.tuple(...masks.map(anyThing)));
    await fc.assert(
      fc.asyncProperty(fc.array(anyThings, { minLength: 1, maxLength: 8 }), async (pictures) => {
        const folder = temporaryFolder();
        putCoco(folder, Object.fromEntries(pictures.entries()));
        const list = { name: "ab", classes: classes.classes.slice(0, 3) };
        const options = { classes: list, ...photosOf(folder) };
        const to = { from: "coco-rle", to: format, ...options } as const;
        const { losses } = await convert(join(folder, "in.json"), join(folder, "out"), to);
        const from = { from: format, to: "coco-rle", ...options } as const;
        await convert(join(folder, "out"), join(folder, "back.json"), from);

        const back = await thingsIn(join(folder, "back.json"));
        const expected = pictures.map((things) => expectedOf(things));
        expect(back).toEqual({ ...expected.map(({ drawings }) => drawings) });
        const total = (kind: LossKind): number =>
          expected.reduce((sum, { lost }) => sum + (lost[kind] ?? 0), 0);
        const lost = new Map(losses.map(({ kind, count }) => [kind, count]));
        for (const kind of ["empty-instances", "crowd-flags", "shared-classes", "hidden-pixels"] as const)
          expect([kind, lost.get(kind) ?? 0]).toEqual([kind, total(kind)]);
      }),
      { numRuns: 3 },
    );
  });

  /** What has to come back of the things in a picture, and what is lost. */
  function expectedOf(things: readonly Thing[]): {
    readonly drawings: string[];
    readonly lost: Partial<Record<LossKind, number>>;
  } {
    const full = things.filter(({ mask }) => !isEmpty(mask));
    const seen = visible(things);
    const ofClass = (category: number): Mask[] => seen.filter((_, k) => things[k].category === category);
    const order = layers ? painted(things) : things.map((_, k) => k);
    const kept: readonly Thing[] = overlaps
      ? order.map((k) => things[k])
      : objects
        ? things.map((thing, k) => ({ ...thing, mask: seen[k] }))
        : ([1, 2] as const).map((category) => ({
            category,
            isCrowd: false,
            mask: union(seen[0], ofClass(category)),
          }));
    const before = objects
      ? order.map((k) => things[k].mask)
      : [1, 2].map((category) =>
          union(
            seen[0],
            things.filter((thing) => thing.category === category).map(({ mask }) => mask),
          ),
        );
    const drawn = kept.filter(({ mask }) => !isEmpty(mask));
    return {
      drawings: drawn.map(
        ({ category, isCrowd, mask }) => `${category}${crowds && isCrowd ? "*" : ""} ${draw(mask)}`,
      ),
      lost: {
        "empty-instances": things.length - full.length,
        "crowd-flags": crowds ? 0 : full.filter(({ isCrowd }) => isCrowd).length,
        "shared-classes": objects
          ? 0
          : full.filter((one) => full.some((other) => other !== one && other.category === one.category))
              .length,
        "hidden-pixels": before.reduce((sum, mask, k) => sum + areaOf(mask) - areaOf(kept[k].mask), 0),
      },
    };
  }

  it("keeps the order of pictures, their names and their classes", async () => {
    const folder = temporaryFolder();
    const things = (category: 1 | 2): Thing[] => [{ mask: mask(".## ##."), category, isCrowd: false }];
    putCoco(folder, { z: things(2), "b/a.b": things(1), "ü ö": things(2) });
    const options = photosOf(folder);
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
