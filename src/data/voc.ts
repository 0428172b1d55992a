import { existsSync } from "node:fs";
import { join } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { readIdList } from "./id-list.ts";
import { readFolder } from "./paths.ts";

/** What a folder laid out like VOC holds. Paths are by picture id, in the order of ids. */
export interface VocFolder {
  readonly root: string;
  /** The ids of each list in ImageSets/Segmentation, by name: "train", "val", … */
  readonly splits: ReadonlyMap<string, readonly string[]>;
  /** JPEGImages/ID.jpg */
  readonly images: ReadonlyMap<string, string>;
  /** SegmentationClass/ID.png */
  readonly labels: ReadonlyMap<string, string>;
  /** Annotations/ID.xml: read by `decodeVocXml` */
  readonly annotations: ReadonlyMap<string, string>;
}

/**
 * The lists and files of a VOC folder; folders that are not there are empty here, and lists may name pictures that are not.
 *
 * @throws MaskwrightError NOT_FOUND when it has none of VOC's folders, INVALID_ARGUMENT for a file in the place of one,
 *         BAD_FORMAT for a broken id list
 */
export async function readVocFolder(root: string): Promise<VocFolder> {
  const folders = ["JPEGImages", "SegmentationClass", "Annotations", "ImageSets/Segmentation"];
  if (!folders.some((folder) => existsSync(join(root, folder)))) {
    throw new MaskwrightError(
      "NOT_FOUND",
      `${root}: expected a VOC folder, got none of ${folders.join(", ")}`,
      {
        hint: "Give the folder that is called VOC2012 in the original archive.",
      },
    );
  }
  const splits = new Map<string, readonly string[]>();
  for (const [name, path] of listFiles(root, "ImageSets/Segmentation", ".txt")) {
    splits.set(name, await readIdList(path));
  }
  return {
    root,
    splits,
    images: listFiles(root, "JPEGImages", ".jpg"),
    labels: listFiles(root, "SegmentationClass", ".png"),
    annotations: listFiles(root, "Annotations", ".xml"),
  };
}

/** Paths of the files with this extension by their names without it, sorted by name. */
function listFiles(root: string, folder: string, extension: string): Map<string, string> {
  const path = join(root, folder);
  if (!existsSync(path)) return new Map();
  const names = readFolder(path).map(({ name }) => name);
  const files = names.filter((name) => name.endsWith(extension) && !name.startsWith("."));
  return new Map(files.map((name) => [name.slice(0, -extension.length), join(path, name)]));
}
