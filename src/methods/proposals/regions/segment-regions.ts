import { invalid } from "../../../core/error.ts";
import type { RgbImage } from "../../../core/image.ts";
import type { ObjectPrompt } from "../../../core/object-prompt.ts";
import type { Proposal } from "../../../core/proposal.ts";
import { rleArea, rleBox } from "../../../core/rle.ts";
import { type Answer, answerBox } from "./box-answer.ts";
import { buildPartitionTrees } from "./hierarchies.ts";
import { nodeRle } from "./node-mask.ts";
import type { PartitionTree } from "./partition-tree.ts";
import { expectedIous } from "./ranking.ts";
import { selectByPoints } from "./tree-selection.ts";

/**
 * The objects that boxes and points of a photo mean, found without any weights: one mask a prompt, in their order.
 * `predictedIou` is the expected IoU with the object; `stability` is NaN.
 *
 * A box should be tight; it is cut at the picture's edge, and its mask lies inside. Points want more than one to say whether
 * a part is meant or the whole.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a box outside the picture or points none of which is positive and in it;
 *         BAD_FORMAT or SHAPE_MISMATCH for a picture that is none
 */
export function segmentRegions(image: RgbImage, prompts: readonly ObjectPrompt[]): Proposal[] {
  if (prompts.length === 0) return [];
  const trees = buildPartitionTrees(image);
  return prompts.map((prompt, k) => {
    const answer = answerPrompt(trees, prompt);
    if (answer === null)
      throw invalid(`segmentRegions: prompts[${k}]`, "a box or a positive point in the picture", prompt);
    const { rle, score } = answer;
    return {
      rle,
      area: rleArea(rle),
      box: rleBox(rle),
      predictedIou: score,
      stability: Number.NaN,
    };
  });
}

function answerPrompt(trees: readonly PartitionTree[], prompt: ObjectPrompt): Answer | null {
  if (prompt.kind === "box") return answerBox(trees, prompt.box);
  const chosen = selectByPoints(trees, prompt.points);
  if (chosen === null) return null;
  const tree = trees[chosen.tree];
  return { rle: nodeRle(tree, chosen.node), score: expectedIous(tree)[chosen.node] };
}
