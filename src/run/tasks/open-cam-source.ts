import type { CamSource } from "../cams/cam-source.ts";
import { threadClip } from "../cams/thread-clip.ts";
import { threadExtractor } from "../cams/thread-extractor.ts";

/** Opens the network of a source in this thread, so that what is wrong with it is known before any work begins. */
export async function openCamSource(source: CamSource): Promise<true> {
  if (source.kind === "classifier") await threadExtractor(source.backbone);
  else await threadClip(source.clip);
  return true;
}
