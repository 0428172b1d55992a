import type { EfficientSamConfig, SamConfig } from "./config.ts";
import type { Prompt } from "./prompt.ts";

/** Why a model cannot be asked something. */
export interface PromptFault {
  readonly expected: string;
  readonly got: unknown;
  /** What to do about it. */
  readonly hint: string;
}

/**
 * What is wrong with asking a model about points and a box, or null: told by its configuration, so that prompts can be checked before
 * weights are there.
 */
export function promptFault(
  config: Pick<SamConfig, "kind"> | Pick<EfficientSamConfig, "kind" | "pointCount">,
  { points = [], box }: Pick<Prompt, "points" | "box">,
): PromptFault | null {
  if (config.kind === "sam") return null;
  const used = points.length + (box === undefined ? 0 : 2);
  if (used > config.pointCount)
    return {
      expected: `at most ${config.pointCount} for EfficientSAM, of which a box takes 2`,
      got: used,
      hint: "give fewer points, or use SAM or MobileSAM",
    };
  if (points.some(({ positive }) => !positive))
    return {
      expected: "positive ones for EfficientSAM",
      got: "a negative one",
      hint: "EfficientSAM was not trained with negative points: leave them out, or use SAM or MobileSAM",
    };
  return null;
}
