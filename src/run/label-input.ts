import { MaskwrightError } from "../core/error.ts";
import { listPictures, type PictureFile } from "../data/paths.ts";
import type { CamBackground } from "../methods/sepl/cam-labels.ts";

/** A folder of pseudo labels: label maps, or CAMs that a background score turns into label maps. */
export interface LabelInput {
  readonly kind: "labels" | "cams";
  readonly folder: string;
  /** File of each id, in the order of the ids. */
  readonly files: ReadonlyMap<string, string>;
}

/** How CAM files are read: what their class numbers count from, and how the background competes. */
export interface CamReading {
  readonly background: CamBackground;
  /** What a file's `keys` call the first class after the background; WSSS code counts from 0. */
  readonly keyBase: 0 | 1;
}

/** Of label maps. */
export const LABEL_ENDING = ".png";
const CAM_ENDINGS = [".npy", ".npz", ".safetensors"];

/** @throws MaskwrightError when the folder is missing, has neither kind, or both */
export function openLabels(folder: string): LabelInput {
  const pictures = listPictures(folder, { extensions: [LABEL_ENDING, ...CAM_ENDINGS], recursive: true });
  const isLabel = ({ path }: PictureFile): boolean => path.toLowerCase().endsWith(LABEL_ENDING);
  const labelCount = pictures.filter(isLabel).length;
  if (labelCount > 0 && labelCount < pictures.length) {
    const text = `${folder}: expected label maps or CAMs, got ${labelCount} .png and ${pictures.length - labelCount} CAM files`;
    throw new MaskwrightError("BAD_FORMAT", text, { hint: "Keep the two in folders of their own." });
  }
  return { kind: labelCount > 0 ? "labels" : "cams", folder, files: filesById(pictures) };
}

/** The photos of a folder and those below it by id, in the order of the ids. */
export function openPhotos(folder: string): ReadonlyMap<string, string> {
  return filesById(listPictures(folder, { recursive: true }));
}

function filesById(pictures: readonly PictureFile[]): ReadonlyMap<string, string> {
  return new Map(pictures.map(({ id, path }) => [id, path]));
}

/** The file of an id that is known to be there. */
export function fileOf(files: ReadonlyMap<string, string>, id: string): string {
  const path = files.get(id);
  if (path === undefined) throw new Error(`no file of ${id}`);
  return path;
}
