import { createReadStream, createWriteStream, rmSync, writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Box } from "../../core/geometry.ts";
import { vocPalette } from "../../core/label-map.ts";
import { rleBox } from "../../core/rle.ts";
import { cropMask } from "./cropped-mask.ts";
import type { CreateOptions } from "./format.ts";
import type { Annotation, AnnotationTarget } from "./picture.ts";
import { openTextFile } from "./text-file.ts";
import { escapeXml } from "./xml.ts";

/** Images wait in a file beside the output for the head, whose labels are known at the end. */
export function createCvat(
  path: string,
  { classes, palette = vocPalette() }: CreateOptions,
): AnnotationTarget {
  const waiting = `${path}.images`;
  const images = openTextFile(waiting);
  let count = 0;
  return {
    write({ id, file, split, height, width, annotations }) {
      const subset = split === null ? "" : ` subset="${escapeXml(split)}"`;
      const name = escapeXml(file ?? `${id}.jpg`);
      images.write(`  <image id="${count++}" name="${name}"${subset} width="${width}" height="${height}">\n`);
      for (const [k, annotation] of annotations.entries())
        for (const line of shapesXml(annotation, escapeXml(classes[annotation.classId]), k + 1))
          images.write(`    ${line}\n`);
      images.write("  </image>\n");
    },
    async finish(names) {
      images.write("</annotations>\n");
      images.close();
      writeFileSync(path, headXml(names, palette, count));
      await pipeline(createReadStream(waiting), createWriteStream(path, { flags: "a" }));
      rmSync(waiting);
    },
  };
}

function* shapesXml({ rle, polygons }: Annotation, label: string, group: number): Generator<string> {
  const common = `label="${label}" source="file" occluded="0"`;
  if (polygons === undefined) {
    const box = rleBox(rle) as Box;
    const runs = rowRuns(cropMask(rle, box).data).join(", ");
    const place = `left="${box.x0}" top="${box.y0}" width="${box.x1 - box.x0}" height="${box.y1 - box.y0}"`;
    yield `<mask ${common} rle="${runs}" ${place} z_order="0"></mask>`;
    return;
  }
  const grouped = polygons.length > 1 ? ` group_id="${group}"` : "";
  for (const polygon of polygons) {
    const points = Array.from(
      { length: polygon.length / 2 },
      (_, n) => `${polygon[2 * n]},${polygon[2 * n + 1]}`,
    );
    yield `<polygon ${common} points="${points.join(";")}" z_order="0"${grouped}></polygon>`;
  }
}

/** Run lengths of 0, then of 1, and so on by turns. */
function rowRuns(data: Uint8Array): number[] {
  const runs: number[] = [];
  let [value, start] = [0, 0];
  for (let p = 0; p < data.length; p++) {
    if (data[p] === value) continue;
    runs.push(p - start);
    start = p;
    value = data[p];
  }
  runs.push(data.length - start);
  return runs;
}

function headXml(classes: readonly string[], palette: Uint8Array, count: number): string {
  const hex = (k: number): string => Buffer.from(palette.subarray(k * 3, k * 3 + 3)).toString("hex");
  const labels = classes.slice(1).map((name, k) => {
    const text = `<name>${escapeXml(name)}</name><color>#${hex(k + 1)}</color><type>any</type>`;
    return `        <label>${text}<attributes></attributes></label>`;
  });
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    "<annotations>",
    "  <version>1.1</version>",
    "  <meta>",
    "    <task>",
    `      <name>maskwright</name><size>${count}</size><mode>annotation</mode>`,
    "      <labels>",
    ...labels,
    "      </labels>",
    "    </task>",
    "  </meta>",
    "",
  ].join("\n");
}
