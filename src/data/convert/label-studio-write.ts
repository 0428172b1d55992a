import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Size } from "../../core/geometry.ts";
import { vocPalette } from "../../core/label-map.ts";
import { decodeRle } from "../../core/rle.ts";
import { encodeBrush } from "./brush-rle.ts";
import type { CreateOptions } from "./format.ts";
import { CONFIG, TASKS } from "./label-studio-task.ts";
import type { Annotation, AnnotationTarget } from "./picture.ts";
import { openTextFile } from "./text-file.ts";
import { escapeXml } from "./xml.ts";

/** Where Label Studio serves files of its document root, with their path in the query. */
const LOCAL = "/data/local-files/?d=";

export function createLabelStudio(
  path: string,
  { classes, palette = vocPalette() }: CreateOptions,
): AnnotationTarget {
  mkdirSync(path);
  const tasks = openTextFile(join(path, TASKS));
  let count = 0;
  tasks.write("[");
  return {
    write({ id, file, height, width, annotations }) {
      const image = LOCAL + encodeURIComponent(file ?? `${id}.jpg`).replaceAll("%2F", "/");
      const regions = annotations.map((one, k) =>
        regionJson(one, classes[one.classId], k + 1, { height, width }),
      );
      // Without a region nothing else tells the size.
      const data = { image, height, width };
      const task = { id: ++count, data, annotations: [{ result: regions }] };
      tasks.write(`${count === 1 ? "\n" : ",\n"}${JSON.stringify(task)}`);
    },
    finish(names) {
      tasks.write("\n]\n");
      tasks.close();
      writeFileSync(join(path, CONFIG), configXml(names, palette));
    },
  };
}

/** What was drawn as one polygon stays one; everything else is a mask. */
function regionJson(
  { rle, polygons }: Annotation,
  label: string,
  n: number,
  { height, width }: Size,
): object {
  const isPolygon = polygons?.length === 1;
  const kind = isPolygon ? "polygonlabels" : "brushlabels";
  const [polygon] = polygons ?? [];
  const value = isPolygon
    ? {
        points: Array.from({ length: polygon.length / 2 }, (_, k) => [
          (polygon[2 * k] / width) * 100,
          (polygon[2 * k + 1] / height) * 100,
        ]),
        closed: true,
      }
    : { format: "rle", rle: encodeBrush(decodeRle(rle)) };
  return {
    id: `r${n}`,
    type: kind,
    from_name: isPolygon ? "polygon" : "brush",
    to_name: "image",
    original_width: width,
    original_height: height,
    image_rotation: 0,
    value: { ...value, [kind]: [label] },
  };
}

function configXml(classes: readonly string[], palette: Uint8Array): string {
  const hex = (k: number): string => Buffer.from(palette.subarray(k * 3, k * 3 + 3)).toString("hex");
  const labels = classes
    .slice(1)
    .map((name, k) => `    <Label value="${escapeXml(name)}" background="#${hex(k + 1)}"/>`);
  return [
    "<View>",
    '  <Image name="image" value="$image" zoom="true"/>',
    '  <BrushLabels name="brush" toName="image">',
    ...labels,
    "  </BrushLabels>",
    '  <PolygonLabels name="polygon" toName="image">',
    ...labels,
    "  </PolygonLabels>",
    "</View>",
    "",
  ].join("\n");
}
