import type { Size } from "../core/geometry.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { drawScene } from "../scenes/scene.ts";
import { writeScenes } from "./scene-files.ts";
import { writeTree } from "./tree.ts";

/** As `writeScenes`, with `tags.csv`, `boxes.csv` and `points.csv` of the same scenes. */
export async function writeWeakScenes(folder: string, count: number, size: Size): Promise<string[]> {
  const ids = await writeScenes(folder, count, size);
  const scenes = ids.map((id) => ({ file: `${id}.jpg`, ...drawScene(id, { size }) }));
  const nameOf = (classId: number): string => sceneClasses[classId];
  const tags = scenes.map(({ file, tags }) => `${file},${tags.map(nameOf).join(";")}`);
  const boxes = scenes.flatMap(({ file, boxes }) =>
    boxes.map(({ classId, x0, y0, x1, y1 }) => [file, nameOf(classId), x0, y0, x1, y1].join(",")),
  );
  const points = scenes.flatMap(({ file, points }) =>
    points.map(({ classId, x, y }) => [file, nameOf(classId), x, y].join(",")),
  );
  const csv = (head: string, lines: readonly string[]): string => `${[head, ...lines].join("\n")}\n`;
  writeTree(folder, {
    "tags.csv": csv("file,tags", tags),
    "boxes.csv": csv("file,class,x0,y0,x1,y1", boxes),
    "points.csv": csv("file,class,x,y", points),
  });
  return ids;
}
