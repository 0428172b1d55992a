import { badFormat } from "../../core/error.ts";
import type { ClassList } from "../class-list.ts";
import { pathFault } from "../picture-id.ts";
import { quote } from "../problems.ts";
import { arrange, keepHeld } from "./arrange.ts";
import { compareIgnore, compareObjects } from "./compare.ts";
import type { AnnotationFormat, OpenOptions } from "./format.ts";
import type { ConvertJob } from "./job.ts";
import { countLosses } from "./losses.ts";
import { openPhotos, type PhotoFolder } from "./photos.ts";
import type { AnnotatedPicture, AnnotationSource } from "./picture.ts";
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
  let before = await readPicture(source, 0, input);
  const back = await to.open(output, { ...openOptions(list, photos), sizeOf: async () => before });
  const places = new Map(back.ids.map((id, n) => [id, n]));
  watch.begin("check", source.ids.length);
  for (let n = 0; n < source.ids.length; n++) {
    before = await readPicture(source, n, input);
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

/** The source with the pictures that `validation` chooses in "val" and the others in "train". */
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
