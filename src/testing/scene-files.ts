import type { Size } from "../core/geometry.ts";
import { encodeLabelMap } from "../data/label-file.ts";
import { encodeJpeg } from "../data/photo.ts";
import { roughLabels } from "../scenes/degrade.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { drawScene } from "../scenes/scene.ts";
import { writeTree } from "./tree.ts";

/** Writes drawn scenes into a folder: `images`, rough `labels`, `truth` and `classes.txt`; returns their ids. */
export async function writeScenes(folder: string, count: number, size: Size): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, k) => `scene-${k}`);
  for (const id of ids) {
    const scene = drawScene(id, { size });
    writeTree(folder, {
      [`images/${id}.jpg`]: await encodeJpeg(scene.image),
      [`labels/${id}.png`]: encodeLabelMap(roughLabels(scene, id)),
      [`truth/${id}.png`]: encodeLabelMap(scene.labels),
    });
  }
  writeTree(folder, { "classes.txt": `${sceneClasses.join("\n")}\n` });
  return ids;
}
