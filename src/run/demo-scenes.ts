import { join } from "node:path";
import { rleArea } from "../core/rle.ts";
import { encodeInstances } from "../data/coco-instances.ts";
import { sceneClasses, scenePartClasses } from "../scenes/objects/catalog.ts";
import { stageKey } from "./artifact-key.ts";
import { writeAtomically } from "./files.ts";
import { inRunDirectory } from "./run-directory.ts";
import { type FinishedItems, runStage, type WorkContext } from "./stage.ts";
import type { SceneResult } from "./tasks/scene.ts";

/** Changes whenever the drawn scenes or their labels would. */
const SCENES_VERSION = 2;
const SCENE_SIZE = { height: 240, width: 320 };

/** Draws scenes into a folder: photos, truth, rough pseudo labels, and weak labels of every kind. */
export async function drawScenes(
  out: string,
  ids: readonly string[],
  seed: number,
  context: WorkContext,
): Promise<void> {
  const options = { size: SCENE_SIZE };
  const stage = stageKey({ name: "scenes", version: SCENES_VERSION, options });
  // The seed too: scenes of two seeds in one folder would be mixed.
  const description = { command: "scenes", options: { ...options, seed }, inputs: {} };
  await inRunDirectory(out, description, async (run) => {
    const { finished } = await runStage(
      {
        name: "scenes",
        worker: "scene",
        ids,
        task: (id, knownKey) => ({ id, size: SCENE_SIZE, out, stage, knownKey }),
      },
      run,
      context,
    );
    for (const [name, text] of labelFiles(finished)) writeAtomically(join(out, name), text);
    writeAtomically(join(out, "parts.json"), partInstances(finished));
  });
}

/** The weak labels of all scenes in the formats the other commands read. */
function labelFiles(scenes: FinishedItems<SceneResult>): [name: string, text: string][] {
  const nameOf = (classId: number): string => sceneClasses[classId];
  const lines = (head: string, of: (file: string, scene: SceneResult) => string[]): string =>
    [head, ...Array.from(scenes, ({ id, result }) => of(`${id}.jpg`, result)).flat(), ""].join("\n");
  const boxHead = "file,class,x0,y0,x1,y1";
  return [
    ["tags.csv", lines("file,tags", (file, { tags }) => [`${file},${tags.map(nameOf).join(";")}`])],
    [
      "boxes.csv",
      lines(boxHead, (file, { boxes }) =>
        boxes.map(({ classId, x0, y0, x1, y1 }) => [file, nameOf(classId), x0, y0, x1, y1].join(",")),
      ),
    ],
    [
      "points.csv",
      lines("file,class,x,y", (file, { points }) =>
        points.map(({ classId, x, y }) => [file, nameOf(classId), x, y].join(",")),
      ),
    ],
    [
      "part-boxes.csv",
      lines(boxHead, (file, { parts }) =>
        parts.map(({ partClassId, box: { x0, y0, x1, y1 } }) =>
          [file, scenePartClasses[partClassId], x0, y0, x1, y1].join(","),
        ),
      ),
    ],
    [
      "captions.csv",
      lines("file,caption", (file, { captions }) =>
        captions.map((text) => `${file},"${text.replaceAll('"', '""')}"`),
      ),
    ],
    ["classes.txt", `${sceneClasses.join("\n")}\n`],
    ["part-classes.txt", `${scenePartClasses.join("\n")}\n`],
  ];
}

/** The true parts as COCO JSON. */
function partInstances(scenes: FinishedItems<SceneResult>): Generator<string> {
  const pictures = Array.from(scenes, ({ id, result: { parts } }) => ({
    file: `${id}.jpg`,
    ...SCENE_SIZE,
    objects: parts.map(({ box, counts, partClassId }) => {
      const rle = { ...SCENE_SIZE, counts: Uint32Array.from(counts) };
      return { rle, box, area: rleArea(rle), categoryId: partClassId, score: null };
    }),
  }));
  const categories = scenePartClasses.slice(1).map((name, k) => ({ id: k + 1, name }));
  return encodeInstances(pictures, categories);
}
