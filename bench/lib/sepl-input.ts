import { createHash } from "node:crypto";
import { copyFileSync, linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, deflateSync, gunzipSync } from "node:zlib";
import { decodeRle } from "../../src/core/rle.ts";
import { decodeRleString } from "../../src/core/rle-string.ts";
import { readLabelMap } from "../../src/data/label-file.ts";
import { goldenFolder } from "../../src/testing/folders.ts";
import { pngChunk, pngHeader, pngStart } from "../../src/testing/png.ts";

/** The 100 images of golden/sepl-bench in the layouts that SEPL's published code and we read. */
export interface SeplInput {
  readonly labels: string;
  /** Proposals as JSON, and as the published code's folders of PNGs. */
  readonly json: string;
  readonly masks: string;
  readonly imageCount: number;
  /** Throws unless each refined label map in the folder is the published code's (variant max_iou_imp2). */
  check(folder: string): void;
}

interface StoredImage {
  readonly name: string;
  readonly size: readonly [height: number, width: number];
  /** COCO strings. */
  readonly masks: readonly string[];
  readonly expected_sha256_raw: { readonly max_iou_imp2: string };
}

export interface SeplInputOptions {
  /** How often each image is there, the copies under names of their own. Default 1. */
  readonly repeat?: number;
  /** Also write the folders of PNGs, 80 files an image. Default true. */
  readonly withMasks?: boolean;
}

/** Writes the input below `root`; copies are hard links. Null, said out loud, when the golden set is missing. */
export function writeSeplInput(root: string, options: SeplInputOptions = {}): SeplInput | null {
  const { repeat = 1, withMasks = true } = options;
  const golden = goldenFolder("sepl-bench");
  if (golden === null) return null;
  const images = JSON.parse(
    gunzipSync(readFileSync(join(golden, "masks.json.gz"))).toString(),
  ) as StoredImage[];
  const labels = join(root, "pseudo_labels/lab");
  const json = join(root, "json");
  const masks = join(root, "SAM/masks");
  for (const folder of [labels, json, masks]) mkdirSync(folder, { recursive: true });
  const expected = new Map<string, string>();
  for (const image of images) {
    for (let copy = 0; copy < repeat; copy++) {
      // Names sort copy by copy, so that any first images are a fair part of them.
      const name = copy === 0 ? image.name : `${String(copy).padStart(3, "0")}-${image.name}`;
      expected.set(name, image.expected_sha256_raw.max_iou_imp2);
      const put = (path: string, write: (path: string) => void): void => {
        if (copy === 0) write(path);
        else linkSync(path.replace(`/${name}`, `/${image.name}`), path);
      };
      put(join(labels, `${name}.png`), (path) => copyFileSync(join(golden, "labels", `${name}.png`), path));
      put(join(json, `${name}.json`), (path) => writeFileSync(path, proposalsJson(image)));
      if (!withMasks) continue;
      mkdirSync(join(masks, name));
      for (const [k, counts] of image.masks.entries())
        put(join(masks, name, `${k}.png`), (path) => writeFileSync(path, maskPng(image, counts)));
    }
  }
  const check = (folder: string): void => {
    for (const [name, hash] of expected) {
      const { data } = readLabelMap(join(folder, `${name}.png`));
      const got = createHash("sha256").update(data).digest("hex");
      if (got !== hash) throw new Error(`${folder}/${name}.png: differs from the published code's`);
    }
  };
  return { labels, json, masks, imageCount: expected.size, check };
}

/** Records as SAM's automatic mask generator writes them; the set does not hold the qualities, and SEPL reads none. */
function proposalsJson({ name, size: [height, width], masks }: StoredImage): string {
  const annotations = masks.map((counts) => ({
    segmentation: { size: [height, width], counts },
    area: 0,
    bbox: [0, 0, 0, 0],
    predicted_iou: 0.9,
    stability_score: 0.9,
    point_coords: [[0, 0]],
    crop_box: [0, 0, width, height],
  }));
  return JSON.stringify({ image: { id: name, height, width }, annotations });
}

/** A mask as OpenCV's imwrite, and so SAM's own tool, stores it: every row filtered by Sub, runs at level 1. */
function maskPng({ size: [height, width] }: StoredImage, counts: string): Uint8Array {
  const { data } = decodeRle(decodeRleString(counts, { height, width }));
  const rows = new Uint8Array(height * (width + 1)); // a pixel is stored as what it exceeds its left neighbor by
  for (let i = 0, p = 0; i < height; i++) {
    const start = i * (width + 1);
    rows[start] = 1;
    for (let j = 0, left = 0; j < width; j++, p++) {
      rows[start + 1 + j] = 255 * (data[p] - left);
      left = data[p];
    }
  }
  const compressed = deflateSync(rows, { level: 1, strategy: constants.Z_RLE });
  return Buffer.concat([
    pngStart,
    pngHeader({ height, width }),
    pngChunk("IDAT", compressed),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}
