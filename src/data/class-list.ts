import { badFormat } from "../core/error.ts";
import { vocPalette } from "../core/label-map.ts";
import { decodeText, parseJson, readBytes } from "./json-file.ts";
import { partImageNetClasses } from "./part-image-net.ts";
import { collectProblems, quote } from "./problems.ts";

export interface ClassList {
  readonly name: string;
  /** index = class id, 0 = background */
  readonly classes: readonly string[];
  /** 256 × RGB by class id, where the list comes with its own colors. */
  readonly palette?: Uint8Array;
  /** The COCO category id of each class id, where it has one of its own. */
  readonly categoryIds?: readonly number[];
}

/** Class lists that are here by name. */
export const classSetNames: readonly string[] = ["voc", "coco", "partimagenet"];

/** "voc", "coco", "partimagenet", a file, or the names themselves. */
export type ClassSource = string | readonly string[];

const vocClasses: readonly string[] = [
  ..."background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike".split(
    " ",
  ),
  ..."person pottedplant sheep sofa train tvmonitor".split(" "),
];

const cocoClasses: readonly string[] =
  `background,person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,
parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,
frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,
wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,
couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,
refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush`
    .split(",")
    .map((name) => name.trim());

/** COCO's own category id of each class id: 80 of the numbers 1..90, 0 for the background. */
export const cocoCategoryIds: readonly number[] = Array.from({ length: 91 }, (_, id) => id).filter(
  (id) => ![12, 26, 29, 30, 45, 66, 68, 69, 71, 83].includes(id),
);

/**
 * The class names of "voc" (21), "coco" (81), "partimagenet" (41) or a file, or those of a list.
 *
 * A text file has one name a line; a JSON file is a list of names, or `{ name?, classes, palette? }` with a
 * palette of `[r, g, b]` rows. When the first name is not "background" ("_background_" and "__background__"
 * count), the background is put before it: class ids of the others start at 1 either way.
 */
export async function classList(source: ClassSource): Promise<ClassList> {
  if (typeof source !== "string") return checkClasses("classes", source, "classes");
  if (source === "voc") return { name: "voc", classes: vocClasses, palette: vocPalette() };
  if (source === "coco") return { name: "coco", classes: cocoClasses, categoryIds: cocoCategoryIds };
  if (source === "partimagenet") return { name: "partimagenet", classes: partImageNetClasses };
  const bytes = await readBytes(source, 2 ** 20);
  return /\.json$/i.test(source)
    ? decodeJsonClasses(parseJson(bytes, source), source)
    : checkClasses(nameOf(source), decodeText(bytes, source).split("\n"), source);
}

/** Whether a class name means "none of the classes". */
export function isBackgroundName(name: string): boolean {
  return /^_{0,2}background_{0,2}$/i.test(name);
}

function decodeJsonClasses(value: unknown, where: string): ClassList {
  const list = Array.isArray(value) ? { classes: value } : (value as Record<string, unknown> | null);
  const names: unknown = list?.classes;
  if (!Array.isArray(names) || names.some((name) => typeof name !== "string")) {
    throw badFormat(where, 'a list of names, or an object with "classes"', quote(value));
  }
  const { name, palette } = list as { name?: unknown; palette?: unknown };
  const classes = checkClasses(typeof name === "string" ? name : nameOf(where), names, where);
  return palette === undefined ? classes : { ...classes, palette: decodePalette(palette, where) };
}

function checkClasses(name: string, lines: readonly string[], where: string): ClassList {
  const problems = collectProblems(where);
  const classes = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (classes.length === 0 || !isBackgroundName(classes[0])) classes.unshift("background");
  else classes[0] = "background";
  if (classes.length < 2) problems.add("classes", "at least one class", "none");
  if (classes.length > 255)
    problems.add("classes", "at most 254 classes besides the background", `${classes.length - 1}`);
  problems.throwIfAny();
  for (const [id, text] of classes.entries()) {
    const first = classes.indexOf(text);
    if (first < id) problems.add(`class ${id}`, "each name once", `${quote(text)} again (class ${first})`);
    else if (id > 0 && isBackgroundName(text))
      problems.add(`class ${id}`, "the background first", quote(text));
  }
  problems.throwIfAny();
  return { name, classes };
}

function decodePalette(value: unknown, where: string): Uint8Array {
  const isByte = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 0 && (n as number) <= 255;
  const isColor = (row: unknown): boolean => Array.isArray(row) && row.length === 3 && row.every(isByte);
  if (!Array.isArray(value) || value.length > 256 || !value.every(isColor)) {
    throw badFormat(`${where}: palette`, "at most 256 rows [r, g, b] of 0..255", quote(value));
  }
  const palette = new Uint8Array(256 * 3);
  palette.set(value.flat());
  return palette;
}

/** "a/my-classes.txt" is called my-classes. */
function nameOf(path: string): string {
  return path.replace(/^.*[/\\]/, "").replace(/\.[^.]*$/, "");
}
