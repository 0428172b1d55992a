import type { SamModel } from "../masks/mask-source.ts";
import { threadModel } from "../masks/thread-model.ts";

/** Opens a model in this thread, so that what is wrong with it is known before any work begins. */
export async function openModel(model: SamModel): Promise<true> {
  await threadModel(model);
  return true;
}
