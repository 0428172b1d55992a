import { formatCount } from "../../core/count.ts";
import type { Box } from "../../core/geometry.ts";
import { BACKGROUND, type ClassId } from "../../core/label-map.ts";
import type { LabeledPrompt } from "../../core/object-prompt.ts";
import { rleBox } from "../../core/rle.ts";
import { type ClassSource, classList } from "../../data/class-list.ts";
import { type CocoInstance, imagesById } from "../../data/coco.ts";
import { cocoMask } from "../../data/coco-segmentation.ts";
import { type PartDataset, readParts } from "../../data/part-dataset.ts";
import { type PromptSource, sizeAlone } from "../../data/prompts.ts";
import type { PartLabel } from "../../methods/wps/augment.ts";
import { boxCenters } from "../../methods/wps/teacher.ts";

/**
 * The boxes of a COCO file of parts as `readParts` reads it: the box an annotation has, or else that of its mask. Crowds are left out.
 *
 * @param classes  "partimagenet" or another list; by default the categories of the file
 * @throws MaskwrightError BAD_FORMAT that lists what is wrong with the file
 */
export async function openPartBoxes(path: string, classes?: ClassSource): Promise<PromptSource> {
  const given = classes === undefined ? null : await classList(classes);
  const parts = await readParts(path, given?.classes);
  const { images } = parts.dataset;
  const byId = imagesById(parts.dataset, path);
  const lines = parts.leftOut.length;
  return {
    kind: "boxes",
    path,
    classes: {
      ...(given ?? { name: path }),
      classes: parts.classes,
      categoryIds: numberCategories(parts),
    },
    ids: [...byId.keys()],
    imageIds: new Map(images.map(({ id, imageId }) => [id, imageId])),
    leftOut: lines === 0 ? null : `${formatCount(lines, "mask")} of fewer than three corners`,
    promptsOf(id) {
      const image = byId.get(id);
      return (image?.instances ?? []).flatMap((instance): LabeledPrompt[] => {
        const classId = parts.classIds.get(instance.categoryId) as ClassId;
        if (instance.isCrowd || classId === BACKGROUND) return [];
        const box = instance.box ?? maskBox(instance, image as NonNullable<typeof image>);
        return box === null ? [] : [{ kind: "box", classId, box }];
      });
    },
    sizeOf: (id) => sizeAlone(byId.get(id)),
  };
}

/** The category id of each class id: that of the file, or for a class that only the list has, one after those. */
function numberCategories({ classes, classIds }: PartDataset): number[] {
  const ids = new Map([...classIds].map(([categoryId, classId]) => [classId, categoryId]));
  let next = Math.max(0, ...classIds.keys());
  return classes.map((_, classId) => ids.get(classId) ?? (classId === BACKGROUND ? 0 : ++next));
}

function maskBox(instance: CocoInstance, size: Parameters<typeof cocoMask>[1]): Box | null {
  return instance.segmentation.kind === "none" ? null : rleBox(cocoMask(instance, size));
}

/** What a picture's parts are taught by; "centers" are the middles of boxes, the published point supervision. */
export type Supervision = "boxes" | "centers" | "points";

/** A picture's prompts as they are taught. Of an object with several points, the first positive one counts. */
export function taughtLabel(prompts: readonly LabeledPrompt[], supervision: Supervision): PartLabel {
  if (supervision === "points") {
    const points = prompts.flatMap((prompt) => {
      const point = prompt.kind === "points" ? prompt.points.find(({ positive }) => positive) : undefined;
      return point === undefined ? [] : [{ ...point, classId: prompt.classId }];
    });
    return { kind: "points", points };
  }
  const boxes = prompts.flatMap((prompt) =>
    prompt.kind === "box" ? [{ ...prompt.box, classId: prompt.classId }] : [],
  );
  const label = { kind: "boxes", boxes } as const;
  return supervision === "centers" ? boxCenters(label) : label;
}
