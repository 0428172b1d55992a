/**
 * What converting 10,000 pictures takes: a seeded COCO file of pictures of 240 × 320 px with seven polygons of 20 points each becomes a data set
 * of every format, and each of those is read into run lengths again. Both directions also read back what they wrote, as every conversion does.
 *
 *     npm run build && npx tsx bench/convert.ts [PICTURES [FORMAT...]]
 */

import { once } from "node:events";
import { createWriteStream, linkSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, random } from "../src/core/random.ts";
import { convertFormats } from "../src/data/convert/convert.ts";
import { encodeJpeg } from "../src/data/photo.ts";
import { measureProgram } from "./lib/measure.ts";

const SIZE = { height: 240, width: 320 };
const OBJECTS = 7;
const POINTS = 20;
const CLASSES = 20;
const FORMATS = convertFormats.filter((format) => format !== "proposals" && format !== "sepl-folder");
const PHOTOS = ["yolo-seg", "voc", "labelme", "mmseg", "hf"];

const [pictures = "10000", ...chosen] = process.argv.slice(2);
const count = Number(pictures);
const folder = mkdtempSync(join(tmpdir(), "maskwright-convert-"));
try {
  await writePhotos(count);
  await writeCoco(join(folder, "input.json"), count);
  console.log(
    `| ${count} pictures | written in, s | peak MiB | read in, s | peak MiB |\n| --- | --- | --- | --- | --- |`,
  );
  for (const format of chosen.length === 0 ? FORMATS : chosen) {
    const [there, back] = [join(folder, format), join(folder, "back.json")];
    const photos = PHOTOS.includes(format) ? ["--images", join(folder, "images")] : [];
    const written = await convert(join(folder, "input.json"), there, "coco", format, photos);
    const read = await convert(there, back, format, "coco-rle", photos);
    const cells = [written, read].flatMap(({ seconds, peakMib }) => [seconds.toFixed(0), peakMib.toFixed(0)]);
    console.log(`| \`${format}\` | ${cells.join(" | ")} |`);
    for (const path of [there, back]) rmSync(path, { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true });
}

function convert(from: string, to: string, format: string, newFormat: string, more: readonly string[]) {
  return measureProgram("convert", from, to, "--from", format, "--to", newFormat, "--json", ...more);
}

/** One gray photo under the name of each picture. */
async function writePhotos(count: number): Promise<void> {
  mkdirSync(join(folder, "images"));
  const gray = { ...SIZE, data: new Uint8Array(3 * SIZE.height * SIZE.width).fill(128) };
  const bytes = await encodeJpeg(gray);
  for (let k = 0; k < count; k++) {
    // A file can have 65,000 names.
    const first = join(folder, "images", `${idOf(k - (k % 50_000))}.jpg`);
    if (k % 50_000 === 0) await writeFile(first, bytes);
    else linkSync(first, join(folder, "images", `${idOf(k)}.jpg`));
  }
}

async function writeCoco(path: string, count: number): Promise<void> {
  const r = random("convert");
  const file = createWriteStream(path);
  const put = async (text: string): Promise<void> => {
    if (!file.write(text)) await once(file, "drain");
  };
  const images = Array.from({ length: count }, (_, k) => ({
    id: k + 1,
    file_name: `${idOf(k)}.jpg`,
    ...SIZE,
  }));
  const categories = Array.from({ length: CLASSES }, (_, k) => ({ id: k + 1, name: `class ${k + 1}` }));
  await put(`{"images":${JSON.stringify(images)},"categories":${JSON.stringify(categories)},"annotations":[`);
  for (let k = 0; k < count * OBJECTS; k++) {
    const polygon = drawPolygon(r);
    const [xs, ys] = [0, 1].map((axis) => polygon.filter((_, n) => n % 2 === axis));
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    const bbox = [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
    const shared = { id: k + 1, image_id: Math.floor(k / OBJECTS) + 1, category_id: 1 + r.integer(CLASSES) };
    const annotation = { ...shared, segmentation: [polygon], area: bbox[2] * bbox[3], bbox, iscrowd: 0 };
    await put(`${k === 0 ? "" : ","}${JSON.stringify(annotation)}`);
  }
  file.end("]}");
  await once(file, "close");
}

/** A star of rays of random lengths, x and y in turn. */
function drawPolygon(r: Random): number[] {
  const radius = r.between(8, 60);
  const [x, y] = [r.between(radius, SIZE.width - radius), r.between(radius, SIZE.height - radius)];
  return Array.from({ length: POINTS }, (_, n) => {
    const length = radius * r.between(0.6, 1);
    const angle = (2 * Math.PI * n) / POINTS;
    return [x + length * Math.cos(angle), y + length * Math.sin(angle)].map(
      (value) => Math.round(value * 100) / 100,
    );
  }).flat();
}

function idOf(k: number): string {
  return `picture-${String(k).padStart(6, "0")}`;
}
