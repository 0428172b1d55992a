import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { Box } from "../../core/geometry.ts";
import { type Rle, rleBox } from "../../core/rle.ts";
import { encodePng } from "../png-encode.ts";
import { cropMask } from "./cropped-mask.ts";
import type { CreateOptions } from "./format.ts";
import { BACKGROUND, IGNORED, LABELS, type Shape } from "./labelme-file.ts";
import { placePhoto } from "./photos.ts";
import type { Annotation, AnnotationTarget } from "./picture.ts";

export function createLabelme(path: string, { classes, photos }: CreateOptions): AnnotationTarget {
  mkdirSync(path);
  return {
    write({ id, file, height, width, annotations, ignore, photo }) {
      const target = join(path, `${id}.json`);
      const name = `${posix.basename(id)}${posix.extname(file ?? ".jpg")}`;
      const shapes = annotations.flatMap((one, k) => shapesJson(one, classes[one.classId], k + 1));
      if (ignore !== null) shapes.push(maskJson(ignore, IGNORED));
      const json = {
        version: "5.5.0",
        flags: {},
        shapes,
        imagePath: name,
        imageData: null,
        imageHeight: height,
        imageWidth: width,
      };
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, `${JSON.stringify(json, null, 1)}\n`);
      if (photo !== null) placePhoto(photo, join(dirname(target), name), photos);
    },
    finish(names) {
      writeFileSync(join(path, LABELS), [IGNORED, BACKGROUND, ...names.slice(1), ""].join("\n"));
    },
  };
}

type ShapeJson = Omit<Shape, "points"> & { readonly points: readonly (readonly number[])[] };

/** What was drawn as polygons stays polygons, in one group when they are several; everything else is a mask. */
function shapesJson({ rle, polygons }: Annotation, label: string, group: number): ShapeJson[] {
  if (polygons === undefined) return [maskJson(rle, label)];
  return polygons.map((polygon) => ({
    label,
    points: Array.from({ length: polygon.length / 2 }, (_, n) => [polygon[2 * n], polygon[2 * n + 1]]),
    group_id: polygons.length > 1 ? group : null,
    description: "",
    shape_type: "polygon",
    flags: {},
    mask: null,
  }));
}

function maskJson(rle: Rle, label: string): ShapeJson {
  const { x0, y0, x1, y1 } = rleBox(rle) as Box;
  const { height, width, data } = cropMask(rle, { x0, y0, x1, y1 });
  return {
    label,
    points: [
      [x0, y0],
      [x1 - 1, y1 - 1],
    ],
    group_id: null,
    description: "",
    shape_type: "mask",
    flags: {},
    mask: Buffer.from(encodePng({ height, width }, data, null)).toString("base64"),
  };
}
