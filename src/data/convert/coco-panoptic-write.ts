import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Size } from "../../core/geometry.ts";
import { rleArea, rleBox } from "../../core/rle.ts";
import { cocoBoxJson } from "../coco-write.ts";
import { encodePng } from "../png-encode.ts";
import { categoriesJson, categoryNumbers } from "./coco.ts";
import { openCocoFile } from "./coco-file.ts";
import type { CreateOptions } from "./format.ts";
import type { Annotation, AnnotationTarget } from "./picture.ts";

export function createPanoptic(path: string, { categoryIds, hasObjects }: CreateOptions): AnnotationTarget {
  const folder = join(path, "panoptic");
  mkdirSync(folder, { recursive: true });
  const coco = openCocoFile(join(path, "panoptic.json"));
  const numbers = categoryNumbers(categoryIds);
  return {
    write({ id, file, height, width, annotations }) {
      const png = join(folder, `${id}.png`);
      mkdirSync(dirname(png), { recursive: true });
      writeFileSync(png, encodePng({ height, width }, paintSegments({ height, width }, annotations), null));
      coco.addAnnotation({
        file_name: `${id}.png`,
        image_id: coco.addImage(file ?? `${id}.jpg`, { height, width }),
        segments_info: annotations.map(({ rle, classId, isCrowd }, k) => ({
          area: rleArea(rle),
          bbox: cocoBoxJson(rleBox(rle)),
          category_id: numbers(classId),
          id: k + 1,
          iscrowd: isCrowd ? 1 : 0,
        })),
      });
    },
    finish(classes) {
      const isthing = hasObjects ? 1 : 0;
      return coco.finish(categoriesJson(classes, numbers).map((category) => ({ ...category, isthing })));
    },
  };
}

/** [H, W, 3]: segment k has the color of the number k + 1. */
function paintSegments({ height, width }: Size, annotations: readonly Annotation[]): Uint8Array {
  const rgb = new Uint8Array(height * width * 3);
  for (const [k, { rle }] of annotations.entries()) {
    const [red, green, blue] = [(k + 1) & 255, ((k + 1) >> 8) & 255, (k + 1) >> 16];
    let q = 0; // column-major position
    for (let run = 1; run < rle.counts.length; run += 2) {
      q += rle.counts[run - 1];
      for (const end = q + rle.counts[run]; q < end; q++) {
        const j = Math.floor(q / height);
        const at = ((q - j * height) * width + j) * 3;
        rgb[at] = red;
        rgb[at + 1] = green;
        rgb[at + 2] = blue;
      }
    }
  }
  return rgb;
}
