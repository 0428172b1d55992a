import type { Backbone } from "../cams/cam-source.ts";
import { threadExtractor } from "../cams/thread-extractor.ts";

/** Opens a backbone in this thread, so that what is wrong with it is known before any work begins. */
export async function openBackbone(backbone: Backbone): Promise<true> {
  await threadExtractor(backbone);
  return true;
}
