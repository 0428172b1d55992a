import { badFormat } from "../../core/error.ts";
import { rleIou } from "../../core/iou.ts";
import { type ClassId, compareLabels, IGNORE } from "../../core/label-map.ts";
import { type Rle, rleArea } from "../../core/rle.ts";
import { intersectionArea } from "../../core/rle-algebra.ts";
import type { ClassList } from "../class-list.ts";
import { pathFault } from "../picture-id.ts";
import { quote } from "../problems.ts";
import type { AnnotationFormat, Capabilities, OpenOptions } from "./format.ts";
import type { ConvertJob } from "./job.ts";
import type { OpenLedger } from "./ledger.ts";
import { paintingOrder, toLabelMap, withoutOverlaps } from "./overlap.ts";
import { openPhotos, type PhotoFolder } from "./photos.ts";
import type { AnnotatedPicture, Annotation, AnnotationSource } from "./picture.ts";
import { compareRegions, uniteByClass } from "./regions.ts";

/** Most annotations of one picture: several times what the densest data sets have. */
const MAX_ANNOTATIONS = 100_000;

/**
 * Reads pictures one at a time, writes each in the target's format, then reads all of that back and compares. What the target
 * has no place for is entered in the ledger and left away, so that a writer meets only what its format holds.
 */
export async function transfer(job: ConvertJob, from: AnnotationFormat, to: AnnotationFormat): Promise<void> {
  const { input, output, classes, ledger, watch } = job;
  const photos = openPhotos(job.images);
  const source = withSplits(await from.open(input, openOptions(classes, photos)), job.validation);
  checkNames(source.classes, input);
  const list = listOf(source, classes);
  const target = to.create(output, {
    classes: list.classes,
    ...(list.palette !== undefined && { palette: list.palette }),
    ...(list.categoryIds !== undefined && { categoryIds: list.categoryIds }),
    hasObjects: source.hasObjects,
    photos: job.photos,
    lose: ledger.lose,
    warn: ledger.warn,
  });
  let used = 1;
  let missing = 0;
  watch.begin("convert", source.ids.length);
  for (let n = 0; n < source.ids.length; n++) {
    const read = await readPicture(source, n, input);
    const picture = await photos.attach(read, to.photos);
    if (to.photos !== "none" && picture.photo === null) missing++;
    for (const { classId } of picture.annotations) used = Math.max(used, classId);
    const arranged = arrange(picture, source, to.holds);
    countLosses(ledger, picture, arranged, source, to.holds, classes);
    ledger.picture();
    await target.write(keepHeld(picture, arranged, to.holds));
    await watch.advance(picture.id);
  }
  if (missing > 0)
    ledger.warn(`${missing} of ${source.ids.length} pictures have no photo beside them: give --images`);
  const names = source.isNumbered ? source.classes.slice(0, used + 1) : source.classes;
  await target.finish(names);
  await check(job, source, to, { ...list, classes: names }, photos);
}

/** Reads the target back, picture by picture, and enters how much of every region is as it was in the source. */
async function check(
  { input, output, ledger, watch }: ConvertJob,
  source: AnnotationSource,
  to: AnnotationFormat,
  list: ClassList,
  photos: PhotoFolder,
): Promise<void> {
  // Sizes come from the source: photos need not be there, and have been compared where they are.
  const sizes = new Map<string, AnnotatedPicture>();
  const sizeOf = async (id: string): Promise<AnnotatedPicture> => sizes.get(id) as AnnotatedPicture;
  const back = await to.open(output, { ...openOptions(list, photos), sizeOf });
  const places = new Map(back.ids.map((id, n) => [id, n]));
  watch.begin("check", source.ids.length);
  for (let n = 0; n < source.ids.length; n++) {
    const before = await readPicture(source, n, input);
    sizes.clear();
    sizes.set(before.id, before);
    const place = places.get(before.id);
    if (place === undefined)
      throw badFormat(
        `${input}: ${before.id}`,
        "a picture that the target's reader finds again",
        "one it does not find",
        "Rename it: files whose names begin with a dot are passed over.",
      );
    const after = await back.read(place);
    if (to.holds.objects && back.hasObjects) compareObjects(ledger, before, after, source, to.holds);
    else compareRegions(ledger, before.id, uniteByClass(before.annotations), uniteByClass(after.annotations));
    if (to.holds.ignore) compareIgnore(ledger, before, after);
    await watch.advance(before.id);
  }
}

