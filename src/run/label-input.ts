import { existsSync } from "node:fs";
import { join } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { listPictureFiles, photoExtensions } from "../data/paths.ts";
import type { CamBackground } from "../methods/sepl/cam-labels.ts";
import { createFileMap } from "./file-map.ts";

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

/**
 * Looks what a folder of labels holds: label maps or CAMs, also in the folders below. Of a run directory the
 * labels it made are taken.
 *
 * @throws MaskwrightError when the folder is missing, has neither kind, or both
 */
export function openLabels(path: string): LabelInput {
  const made = isRun(path)
    ? ["pseudo", "labels", "seeds", "refined", "cams"].find((name) => existsSync(join(path, name)))
    : undefined;
  const folder = made === undefined ? path : join(path, made);
  const inputs = listInputs(folder, [LABEL_ENDING, ...CAM_ENDINGS]);
  const labelCount = inputs.filter((file) => file.toLowerCase().endsWith(LABEL_ENDING)).length;
  if (labelCount > 0 && labelCount < inputs.length) {
    const text = `${folder}: expected label maps or CAMs, got ${labelCount} .png and ${inputs.length - labelCount} CAM files`;
    throw new MaskwrightError("BAD_FORMAT", text, { hint: "Keep the two in folders of their own." });
  }
  return { kind: labelCount > 0 ? "labels" : "cams", folder, files: createFileMap(folder, inputs) };
}

/** The photos of a folder and those below it by id, in the order of the ids. */
export function openPhotos(folder: string): ReadonlyMap<string, string> {
  return createFileMap(folder, listInputs(folder, photoExtensions));
}

/** The pictures of a folder but for what runs inside it made: with `-o photos/out`, they are no photos of the next run. */
function listInputs(folder: string, extensions: readonly string[]): string[] {
  const runs = new Map<string, boolean>([["", false]]);
  const isInRun = (path: string): boolean => {
    const below = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    const isBelow = runs.get(below) ?? (isRun(join(folder, below)) || isInRun(below));
    runs.set(below, isBelow);
    return isBelow;
  };
  const inputs = listPictureFiles(folder, { extensions, recursive: true }).filter((file) => !isInRun(file));
  if (inputs.length > 0) return inputs;
  const text = `${folder}: expected files ending in ${extensions.join(" ")}, got only those that runs made`;
  throw new MaskwrightError("NOT_FOUND", text, { hint: "Name the folder inside the run." });
}

function isRun(folder: string): boolean {
  return existsSync(join(folder, "run.json"));
}

/** The file of an id that is known to be there. */
export function fileOf(files: ReadonlyMap<string, string>, id: string): string {
  const path = files.get(id);
  if (path === undefined) throw new Error(`no file of ${id}`);
  return path;
}
