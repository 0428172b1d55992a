import { checkScoreOptions } from "../../methods/segment/inference-views.ts";
import { type LookOptions, scoreOptions } from "../segmenter/predict-look.ts";
import { type ThreadModel, threadClassifier } from "../segmenter/predict-thread.ts";

export interface OpenSegmenterTask {
  readonly choice: ThreadModel;
  readonly look: LookOptions;
}

/** Opens a segmenter in this thread, so that what is wrong with it, or with how it is to look, is known before any work begins. */
export async function openSegmenter({ choice, look }: OpenSegmenterTask): Promise<true> {
  const { sides } = await threadClassifier(choice);
  const { side } = choice.model;
  checkScoreOptions(sides, scoreOptions(look, { height: side, width: side }, { side, sides }));
  return true;
}
