import { badFormat } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import { polygonToRle } from "../../core/polygon.ts";
import type { Rle } from "../../core/rle.ts";
import { parseDecimal } from "../decimal.ts";
import { placeMask } from "./cropped-mask.ts";
import { boxCorners } from "./outlines.ts";
import type { XmlElement } from "./xml.ts";

export interface Part {
  readonly rle: Rle;
  readonly polygon: readonly number[] | null;
}

/** null for a shape that has no area here. */
export function readShape(shape: XmlElement, size: Size, place: string): Part | null {
  const value = (name: string): number => number(shape, name, place);
  switch (shape.name) {
    case "polygon": {
      const polygon = (shape.attributes.points ?? "").split(/[;,]/).map(parseDecimal);
      return { polygon, rle: polygonToRle(polygon, size, place) };
    }
    case "box": {
      const box = { x0: value("xtl"), y0: value("ytl"), x1: value("xbr"), y1: value("ybr") };
      const center = { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 };
      const polygon = boxCorners(
        box,
        shape.attributes.rotation === undefined ? 0 : value("rotation"),
        center,
      );
      return { polygon, rle: polygonToRle(polygon, size, place) };
    }
    case "mask": {
      const box = { x: value("left"), y: value("top"), height: value("height"), width: value("width") };
      return { polygon: null, rle: readMask(shape.attributes.rle ?? "", box, size, place) };
    }
    default:
      return null;
  }
}

function readMask(
  rle: string,
  { x, y, ...box }: Size & { readonly x: number; readonly y: number },
  size: Size,
  place: string,
): Rle {
  const isInside =
    [x, y, box.height, box.width].every(Number.isInteger) &&
    x >= 0 &&
    y >= 0 &&
    box.height > 0 &&
    box.width > 0;
  if (!isInside || x + box.width > size.width || y + box.height > size.height)
    throw badFormat(
      place,
      "a box of whole pixels inside the picture",
      `${x},${y} ${box.width}×${box.height}`,
    );
  const data = new Uint8Array(box.height * box.width);
  let p = 0;
  for (const [k, text] of rle.split(",").entries()) {
    const run = parseDecimal(text.trim());
    if (!Number.isInteger(run) || run < 0 || p + run > data.length)
      throw badFormat(`${place}: rle[${k}]`, `run lengths that sum to ${data.length}`, text.trim());
    if (k % 2 === 1) data.fill(1, p, p + run);
    p += run;
  }
  if (p !== data.length)
    throw badFormat(`${place}: rle`, `run lengths that sum to ${data.length}`, String(p));
  return placeMask({ ...box, data }, { x, y }, size);
}

export function number({ name, attributes }: XmlElement, key: string, where: string): number {
  const value = parseDecimal(attributes[key] ?? "");
  if (Number.isNaN(value))
    throw badFormat(
      `${where}: <${name}> ${key}`,
      "a number",
      attributes[key] === undefined ? "nothing" : JSON.stringify(attributes[key]),
    );
  return value;
}
