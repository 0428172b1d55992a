import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { badFormat } from "../../core/error.ts";
import { vocPalette } from "../../core/label-map.ts";
import { isBackgroundName } from "../class-list.ts";
import { readJsonFile } from "../json-file.ts";
import { decodeLabelMap, encodeLabelMap } from "../label-file.ts";
import { readFileBytes, readFolder } from "../paths.ts";
import { quote } from "../problems.ts";
import type { AnnotationFormat, CreateOptions, OpenOptions } from "./format.ts";
import { labeledPicture, labelMapHolds, numberedClasses } from "./labels.ts";
import { toLabelMap } from "./overlap.ts";
import { openParquet, type ParquetFile } from "./parquet-read.ts";
import { createParquet, type ParquetTarget } from "./parquet-write.ts";
import { photoExtension } from "./photos.ts";
import type { AnnotatedPicture, AnnotationSource, AnnotationTarget, Photo } from "./picture.ts";

/** Names of the classes by id, as transformers' examples for semantic segmentation read them. */
const NAMES = "id2label.json";
/** Of photos and labels in one file: what `datasets` cuts at. */
const SHARD_BYTES = 500 * 2 ** 20;
/** The column of labels, by its usual names. */
const LABEL_COLUMNS = ["annotation", "label", "labels", "mask", "segmentation_mask"];

/**
 * A data set for Hugging Face `datasets`: `data/SPLIT-00000-of-00001.parquet` with the columns `id`, `image` and `annotation`, the last two being
 * photos and label PNGs as they are; `README.md` with the card, and `id2label.json`. The split called "val" here is "validation" there.
 *
 * @see datasets, `features/image.py` (`Image`: a struct of bytes and path); the features stand in the file's metadata under "huggingface"
 */
export const huggingFace: AnnotationFormat = {
  output: "folder",
  holds: { ...labelMapHolds, splits: true },
  photos: "needed",
  open: openHuggingFace,
  create: createHuggingFace,
};

/** A picture's place: row `row` of a file. */
interface Row {
  readonly id: string;
  readonly split: string;
  readonly file: ParquetFile;
  readonly row: number;
}

async function openHuggingFace(path: string, { classes }: OpenOptions): Promise<AnnotationSource> {
  const rows: Row[] = [];
  const labelColumns = new Map<ParquetFile, string>();
  for (const { file: parquetPath, split } of listShards(path)) {
    const file = await openParquet(parquetPath);
    const column = LABEL_COLUMNS.find((name) => file.columns.includes(name));
    if (column === undefined)
      throw badFormat(parquetPath, `a column called ${LABEL_COLUMNS.join(", ")}`, file.columns.join(", "));
    labelColumns.set(file, column);
    const ids = file.columns.includes("id") ? await file.texts("id") : null;
    for (let row = 0; row < file.rowCount; row++)
      rows.push({ id: ids?.[row] ?? `${split}-${String(row).padStart(8, "0")}`, split, file, row });
  }
  const seen = new Set<string>();
  for (const { id } of rows) {
    if (seen.has(id)) throw badFormat(path, "one picture for each id", `${quote(id)} again`);
    seen.add(id);
  }
  const own = classes?.classes ?? (await readNames(path));
  const names = own ?? numberedClasses;
  return {
    classes: names,
    isNumbered: own === null,
    ids: rows.map(({ id }) => id),
    splits: [...new Set(rows.map(({ split }) => split))],
    isLayered: true,
    hasObjects: false,
    async read(n): Promise<AnnotatedPicture> {
      const { id, split, file, row } = rows[n];
      const where = `${file.path}: row ${row} (${id})`;
      const column = labelColumns.get(file) as string;
      const values = await file.row(row, ["image", column]);
      const label = imageOf(values[column]);
      if (label === null) throw badFormat(`${where}.${column}`, "the bytes of a PNG", "none");
      const image = imageOf(values.image);
      const picture = labeledPicture(decodeLabelMap(label.bytes, where), id, names, where);
      const photo: Photo | null = image === null ? null : { bytes: image.bytes };
      const extension = /\.\w+$/.exec(image?.path ?? "")?.[0] ?? ".jpg";
      return { ...picture, split, photo, file: `${id}${extension}` };
    },
  };
}

function imageOf(value: unknown): { readonly bytes: Uint8Array; readonly path: string | null } | null {
  const { bytes, path } = Object(value) as { bytes?: unknown; path?: unknown };
  return bytes instanceof Uint8Array ? { bytes, path: typeof path === "string" ? path : null } : null;
}

