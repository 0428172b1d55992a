import { badFormat, invalid } from "../core/error.ts";
import { type LabelMap, vocPalette } from "../core/label-map.ts";
import { readFileBytes } from "./paths.ts";
import { decodePng, type PngImage } from "./png-decode.ts";
import { encodePng } from "./png-encode.ts";

/**
 * The label map in a PNG file; see `decodeLabelMap`.
 *
 * @throws MaskwrightError NOT_FOUND or BAD_FORMAT, with the path
 */
export function readLabelMap(path: string): LabelMap {
  return decodeLabelMap(readFileBytes(path), path);
}

/**
 * The class ids in a PNG of one channel, exactly as they are stored: palette indices whatever their
 * colors, gray values unscaled at every depth, 16-bit values when they all fit 8 bits. A picture of more
 * channels holds colors, and which class a color means cannot be told, so it is refused.
 *
 * @param where  path of the file, for messages
 * @returns      [H, W] class ids in an array of their own
 * @throws MaskwrightError BAD_FORMAT
 */
export function decodeLabelMap(bytes: Uint8Array, where: string): LabelMap {
  const image = decodePng(bytes, where);
  const { height, width, kind } = image;
  if (kind !== "palette" && kind !== "gray")
    throw badFormat(
      where,
      "a label map of one channel (palette or gray)",
      `a picture of kind ${kind}`,
      "Colors are not class ids: save the ids themselves as 8-bit gray or with a palette, e.g. in Python Image.fromarray(ids.astype('uint8')).save(path).",
    );
  return { height, width, data: toBytes(image, where) };
}

function toBytes({ data, width }: PngImage, where: string): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const p = data.findIndex((value) => value > 255);
  if (p >= 0)
    throw badFormat(
      `${where}: row ${Math.floor(p / width)}, column ${p % width}`,
      "a class id 0..255",
      String(data[p]),
      "Maps of more than 255 classes are not supported; renumber the classes present.",
    );
  return Uint8Array.from(data);
}

/**
 * An 8-bit indexed PNG of a label map, with exact ids. The same map gives the same bytes on every machine.
 *
 * @param palette  RGB of class 0, 1, …; classes without a color in it get VOC's
 * @throws MaskwrightError INVALID_ARGUMENT if the palette is not 0 to 256 whole colors
 */
export function encodeLabelMap(labels: LabelMap, palette: Uint8Array = vocPalette()): Uint8Array {
  if (palette.length > 768 || palette.length % 3 !== 0)
    throw invalid("encodeLabelMap: palette", "at most 256 × 3 bytes", palette.length);
  const colors = vocPalette();
  colors.set(palette);
  return encodePng(labels, labels.data, colors);
}
