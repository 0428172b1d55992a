import { badFormat } from "../../core/error.ts";
import { IGNORE, type LabelMap } from "../../core/label-map.ts";
import { decodeLabelMap } from "../label-file.ts";
import { readFileBytes } from "../paths.ts";
import { parsePng } from "../png.ts";
import { decodePng } from "../png-decode.ts";

/**
 * A label map whose PNG holds ids, as all of ours do, or colors of a palette.
 *
 * @param palette  256 × RGB by id; the last color is void's
 * @param count    ids from 0 that have a color
 * @throws MaskwrightError BAD_FORMAT for a color that is none of the palette's
 */
export function readColoredMap(path: string, palette: Uint8Array, count: number): LabelMap {
  const bytes = readFileBytes(path);
  const { kind, bitDepth } = parsePng(bytes, path);
  if ((kind !== "rgb" && kind !== "rgb+alpha") || bitDepth !== 8) return decodeLabelMap(bytes, path);
  const { height, width, channels, data } = decodePng(bytes, path);
  const ids = new Map<number, number>();
  const colorAt = (at: number, from: ArrayLike<number>): number =>
    (from[at] << 16) | (from[at + 1] << 8) | from[at + 2];
  for (const id of [IGNORE, ...Array.from({ length: count }, (_, k) => count - 1 - k)])
    ids.set(colorAt(id * 3, palette), id);
  const labels = new Uint8Array(height * width);
  for (let p = 0; p < labels.length; p++) {
    const id = ids.get(colorAt(p * channels, data));
    if (id === undefined) {
      const color = [...data.subarray(p * channels, p * channels + 3)].join(",");
      throw badFormat(
        `${path}: row ${Math.floor(p / width)}, column ${p % width}`,
        "a color of the classes",
        color,
      );
    }
    labels[p] = id;
  }
  return { height, width, data: labels };
}
