import { join } from "node:path";
import { sceneIds } from "../scenes/dataset.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { stageKey } from "./artifact-key.ts";
import { writeAtomically } from "./files.ts";
import { refine } from "./refine.ts";
import type { RefineReport } from "./refine-summary.ts";
import { openRunDirectory } from "./run-directory.ts";
import { type FinishedItems, runStage, type WorkContext } from "./stage.ts";
import type { SceneResult } from "./tasks/scene.ts";

export interface DemoRequest {
  readonly out: string;
  readonly sceneCount: number;
  readonly seed: number;
  readonly commandLine: string;
}

/** Changes whenever the drawn scenes or their rough labels would. */
const SCENES_VERSION = 1;
const SCENE_SIZE = { height: 240, width: 320 };

/**
 * The whole of the program on drawn scenes, with no download: `OUT/scenes` holds photos, truth and weak labels
 * of every kind, `OUT/refined` the rough labels refined by `regions` proposals, with their report.
 */
export async function demo(request: DemoRequest, context: WorkContext): Promise<RefineReport> {
  const { out, sceneCount, seed, commandLine } = request;
  const scenes = join(out, "scenes");
  await drawScenes(scenes, sceneIds(sceneCount, seed), seed, context);
  return await refine(
    {
      labels: join(scenes, "rough"),
      proposals: {
        kind: "photos",
        folder: join(scenes, "images"),
        proposer: { kind: "regions", maxProposals: 300 },
      },
      out: join(out, "refined"),
      variant: "max_iou_imp2",
      compat: null,
      classes: { name: "scenes", classes: sceneClasses },
      classCount: sceneClasses.length,
      keepIgnore: false,
      cams: { background: { kind: "threshold", threshold: 0.3 }, keyBase: 0 },
      truth: join(scenes, "truth"),
      limit: sceneCount,
      overlay: false,
      title: "Demo: rough labels of drawn scenes, refined by SEPL",
      notes: [
        `Synthetic data: ${sceneCount} scenes drawn by this program (seed ${seed}), their truth exact, their rough labels the truth degraded the way class activation maps fail. Figures on photos are in docs/benchmarks.md.`,
      ],
      commandLine,
    },
    context,
  );
}

async function drawScenes(
  out: string,
  ids: readonly string[],
  seed: number,
  context: WorkContext,
): Promise<void> {
  // The seed too: scenes of two seeds in one folder would be mixed in the refinement.
  const run = openRunDirectory(out, { command: "scenes", options: { size: SCENE_SIZE, seed }, inputs: {} });
  const stage = stageKey({ name: "scenes", version: SCENES_VERSION, options: { size: SCENE_SIZE } });
  try {
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
    for (const [name, text] of weakLabelFiles(finished)) writeAtomically(join(out, name), text);
  } finally {
    run.journal.close();
  }
}

/** The weak labels of all scenes in the formats the other commands read. */
function weakLabelFiles(scenes: FinishedItems<SceneResult>): [name: string, text: string][] {
  const nameOf = (classId: number): string => sceneClasses[classId];
  const lines = (head: string, of: (file: string, scene: SceneResult) => string[]): string =>
    [head, ...Array.from(scenes, ({ id, result }) => of(`${id}.jpg`, result)).flat(), ""].join("\n");
  return [
    ["tags.csv", lines("file,tags", (file, { tags }) => [`${file},${tags.map(nameOf).join(";")}`])],
    [
      "boxes.csv",
      lines("file,class,x0,y0,x1,y1", (file, { boxes }) =>
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
      "captions.csv",
      lines("file,caption", (file, { captions }) =>
        captions.map((text) => `${file},"${text.replaceAll('"', '""')}"`),
      ),
    ],
    ["classes.txt", `${sceneClasses.join("\n")}\n`],
  ];
}
