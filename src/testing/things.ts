import { join } from "node:path";
import { decodeRle } from "../core/rle.ts";
import { readCoco } from "../data/coco.ts";
import { cocoMask } from "../data/coco-segmentation.ts";
import { type ConvertFormat, type ConvertOptions, convert } from "../data/convert/convert.ts";
import { draw } from "./picture.ts";
import { temporaryFolder, writeTree } from "./tree.ts";

/** The instances in a COCO file by picture, as "category drawing", with "*" for a crowd. */
export async function thingsIn(path: string): Promise<Record<string, string[]>> {
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

/** What is read from files of a format: instances by picture, and losses by kind. */
export async function readThings(
  from: ConvertFormat,
  files: Readonly<Record<string, string | Uint8Array>>,
  input = "in",
  options: Partial<ConvertOptions> = {},
): Promise<{ readonly things: Record<string, string[]>; readonly losses: Record<string, number> }> {
  const folder = temporaryFolder();
  writeTree(folder, files);
  const output = join(folder, "things.json");
  const { losses } = await convert(join(folder, input), output, { ...options, from, to: "coco-rle" });
  return {
    things: await thingsIn(output),
    losses: Object.fromEntries(losses.map(({ kind, count }) => [kind, count])),
  };
}

/** The files of a format that a drawn label map "sub/a" becomes, in a new folder. */
export async function writeThings(
  to: ConvertFormat,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: Partial<ConvertOptions> = {},
  input = "in",
): Promise<string> {
  const folder = temporaryFolder();
  writeTree(folder, files);
  const output = join(folder, "out");
  const images = options.images === undefined ? {} : { images: join(folder, options.images) };
  await convert(join(folder, input), output, { from: "labels", ...options, ...images, to });
  return output;
}
