import { MaskwrightError } from "../core/error.ts";
import { formatSize, isSameSize, type Size } from "../core/geometry.ts";
import { type ClassId, IGNORE, type LabelMap } from "../core/label-map.ts";
import { polygonsToRle } from "../core/polygon.ts";
import { paintRle, type Rle, rleArea, validateRle } from "../core/rle.ts";
import { decodeRleString } from "../core/rle-string.ts";
import type { CocoInstance } from "./coco.ts";
import { type Problems, quote } from "./problems.ts";

/** What an instance says of its pixels; "none" when it has a box only. */
export type CocoSegmentation =
  | { readonly kind: "none" }
  | { readonly kind: "polygons"; readonly polygons: readonly (readonly number[])[] }
  | { readonly kind: "rle"; readonly rle: Rle };

/** The pixels of an instance, as pycocotools draws them. @throws MaskwrightError BAD_FORMAT if it has a box only */
export function cocoMask({ id, segmentation }: CocoInstance, size: Size): Rle {
  switch (segmentation.kind) {
    case "rle":
      return segmentation.rle;
    case "polygons":
      return polygonsToRle(segmentation.polygons, size, `annotation ${id}`);
    case "none":
      throw new MaskwrightError("BAD_FORMAT", `annotation ${id}: expected a segmentation, got only a box`, {
        hint: "Leave out the annotations that have only a box.",
      });
    default:
      return segmentation satisfies never;
  }
}

/**
 * The class of each pixel. Instances are painted over one another: crowds first, then from the largest mask to the
 * smallest, so that what stands in front of something larger stays visible; among equals the later one wins.
 *
 * @param classIds class id of each category id; see `cocoClasses`
 * @throws MaskwrightError BAD_FORMAT for an instance without a segmentation or a class id that no map can hold
 */
export function cocoToLabelMap(
  instances: readonly CocoInstance[],
  size: Size,
  classIds: ReadonlyMap<number, ClassId>,
): LabelMap {
  const layers = instances.map((instance) => {
    const classId = classIds.get(instance.categoryId);
    if (classId === undefined || classId >= IGNORE) {
      const place = `annotation ${instance.id}`;
      throw new MaskwrightError(
        "BAD_FORMAT",
        `${place}: expected a class id below ${IGNORE}, got ${classId}`,
        {
          hint: "A label map holds 254 classes: leave out categories.",
        },
      );
    }
    const rle = cocoMask(instance, size);
    return { classId, rle, isCrowd: instance.isCrowd, area: rleArea(rle) };
  });
  layers.sort((a, b) => Number(b.isCrowd) - Number(a.isCrowd) || b.area - a.area);
  const data = new Uint8Array(size.height * size.width);
  for (const { rle, classId } of layers) paintRle(data, rle, classId);
  return { height: size.height, width: size.width, data };
}

/** The checked `segmentation` of an annotation; what is wrong goes to `problems`. */
export function readSegmentation(
  value: unknown,
  size: Size,
  place: string,
  problems: Problems,
): CocoSegmentation {
  if (value === undefined || value === null) return { kind: "none" };
  if (Array.isArray(value)) {
    if (value.length === 0) return { kind: "none" };
    for (let k = 0; k < value.length; k++) checkPolygon(value[k], size, `${place}[${k}]`, problems);
    return { kind: "polygons", polygons: value };
  }
  const rle = problems.attempt(() => readRle(value, size, place, problems));
  return rle === undefined ? { kind: "none" } : { kind: "rle", rle };
}

function checkPolygon(points: unknown, { height, width }: Size, place: string, problems: Problems): void {
  if (!Array.isArray(points) || points.length < 6 || points.length % 2 !== 0) {
    problems.add(
      place,
      "x, y of three or more corners",
      Array.isArray(points) ? `${points.length} numbers` : quote(points),
    );
    return;
  }
  let [x0, y0] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let [x1, y1] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let n = 0; n < points.length; n += 2) {
    const x = points[n];
    const y = points[n + 1];
    // Beyond a whole picture's side there is no annotator's slip, but another size or unit.
    if (!(typeof x === "number" && x >= -width && x <= 2 * width)) {
      problems.add(`${place}[${n}]`, `x near 0..${width}`, quote(x));
      return;
    }
    if (!(typeof y === "number" && y >= -height && y <= 2 * height)) {
      problems.add(`${place}[${n + 1}]`, `y near 0..${height}`, quote(y));
      return;
    }
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  if (x1 < 0 || y1 < 0 || x0 > width || y0 > height) {
    problems.add(place, `a polygon inside ${formatSize({ height, width })}`, "one outside");
  }
}

function readRle(value: unknown, image: Size, place: string, problems: Problems): Rle | undefined {
  const { size, counts } = Object(value) as { size?: unknown; counts?: unknown };
  if (!Array.isArray(size) || size.length !== 2 || (typeof counts !== "string" && !Array.isArray(counts))) {
    problems.add(place, "polygons, or run lengths { size: [height, width], counts }", quote(value));
    return undefined;
  }
  const [height, width] = size;
  if (!isSameSize({ height, width }, image)) {
    problems.add(`${place}.size`, `the image's ${formatSize(image)}`, quote(size));
    return undefined;
  }
  return typeof counts === "string"
    ? decodeRleString(counts, image, place)
    : validateRle({ height, width, counts }, place);
}