/** The files of a data set with their splits: "train-00000-of-00002.parquet" and "train.parquet" are of the split "train". */
function listShards(path: string): { readonly file: string; readonly split: string }[] {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return [{ file: path, split: splitOf(path) }];
  const inside = join(path, "data");
  const folder = existsSync(inside) ? inside : path;
  const files = readFolder(folder)
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".parquet") && !name.startsWith("."));
  if (files.length === 0) throw badFormat(folder, "files ending in .parquet", "none", "Check --from.");
  return files.map((name) => ({ file: join(folder, name), split: splitOf(name) }));
}

function splitOf(path: string): string {
  const name = basename(path).replace(/(-\d{5}-of-\d{5})?(-[\da-f]+)?\.parquet$/, "");
  return name === "validation" ? "val" : name;
}

async function readNames(path: string): Promise<readonly string[] | null> {
  const file = join(path, NAMES);
  if (!existsSync(file)) return null;
  const value = Object(await readJsonFile(file, { maxBytes: 2 ** 20 })) as Record<string, unknown>;
  const count = Object.keys(value).length;
  const names = Array.from({ length: count }, (_, id) => value[String(id)]);
  if (count === 0 || count > 255 || names.some((name) => typeof name !== "string"))
    throw badFormat(file, "names for 0, 1, 2, … of at most 255 classes", quote(value));
  if (!isBackgroundName(names[0] as string))
    throw badFormat(
      `${file}: 0`,
      "the background",
      quote(names[0]),
      "Class 0 is the background here: renumber the classes.",
    );
  return ["background", ...(names.slice(1) as string[])];
}

function createHuggingFace(path: string, { palette = vocPalette() }: CreateOptions): AnnotationTarget {
  const folder = join(path, "data");
  mkdirSync(folder, { recursive: true });
  const splits = new Map<string, { target: ParquetTarget | null; shards: string[]; rows: number }>();
  return {
    async write(picture) {
      const split = picture.split === null ? "train" : picture.split === "val" ? "validation" : picture.split;
      if (!/^\w+$/.test(split)) throw badFormat("hf: split", "a name of letters, digits and _", quote(split));
      const open = splits.get(split) ?? { target: null, shards: [], rows: 0 };
      splits.set(split, open);
      if (open.target === null) {
        const shard = join(folder, `${split}-${open.shards.length}.part`);
        open.shards.push(shard);
        open.target = createParquet(shard);
      }
      const name = basename(picture.id);
      await open.target.add({
        id: picture.id,
        image: { bytes: bytesOf(picture.photo as Photo), path: `${name}${photoExtension(picture)}` },
        annotation: { bytes: encodeLabelMap(toLabelMap(picture, true), palette), path: `${name}.png` },
      });
      open.rows++;
      if (open.target.bytes < SHARD_BYTES) return;
      await open.target.finish();
      open.target = null;
    },
    async finish(classes) {
      const number = (n: number): string => String(n).padStart(5, "0");
      for (const [split, { target, shards }] of splits) {
        await target?.finish();
        for (const [n, shard] of shards.entries())
          renameSync(shard, join(folder, `${split}-${number(n)}-of-${number(shards.length)}.parquet`));
      }
      const names = Object.fromEntries(classes.map((name, id) => [id, name]));
      writeFileSync(join(path, NAMES), `${JSON.stringify(names, null, 1)}\n`);
      writeFileSync(
        join(path, "README.md"),
        cardOf([...splits].map(([split, { rows }]) => ({ split, rows }))),
      );
    },
  };
}

function bytesOf(photo: Photo): Uint8Array {
  return "bytes" in photo ? photo.bytes : readFileBytes(photo.path);
}

function cardOf(splits: readonly { readonly split: string; readonly rows: number }[]): string {
  return [
    "---",
    "task_categories:",
    "- image-segmentation",
    "dataset_info:",
    "  features:",
    "  - name: id",
    "    dtype: string",
    "  - name: image",
    "    dtype: image",
    "  - name: annotation",
    "    dtype: image",
    "  splits:",
    ...splits.flatMap(({ split, rows }) => [`  - name: ${split}`, `    num_examples: ${rows}`]),
    "configs:",
    "- config_name: default",
    "  data_files:",
    ...splits.flatMap(({ split }) => [`  - split: ${split}`, `    path: data/${split}-*`]),
    "---",
    "",
    "Photos and their label maps. A pixel of `annotation` is a class id of `id2label.json`; 0 is the background, 255 is ignored.",
    "",
  ].join("\n");
}
