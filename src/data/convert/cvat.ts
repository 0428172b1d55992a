import { createReadStream, createWriteStream, rmSync, writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { badFormat } from "../../core/error.ts";
import type { Box, Size } from "../../core/geometry.ts";
import { type ClassId, vocPalette } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { polygonToRle } from "../../core/polygon.ts";
import { type Rle, rleBox } from "../../core/rle.ts";
import { unionRles } from "../../core/rle-algebra.ts";
import type { ClassList } from "../class-list.ts";
import { parseDecimal } from "../decimal.ts";
import { pathFault, pictureId } from "../picture-id.ts";
import { checkIds } from "./coco.ts";
import { cropMask, placeMask } from "./cropped-mask.ts";
import { readSpan } from "./file-items.ts";
import type { AnnotationFormat, CreateOptions } from "./format.ts";
import { matchClasses } from "./names.ts";
import { boxCorners } from "./outlines.ts";
import {
  type AnnotatedPicture,
  type Annotation,
  type AnnotationSource,
  type AnnotationTarget,
  bare,
} from "./picture.ts";
import { openTextFile } from "./text-file.ts";
import { escapeXml, indexXml, parseXml, type XmlElement } from "./xml.ts";

/** Of the head with the labels, and of one image. */
const MAX_BYTES = 2 ** 26;

/**
 * CVAT's own XML, "CVAT for images 1.1": polygons, masks and boxes. Shapes of one label and group are parts of one object. An image is read
 * at a time, whatever the size of the file.
 *
 * @see CVAT, `dataset_manager/formats/cvat.py` (`dump_as_cvat_annotation`): a mask is the run lengths, row by row and zeros first, of its box
 */
export const cvat: AnnotationFormat = {
  output: "file",
  holds: {
    objects: true,
    overlaps: true,
    layers: true,
    ignore: false,
    crowds: false,
    splits: true,
    categoryIds: false,
  },
  photos: "none",
  open: async (path, { classes }) => openCvat(path, classes),
  create: createCvat,
};

function openCvat(path: string, list: ClassList | null): AnnotationSource {
  const { items, headEnd } = indexXml(path, "image", {
    maxBytes: MAX_BYTES,
    refused: { track: "This is a video's annotation: export it as CVAT for images 1.1." },
  });
  const labels = readLabels(path, headEnd);
  const { classes, classIds } = matchClasses(
    labels.map(({ name }) => name),
    path,
    list?.classes,
  );
  const palette = vocPalette();
  for (const [k, { color }] of labels.entries()) if (color !== null) palette.set(color, classIds[k] * 3);
  const byName = new Map(labels.map(({ name }, k) => [name, classIds[k]]));
  const splits = new Set<string>();
  const files: { id: string; file: string }[] = [];
  for (let n = 0; n < items.count; n++) {
    const { name, subset } = parseOpening(items.bytes(n), `${path}: byte ${items.start(n)}`).attributes;
    const fault = name === undefined ? "none" : pathFault(name);
    if (fault !== null) throw badFormat(`${path}: byte ${items.start(n)}`, "a name of a photo", fault);
    if (subset !== undefined) splits.add(subset);
    files.push({ id: pictureId(name), file: name });
  }
  checkIds(files, path);
  return {
    classes,
    isNumbered: false,
    palette,
    ids: files.map(({ id }) => id),
    splits: [...splits].sort(),
    isLayered: true,
    hasObjects: true,
    read(n) {
      const { id, file } = files[n];
      const where = `${path}: ${file}`;
      return { ...readImage(parseXml(items.bytes(n), where), id, where, byName), file };
    },
  };
}

/** An element without what it holds: the tag alone, closed. */
function parseOpening(bytes: Uint8Array, where: string): XmlElement {
  let quote = 0;
  let end = 0;
  for (; end < bytes.length; end++) {
    const byte = bytes[end];
    if (quote !== 0) quote = byte === quote ? 0 : quote;
    else if (byte === 0x22 || byte === 0x27) quote = byte;
    else if (byte === 0x3e) break;
  }
  const tag = Buffer.from(bytes.subarray(0, end)).toString().replace(/\/$/, "");
  return parseXml(Buffer.from(`${tag}/>`), where);
}

function readLabels(path: string, headEnd: number): { name: string; color: number[] | null }[] {
  if (headEnd > MAX_BYTES) throw badFormat(path, `a head of at most ${MAX_BYTES} bytes`, `${headEnd}`);
  const head = Buffer.from(readSpan(path, 0, headEnd)).toString();
  const root = parseXml(Buffer.from(`${head}</annotations>`), path);
  if (root.name !== "annotations") throw badFormat(path, "<annotations>", `<${root.name}>`, "Check --from.");
  const labels = find(root, "label", "labels");
  return labels.map(({ children }) => {
    const textOf = (name: string): string => children.find((child) => child.name === name)?.text.trim() ?? "";
    const color = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(textOf("color"));
    return {
      name: textOf("name"),
      color: color === null ? null : color.slice(1).map((hex) => Number.parseInt(hex, 16)),
    };
  });
}

/** All elements of a name right below those of another, at any depth: labels are below a job, a task or a project. */
function find(element: XmlElement, name: string, parent: string): XmlElement[] {
  return element.children.flatMap((child) =>
    element.name === parent && child.name === name ? [child] : find(child, name, parent),
  );
}

interface Part {
  readonly rle: Rle;
  readonly polygon: readonly number[] | null;
}

function readImage(
  element: XmlElement,
  id: string,
  where: string,
  byName: ReadonlyMap<string, ClassId>,
): AnnotatedPicture {
  const size = { height: number(element, "height", where), width: number(element, "width", where) };
  checkSize(where, size);
  const objects = new Map<string, { classId: ClassId; layer: number; parts: Part[] }>();
  let [shapes, attributes] = [0, 0];
  for (const [k, shape] of element.children.entries()) {
    const place = `${where}: <${shape.name}> ${k + 1}`;
    const part = shape.name === "tag" ? null : readShape(shape, size, place);
    if (part === null) {
      shapes++;
      continue;
    }
    if (shape.children.some(({ name }) => name === "attribute")) attributes++;
    const { label, group_id: group = "0" } = shape.attributes;
    const classId = byName.get(label);
    if (classId === undefined)
      throw badFormat(place, "a label of the file's list", JSON.stringify(label), "Check --classes.");
    const key = group === "0" ? `shape ${k}` : `group ${group} of ${classId}`;
    const object = objects.get(key);
    const layer = shape.attributes.z_order === undefined ? 0 : number(shape, "z_order", place);
    if (object === undefined) objects.set(key, { classId, layer, parts: [part] });
    else object.parts.push(part);
  }
  const annotations = [...objects.values()]
    .sort((a, b) => a.layer - b.layer)
    .map(({ classId, parts }): Annotation => {
      const polygons = parts.flatMap(({ polygon }) => (polygon === null ? [] : [polygon]));
      const rle = unionRles(parts.map((part) => part.rle));
      return { classId, rle, isCrowd: false, ...(polygons.length === parts.length && { polygons }) };
    });
  const leftOut = { ...(shapes > 0 && { shapes }), ...(attributes > 0 && { attributes }) };
  return { ...bare(size, id), annotations, split: element.attributes.subset ?? null, leftOut };
}

/** null for a shape that has no area here. */
function readShape(shape: XmlElement, size: Size, place: string): Part | null {
  const value = (name: string): number => number(shape, name, place);
  switch (shape.name) {
    case "polygon": {
      const polygon = (shape.attributes.points ?? "").split(/[;,]/).map(parseDecimal);
      return { polygon, rle: polygonToRle(polygon, size, place) };
    }
    case "box": {
      const box = { x0: value("xtl"), y0: value("ytl"), x1: value("xbr"), y1: value("ybr") };
      const center = { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 };
      const polygon = boxCorners(
        box,
        shape.attributes.rotation === undefined ? 0 : value("rotation"),
        center,
      );
      return { polygon, rle: polygonToRle(polygon, size, place) };
    }
    case "mask": {
      const box = { x: value("left"), y: value("top"), height: value("height"), width: value("width") };
      return { polygon: null, rle: readMask(shape.attributes.rle ?? "", box, size, place) };
    }
    default:
      return null;
  }
}

function readMask(
  rle: string,
  { x, y, ...box }: Size & { readonly x: number; readonly y: number },
  size: Size,
  place: string,
): Rle {
  const isInside =
    [x, y, box.height, box.width].every(Number.isInteger) &&
    x >= 0 &&
    y >= 0 &&
    box.height > 0 &&
    box.width > 0;
  if (!isInside || x + box.width > size.width || y + box.height > size.height)
    throw badFormat(
      place,
      "a box of whole pixels inside the picture",
      `${x},${y} ${box.width}×${box.height}`,
    );
  const data = new Uint8Array(box.height * box.width);
  let p = 0;
  for (const [k, text] of rle.split(",").entries()) {
    const run = parseDecimal(text.trim());
    if (!Number.isInteger(run) || run < 0 || p + run > data.length)
      throw badFormat(`${place}: rle[${k}]`, `run lengths that sum to ${data.length}`, text.trim());
    if (k % 2 === 1) data.fill(1, p, p + run);
    p += run;
  }
  if (p !== data.length)
    throw badFormat(`${place}: rle`, `run lengths that sum to ${data.length}`, String(p));
  return placeMask({ ...box, data }, { x, y }, size);
}

function number({ name, attributes }: XmlElement, key: string, where: string): number {
  const value = parseDecimal(attributes[key] ?? "");
  if (Number.isNaN(value))
    throw badFormat(
      `${where}: <${name}> ${key}`,
      "a number",
      attributes[key] === undefined ? "nothing" : JSON.stringify(attributes[key]),
    );
  return value;
}

/** Images wait in a file beside the output for the head, whose labels are known at the end. */
function createCvat(path: string, { classes, palette = vocPalette() }: CreateOptions): AnnotationTarget {
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
