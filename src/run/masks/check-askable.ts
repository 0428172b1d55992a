import { collectProblems, quote } from "../../data/problems.ts";
import type { PromptSource } from "../../data/prompts.ts";
import { findModel, type SamNetworkConfig } from "../../models/registry.ts";
import { promptFault } from "../../models/sam/prompt-fault.ts";
import type { Segmenter } from "./mask-source.ts";

/**
 * Refuses prompts that the segmenter's model cannot be asked, before it is opened: they would fail whatever the photo is.
 *
 * @throws MaskwrightError BAD_FORMAT that lists every such object
 */
export function checkAskable(ids: readonly string[], prompts: PromptSource, segmenter: Segmenter): void {
  const config = configOf(segmenter);
  // Every model takes a box; and boxes of VOC are read from a file for each picture.
  if (config === null || prompts.kind === "boxes") return;
  const problems = collectProblems(prompts.path);
  let hint: string | undefined;
  for (const id of ids)
    for (const [k, prompt] of prompts.promptsOf(id).entries()) {
      const fault = prompt.kind === "points" ? promptFault(config, prompt) : null;
      if (fault === null) continue;
      const got = typeof fault.got === "string" ? fault.got : quote(fault.got);
      problems.add(`${id}, object ${k + 1}, points`, fault.expected, got);
      hint ??= fault.hint;
    }
  problems.throwIfAny(hint);
}

/** The configuration of a published model; what a pair of ONNX files takes is known once it is open. */
function configOf(segmenter: Segmenter): SamNetworkConfig | null {
  if (segmenter.kind === "regions" || segmenter.model.name.startsWith("onnx:")) return null;
  const { network } = findModel(segmenter.model.name);
  return network.kind === "sam" ? network.config : null;
}