function openOptions(classes: ClassList | null, photos: PhotoFolder): OpenOptions {
  return { classes, photo: photos.find, sizeOf: photos.sizeOf };
}

async function readPicture(
  source: AnnotationSource,
  index: number,
  input: string,
): Promise<AnnotatedPicture> {
  const picture = await source.read(index);
  const { id, split } = picture;
  const fault = pathFault(id) ?? (split === null ? null : pathFault(split));
  if (fault !== null || split?.includes("/"))
    throw badFormat(
      `${input}: ${quote(id)}`,
      "names of pictures and splits that stay in their folder",
      fault ?? quote(split),
    );
  const count = picture.annotations.length;
  if (count > MAX_ANNOTATIONS)
    throw badFormat(`${input}: ${picture.id}`, `at most ${MAX_ANNOTATIONS} annotations`, String(count));
  return picture;
}

/** Text files of names have one a line, and every reader finds classes by their names. */
function checkNames(classes: readonly string[], where: string): void {
  const seen = new Set<string>();
  for (const name of classes) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
    if (name.trim() !== name || name === "" || /[\u0000-\u001f\u007f]/.test(name))
      throw badFormat(`${where}: classes`, "names without line breaks or outer spaces", JSON.stringify(name));
    if (seen.has(name))
      throw badFormat(`${where}: classes`, "each name once", `${JSON.stringify(name)} again`);
    seen.add(name);
  }
}

/** The source's classes, with the colors and numbers of the list given for them. */
function listOf(source: AnnotationSource, given: ClassList | null): ClassList {
  const palette = given?.palette ?? source.palette;
  const categoryIds = source.categoryIds ?? given?.categoryIds;
  return {
    name: given?.name ?? "input",
    classes: source.classes,
    ...(palette !== undefined && { palette }),
    ...(categoryIds !== undefined && { categoryIds }),
  };
}

/** The source with the pictures that `isValidation` names in "val" and the others in "train". */
function withSplits(
  source: AnnotationSource,
  validation: ((ids: readonly string[]) => ReadonlySet<string>) | null,
): AnnotationSource {
  if (validation === null) return source;
  const chosen = validation(source.ids);
  const splitOf = (id: string): string => (chosen.has(id) ? "val" : "train");
  return {
    ...source,
    splits: [...new Set(source.ids.map(splitOf))].sort(),
    read: async (n) => ({ ...(await source.read(n)), split: splitOf(source.ids[n]) }),
  };
}

function countLosses(
  ledger: OpenLedger,
  picture: AnnotatedPicture,
  arranged: readonly Arranged[],
  source: AnnotationSource,
  holds: Capabilities,
  given: ClassList | null,
): void {
  const { id, annotations, ignore, split, leftOut } = picture;
  const full = annotations.filter(({ rle }) => rleArea(rle) > 0);
  for (const [kind, count] of Object.entries(leftOut)) ledger.lose(kind as keyof typeof leftOut, id, count);
  if (!holds.ignore && ignore !== null) ledger.lose("ignore-pixels", id, rleArea(ignore));
  if (!holds.overlaps) ledger.lose("hidden-pixels", id, countHidden(arranged, holds));
  else if (!holds.layers && source.isLayered && source.hasObjects)
    ledger.lose("layer-pixels", id, countMoved(picture));
  if (!holds.objects) ledger.lose("shared-classes", id, countShared(full));
  if (!holds.crowds) ledger.lose("crowd-flags", id, full.filter(({ isCrowd }) => isCrowd).length);
  ledger.lose("empty-instances", id, annotations.length - full.length);
  if (holds.objects)
    ledger.lose("background-objects", id, full.filter(({ classId }) => classId === 0).length);
  if (!holds.splits && split !== null) ledger.lose("splits", id, source.splits.length > 1 ? 1 : 0);
  const ids = source.categoryIds;
  if (!holds.categoryIds && ids !== undefined) {
    const known = given?.categoryIds;
    const isLost = ({ classId }: Annotation): boolean =>
      classId !== 0 && ids[classId] !== classId && ids[classId] !== known?.[classId];
    ledger.lose("class-ids", id, full.filter(isLost).length);
  }
}

