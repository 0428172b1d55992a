import { badFormat } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import { polygonToRle } from "../../core/polygon.ts";
import type { Rle } from "../../core/rle.ts";
import { decodePng } from "../png-decode.ts";
import { quote } from "../problems.ts";
import { placeMask } from "./cropped-mask.ts";
import type { Shape } from "./labelme-file.ts";
import { boxCorners } from "./outlines.ts";

/** null for a shape without an area here. */
export function readShape(
  { shape_type, points, mask }: Shape,
  size: Size,
  place: string,
): { readonly rle: Rle; readonly polygon: number[] | null } | null {
  const kind = shape_type ?? "polygon";
  if (kind === "mask") return { rle: readMask(mask, points, size, place), polygon: null };
  const polygon = kind === "rectangle" ? rectangle(points, place) : points.flat();
  if (kind !== "polygon" && kind !== "rectangle" && kind !== "oriented_rectangle") return null;
  return { rle: polygonToRle(polygon, size, place), polygon };
}

function rectangle(points: Shape["points"], place: string): number[] {
  if (points.length !== 2) throw badFormat(`${place}.points`, "two corners", `${points.length}`);
  const [[xa, ya], [xb, yb]] = points;
  return boxCorners({
    x0: Math.min(xa, xb),
    y0: Math.min(ya, yb),
    x1: Math.max(xa, xb),
    y1: Math.max(ya, yb),
  });
}

function readMask(mask: Shape["mask"], points: Shape["points"], size: Size, place: string): Rle {
  if (mask === null || mask === undefined) throw badFormat(`${place}.mask`, "a PNG in base64", "nothing");
  if (points.length !== 2) throw badFormat(`${place}.points`, "two corners", `${points.length}`);
  const { height, width, channels, data } = decodePng(Buffer.from(mask, "base64"), `${place}.mask`);
  if (channels !== 1) throw badFormat(`${place}.mask`, "one channel", `${channels}`);
  const [[xa, ya], [xb, yb]] = points.map(([x, y]) => [Math.round(x), Math.round(y)]);
  // As LabelMe draws it: a box of whole pixels, both corners in it, cuts the mask.
  const isWhole = points.flat().every(Number.isInteger);
  const box = isWhole
    ? { height: Math.min(height, yb - ya + 1), width: Math.min(width, xb - xa + 1) }
    : { height, width };
  if (box.height < 1 || box.width < 1)
    throw badFormat(`${place}.points`, "a box that holds pixels", quote(points));
  const pixels = new Uint8Array(box.height * box.width);
  for (let i = 0; i < box.height; i++)
    for (let j = 0; j < box.width; j++) pixels[i * box.width + j] = data[i * width + j] === 0 ? 0 : 1;
  return placeMask({ ...box, data: pixels }, { x: xa, y: ya }, size);
}
