import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RgbImage } from "../../src/core/image.ts";
import { readIdList } from "../../src/data/id-list.ts";
import { readPhoto } from "../../src/data/photo.ts";
import { dataFolder } from "../../src/testing/folders.ts";

/** The first photos of VOC's train list as "0.ppm", "1.ppm", …: pixels that other programs read alike, which JPEG's are not. */
export async function writePhotos(folder: string, count: number): Promise<void> {
  const voc = dataFolder("voc2012");
  if (voc === null) process.exit(1);
  const ids = await readIdList(join(voc, "ImageSets/Segmentation/train_with_images.txt"));
  for (const [k, id] of ids.slice(0, count).entries()) {
    const { height, width, data } = await readPhoto(join(voc, `JPEGImages/${id}.jpg`));
    const header = Buffer.from(`P6\n${width} ${height}\n255\n`);
    writeFileSync(join(folder, `${k}.ppm`), Buffer.concat([header, Buffer.from(data)]));
  }
}

/** A picture that `writePhotos` wrote. */
export function readPpm(path: string): RgbImage {
  const bytes = readFileSync(path);
  const [, width, height] = /^P6\n(\d+) (\d+)\n255\n/.exec(bytes.toString("latin1", 0, 64)) ?? [];
  const size = Number(width) * Number(height) * 3;
  return { height: Number(height), width: Number(width), data: bytes.subarray(bytes.length - size) };
}
