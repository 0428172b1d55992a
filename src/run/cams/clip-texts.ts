import { existsSync } from "node:fs";
import { join } from "node:path";
import { clipEsText } from "../../methods/fma/recipes.ts";
import { artifactKey, stageKey } from "../artifact-key.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { WorkContext } from "../stage.ts";
import type { ClipTextsTask } from "../tasks/clip-texts.ts";
import { type ClipSource, type ContextSource, clipIdentity, sourceIdentity } from "./cam-source.ts";

/** Changes whenever the texts' embeddings would. */
const TEXTS_VERSION = 1;

/** What CLIP is told of classes and background, encoded: `OUT/texts.safetensors`. @param context  of `withCamThread` */
export async function textsStage(
  { clip, texts: { classes, background } }: ClipSource,
  run: RunDirectory,
  context: WorkContext,
): Promise<{ readonly path: string; readonly key: string }> {
  const texts = [...classes, ...background].map(clipEsText);
  const { clip: model, ...options } = clipIdentity(clip);
  const stage = stageKey({ name: "texts", version: TEXTS_VERSION, options, model });
  const key = artifactKey(stage, [Buffer.from(JSON.stringify([classes.length, texts]))]);
  return await encodeOnce(key, { clip, texts }, run, context);
}

/** Texts of contexts, encoded as those of `textsStage`; contexts of our own are there already. @param context  of `withCamThread` */
export async function contextsStage(
  source: ContextSource,
  run: RunDirectory,
  context: WorkContext,
): Promise<{ readonly path: string; readonly key: string }> {
  const { clip, texts: path, around } = source;
  const identity = sourceIdentity(source);
  if (around === undefined) return { path, key: JSON.stringify(identity) };
  const stage = stageKey({ name: "contexts", version: TEXTS_VERSION, options: identity });
  return await encodeOnce(artifactKey(stage, []), { clip, texts: around, contexts: path }, run, context);
}

async function encodeOnce(
  key: string,
  task: ClipTextsTask["what"],
  { dir, journal }: RunDirectory,
  { pool, progress }: WorkContext,
): Promise<{ readonly path: string; readonly key: string }> {
  const path = join(dir, "texts.safetensors");
  if (journal.find("texts", "texts")?.key === key && existsSync(path)) return { path, key };
  progress.begin("texts", 1);
  const count = await pool.run("clip-texts", { what: task, out: path });
  journal.finish("texts", "texts", { key, result: { texts: count } });
  progress.advance("texts");
  progress.end();
  return { path, key };
}
