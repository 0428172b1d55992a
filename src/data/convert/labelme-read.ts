import { existsSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { badFormat } from "../../core/error.ts";
import type { ClassId } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import type { Rle } from "../../core/rle.ts";
import { unionRles } from "../../core/rle-algebra.ts";
import { decodeText } from "../json-file.ts";
import { listPictures, readFileBytes } from "../paths.ts";
import { quote } from "../problems.ts";
import type { OpenOptions } from "./format.ts";
import { BACKGROUND, IGNORED, LABELS, type Picture, readFile } from "./labelme-file.ts";
import { readShape } from "./labelme-shapes.ts";
import { matchClasses } from "./names.ts";
import { type AnnotatedPicture, type Annotation, type AnnotationSource, bare } from "./picture.ts";

export async function openLabelme(path: string, { classes: list }: OpenOptions): Promise<AnnotationSource> {
  const pictures = listPictures(path, { extensions: [".json"], recursive: true });
  const names = await readNames(
    path,
    pictures.map((picture) => picture.path),
  );
  const { classes, classIds } = matchClasses(names, path, list?.classes);
  const byName = new Map<string, ClassId>(names.map((name, k) => [name, classIds[k]]));
  byName.set(BACKGROUND, 0);
  return {
    classes,
    isNumbered: false,
    ids: pictures.map(({ id }) => id),
    splits: [],
    isLayered: true,
    hasObjects: true,
    read: async (n) => readPicture(await readFile(pictures[n].path), pictures[n], byName),
  };
}

/** The classes of `labels.txt`, or else all labels that occur, sorted; without ignore and the background. */
async function readNames(folder: string, files: readonly string[]): Promise<string[]> {
  const list = join(folder, LABELS);
  const names = new Set<string>();
  if (existsSync(list))
    for (const line of decodeText(readFileBytes(list), list).split("\n")) names.add(line.trim());
  else for (const file of files) for (const { label } of (await readFile(file)).shapes) names.add(label);
  for (const other of ["", IGNORED, BACKGROUND]) names.delete(other);
  return existsSync(list) ? [...names] : [...names].sort();
}

function readPicture(
  { imageHeight: height, imageWidth: width, imagePath, shapes }: Picture,
  { id, path }: { readonly id: string; readonly path: string },
  byName: ReadonlyMap<string, ClassId>,
): AnnotatedPicture {
  const size = { height, width };
  checkSize(path, size);
  const objects = new Map<string, { label: string; rles: Rle[]; polygons: number[][] }>();
  const leftOut = { shapes: 0, attributes: 0 };
  for (const [k, one] of shapes.entries()) {
    const part = readShape(one, size, `${path}: shapes[${k}]`);
    if (part === null) {
      leftOut.shapes++;
      continue;
    }
    if (one.description || Object.keys(one.flags ?? {}).length > 0) leftOut.attributes++;
    const { label, group_id: group } = one;
    if (label !== IGNORED && !byName.has(label))
      throw badFormat(`${path}: shapes[${k}].label`, `a label of ${LABELS} or --classes`, quote(label));
    const key = JSON.stringify(group === null || group === undefined ? k : [label, group]);
    const object = objects.get(key) ?? { label, rles: [], polygons: [] };
    objects.set(key, object);
    object.rles.push(part.rle);
    if (part.polygon !== null) object.polygons.push(part.polygon);
  }
  const all = [...objects.values()].map(({ label, rles, polygons }) => ({
    label,
    rle: unionRles(rles),
    ...(polygons.length === rles.length && { polygons }),
  }));
  const annotations = all
    .filter(({ label }) => label !== IGNORED)
    .map(
      ({ label, ...rest }): Annotation => ({
        classId: byName.get(label) as ClassId,
        isCrowd: false,
        ...rest,
      }),
    );
  const ignored = all.filter(({ label }) => label === IGNORED).map(({ rle }) => rle);
  const file = imagePath
    ? posix.join(posix.dirname(id), posix.basename(imagePath.replaceAll("\\", "/")))
    : null;
  const photo = file === null ? null : join(dirname(path), posix.basename(file));
  return {
    ...bare(size, id),
    file,
    annotations,
    ignore: ignored.length === 0 ? null : unionRles(ignored),
    photo: photo !== null && existsSync(photo) ? { path: photo } : null,
    leftOut,
  };
}
