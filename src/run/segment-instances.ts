import { existsSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { encodeInstances, type ImageInstances } from "../data/coco-instances.ts";
import { readFileBytes } from "../data/paths.ts";
import type { PromptSource } from "../data/prompts.ts";
import { decodeProposals } from "../data/proposal-file.ts";
import { promptedKey } from "./artifact-key.ts";
import { writeAtomically } from "./files.ts";
import { fileOf } from "./label-input.ts";
import type { RunDirectory } from "./run-directory.ts";
import { isBadImage } from "./stage.ts";

/** A run's objects, and what they were made from. */
export interface ObjectRun {
  readonly run: RunDirectory;
  /** Key of the stage "objects". */
  readonly stage: string;
  readonly images: string;
  readonly photos: ReadonlyMap<string, string>;
  readonly prompts: PromptSource;
}

/**
 * Gathers `OUT/instances.json` from the objects of all images that the run has, in the order of the folder: those just made, and those
 * of other selections that would be made the same from their photos and prompts as these are now. One image is held at a time.
 */
export function writeInstances(made: readonly string[], objects: ObjectRun): void {
  const { run, images, photos, prompts } = objects;
  const isMade = new Set(made);
  const isWanted = new Set(prompts.ids);
  const categoryIds = categoryIdsOf(prompts);
  const categories = prompts.classes.classes.map((name, k) => ({ id: categoryIds[k], name })).slice(1);
  const pictures = function* (): Generator<ImageInstances> {
    for (const [id, photo] of photos) {
      if (!isWanted.has(id) || !(isMade.has(id) || isUpToDate(id, objects))) continue;
      const path = objectsFile(run, id);
      const { height, width, proposals } = decodeProposals(readFileBytes(path), path);
      const imageId = prompts.imageIds?.get(id);
      yield {
        file: relative(images, photo).split(sep).join("/"),
        height,
        width,
        objects: proposals,
        categoryIds: prompts.promptsOf(id).map(({ classId }) => categoryIds[classId]),
        ...(imageId === undefined ? {} : { imageId }),
      };
    }
  };
  writeAtomically(join(run.dir, "instances.json"), encodeInstances(pictures(), categories));
}

/** Index = class id; by default a class is its own category. */
export function categoryIdsOf({ classes: { classes, categoryIds } }: PromptSource): readonly number[] {
  return categoryIds ?? classes.map((_, classId) => classId);
}

function objectsFile({ dir }: RunDirectory, id: string): string {
  return join(dir, "objects", `${id}.json`);
}

function isUpToDate(id: string, { run, stage, photos, prompts }: ObjectRun): boolean {
  const known = run.journal.find("objects", id);
  if (known === undefined || !existsSync(objectsFile(run, id))) return false;
  try {
    return promptedKey(stage, readFileBytes(fileOf(photos, id)), prompts.promptsOf(id)) === known.key;
  } catch (error) {
    if (isBadImage(error)) return false;
    throw error;
  }
}
