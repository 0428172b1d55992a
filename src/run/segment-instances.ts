import { join, relative, sep } from "node:path";
import { encodeInstances, type ImageInstances } from "../data/coco-instances.ts";
import { readFileBytes } from "../data/paths.ts";
import type { PromptSource } from "../data/prompts.ts";
import { decodeProposals } from "../data/proposal-file.ts";
import { promptedKey } from "./artifact-key.ts";
import { writeAtomically } from "./files.ts";
import { heldItems } from "./held-items.ts";
import { fileOf } from "./label-input.ts";
import type { RunDirectory } from "./run-directory.ts";

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
  const { run, stage, images, photos, prompts } = objects;
  const isWanted = new Set(prompts.ids);
  const categoryIds = categoryIdsOf(prompts);
  const categories = prompts.classes.classes.map((name, k) => ({ id: categoryIds[k], name })).slice(1);
  const wanted = [...photos.keys()].filter((id) => isWanted.has(id));
  const held = heldItems(wanted, made, {
    run,
    stage: "objects",
    fileOf: (id) => objectsFile(run, id),
    keyOf: (id) => promptedKey(stage, readFileBytes(fileOf(photos, id)), prompts.promptsOf(id)),
  });
  const pictures = function* (): Generator<ImageInstances> {
    for (const id of held) {
      const path = objectsFile(run, id);
      const { height, width, proposals } = decodeProposals(readFileBytes(path), path);
      const asked = prompts.promptsOf(id);
      const imageId = prompts.imageIds?.get(id);
      yield {
        file: relative(images, fileOf(photos, id)).split(sep).join("/"),
        height,
        width,
        objects: proposals.map(({ rle, area, box, predictedIou }, k) => {
          const score = Number.isNaN(predictedIou) ? null : predictedIou;
          return { rle, area, box, score, categoryId: categoryIds[asked[k].classId] };
        }),
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
