import { join } from "node:path";
import { sceneIds } from "../scenes/dataset.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { drawScenes } from "./demo-scenes.ts";
import { refine } from "./refine.ts";
import type { RefineReport } from "./refine-summary.ts";
import type { WorkContext } from "./stage.ts";

export interface DemoRequest {
  readonly out: string;
  readonly sceneCount: number;
  readonly seed: number;
  readonly commandLine: string;
}

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