/** What is left for the writer: annotations with pixels, in order, apart and of a class where the format asks for that. */
function keepHeld(
  picture: AnnotatedPicture,
  arranged: readonly Arranged[],
  holds: Capabilities,
): AnnotatedPicture {
  const annotations = arranged
    .map(({ annotation }) => annotation)
    .filter(({ rle, classId }) => classId !== 0 && rleArea(rle) > 0)
    .map((annotation) => (holds.crowds ? annotation : { ...annotation, isCrowd: false }));
  const split = holds.splits ? picture.split : null;
  return { ...picture, annotations, ignore: heldIgnore(picture, holds), split };
}

function heldIgnore({ ignore }: AnnotatedPicture, holds: Capabilities): Rle | null {
  return holds.ignore && ignore !== null && rleArea(ignore) > 0 ? ignore : null;
}

/** An annotation as the target will have it, with its mask before. */
interface Arranged {
  readonly before: Rle;
  readonly annotation: Annotation;
}

/** The annotations without overlaps, or in the order of layers, where the target needs that. */
function arrange(
  picture: AnnotatedPicture,
  { isLayered }: AnnotationSource,
  holds: Capabilities,
): readonly Arranged[] {
  const { annotations } = picture;
  const ignore = heldIgnore(picture, holds);
  const kept = holds.overlaps ? annotations : withoutOverlaps({ ...picture, ignore }, isLayered);
  const order = holds.layers ? paintingOrder(annotations, isLayered) : annotations.map((_, k) => k);
  return order.map((k) => ({ before: annotations[k].rle, annotation: kept[k] }));
}

/** Pixels whose class changes when the small annotations lie on top instead of the later ones. */
function countMoved(picture: AnnotatedPicture): number {
  return compareLabels(toLabelMap(picture, true), toLabelMap(picture, false)).changed;
}

/** Pixels of an instance that go to another one; where objects are one anyway, pixels of a class that go to another class. */
function countHidden(arranged: readonly Arranged[], holds: Capabilities): number {
  let hidden = 0;
  if (holds.objects) {
    for (const { before, annotation } of arranged)
      if (annotation.classId !== 0) hidden += rleArea(before) - rleArea(annotation.rle);
    return hidden;
  }
  const after = uniteByClass(arranged.map(({ annotation }) => annotation));
  const all = uniteByClass(arranged.map(({ before, annotation }) => ({ ...annotation, rle: before })));
  for (const [classId, rle] of all) {
    const left = after.get(classId);
    hidden += rleArea(rle) - (left === undefined ? 0 : intersectionArea(rle, left));
  }
  return hidden;
}

/** Annotations whose class has another one in this picture. */
function countShared(annotations: readonly Annotation[]): number {
  const counts = new Map<ClassId, number>();
  for (const { classId } of annotations) counts.set(classId, (counts.get(classId) ?? 0) + 1);
  return [...counts.values()].reduce((total, count) => total + (count > 1 ? count : 0), 0);
}

/** Every instance of the source with what came back of it; one that is gone, or is another class, has 0. */
function compareObjects(
  ledger: OpenLedger,
  before: AnnotatedPicture,
  after: AnnotatedPicture,
  source: AnnotationSource,
  holds: Capabilities,
): void {
  let place = 0;
  for (const { before: rle, annotation } of arrange(before, source, holds)) {
    if (annotation.classId === 0 || rleArea(rle) === 0) continue;
    const other = rleArea(annotation.rle) === 0 ? undefined : after.annotations[place++];
    ledger.compare(before.id, other?.classId === annotation.classId ? rleIou(rle, other.rle) : 0);
  }
  for (; place < after.annotations.length; place++) ledger.compare(before.id, 0);
}

function compareIgnore(ledger: OpenLedger, before: AnnotatedPicture, after: AnnotatedPicture): void {
  const regions = (rle: Rle | null) =>
    new Map(rle === null || rleArea(rle) === 0 ? [] : [[IGNORE, rle] as const]);
  compareRegions(ledger, before.id, regions(before.ignore), regions(after.ignore));
}
