import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClassTexts } from "../core/class-texts.ts";
import type { ClipModel } from "../run/cams/cam-source.ts";
import { createPool } from "../run/pool.ts";
import type { WorkContext } from "../run/stage.ts";
import { sceneClasses } from "../scenes/objects/catalog.ts";
import { quietContext } from "./progress.ts";
import { writeTaggedScenes } from "./tagged-scenes.ts";
import { writeTinyClip } from "./tiny-clip-model.ts";

/** What CLIP is told of the scenes. */
export const sceneTexts: ClassTexts = {
  name: "scenes",
  classes: sceneClasses.slice(1),
  background: ["ground", "sky"],
};

/** Tagged scenes, a tiny CLIP, and one worker without a progress bar. */
export interface ClipScenes {
  readonly folder: string;
  readonly clip: ClipModel;
  readonly context: WorkContext;
  /** Ends the worker and deletes the folder. */
  close(): Promise<void>;
}

export async function openClipScenes(): Promise<ClipScenes> {
  const folder = mkdtempSync(join(tmpdir(), "maskwright-clip-"));
  await writeTaggedScenes(folder, 2);
  const pool = createPool(1);
  return {
    folder,
    clip: writeTinyClip(folder),
    context: quietContext(pool),
    async close() {
      await pool.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
