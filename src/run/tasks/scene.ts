import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Box } from "../../core/geometry.ts";
import type { ClassId } from "../../core/label-map.ts";
import { encodeLabelMap } from "../../data/label-file.ts";
import { encodeJpeg } from "../../data/photo.ts";
import { roughLabels } from "../../scenes/degrade.ts";
import { drawScene, type Scene } from "../../scenes/scene.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import type { ItemResult } from "../stage.ts";

export interface SceneTask {
  /** The scene's seed as well. */
  readonly id: string;
  readonly size: { readonly height: number; readonly width: number };
  /** Folder of the folders `images`, `truth`, `parts` and `rough`. */
  readonly out: string;
  readonly stage: string;
  readonly knownKey: string | null;
}

/** What the files of labels need of a scene. */
export interface SceneResult extends Pick<Scene, "tags" | "boxes" | "points" | "captions"> {
  readonly parts: readonly SceneResultPart[];
}

/** A part that can be seen of an object of a class. */
export interface SceneResultPart {
  readonly partClassId: ClassId;
  readonly box: Box;
  /** Runs of its mask. */
  readonly counts: readonly number[];
}

/** Draws one scene: a photo, its truth, its parts, and a rough pseudo label as a CAM would give it. */
export async function drawSceneFiles({
  id,
  size,
  out,
  stage,
  knownKey,
}: SceneTask): Promise<ItemResult<SceneResult>> {
  const key = artifactKey(stage, [Buffer.from(id)]);
  const pathOf = (folder: string, ending: string): string => join(out, folder, `${id}${ending}`);
  const last = pathOf("rough", ".png");
  if (key === knownKey && existsSync(last)) return { key, result: null };
  const scene = drawScene(id, { size });
  writeAtomically(pathOf("images", ".jpg"), await encodeJpeg(scene.image, { quality: 92 }));
  writeAtomically(pathOf("truth", ".png"), encodeLabelMap(scene.labels));
  writeAtomically(pathOf("parts", ".png"), encodeLabelMap(scene.partLabels));
  writeAtomically(last, encodeLabelMap(roughLabels(scene, id)));
  const { tags, boxes, points, captions, instances } = scene;
  const parts = instances
    .flatMap((instance) => instance.parts)
    .filter(({ partClassId }) => partClassId !== 0);
  return {
    key,
    result: {
      ...{ tags, boxes, points, captions },
      parts: parts.map(({ partClassId, box, mask }) => ({ partClassId, box, counts: [...mask.counts] })),
    },
  };
}
