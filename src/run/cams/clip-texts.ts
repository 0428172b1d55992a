import { existsSync } from "node:fs";
import { join } from "node:path";
import { clipEsText } from "../../methods/fma/recipes.ts";
import { artifactKey, stageKey } from "../artifact-key.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { WorkContext } from "../stage.ts";
import { type ClipSource, clipIdentity } from "./cam-source.ts";

/** Changes whenever the texts' embeddings would. */
const TEXTS_VERSION = 1;

/** What CLIP is told of classes and background, encoded: `OUT/texts.safetensors`. @param context  of `withCamThread` */
export async function textsStage(
  { clip, texts: { classes, background } }: ClipSource,
  run: RunDirectory,
  { pool, progress }: WorkContext,
): Promise<{ readonly path: string; readonly key: string }> {
  const path = join(run.dir, "texts.safetensors");
  const texts = [...classes, ...background].map(clipEsText);
  const { clip: model, ...options } = clipIdentity(clip);
  const stage = stageKey({ name: "texts", version: TEXTS_VERSION, options, model });
  const key = artifactKey(stage, [Buffer.from(JSON.stringify([classes.length, texts]))]);
  if (run.journal.find("texts", "texts")?.key === key && existsSync(path)) return { path, key };
  progress.begin("texts", 1);
  await pool.run("clip-texts", { clip, texts, out: path });
  run.journal.finish("texts", "texts", { key, result: { texts: texts.length } });
  progress.advance("texts");
  progress.end();
  return { path, key };
}
