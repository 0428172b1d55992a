import { badFormat } from "../../core/error.ts";
import { type ClassId, vocPalette } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { unionRles } from "../../core/rle-algebra.ts";
import type { ClassList } from "../class-list.ts";
import { pathFault, pictureId } from "../picture-id.ts";
import { checkIds } from "./coco.ts";
import { number, type Part, readShape } from "./cvat-shapes.ts";
import { readSpan } from "./file-items.ts";
import { matchClasses } from "./names.ts";
import { type AnnotatedPicture, type Annotation, type AnnotationSource, bare } from "./picture.ts";
import { indexXml, parseXml, type XmlElement } from "./xml.ts";

/** Of the head with the labels, and of one image. */
const MAX_BYTES = 2 ** 26;

export function openCvat(path: string, list: ClassList | null): AnnotationSource {
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
