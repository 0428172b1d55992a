import type { RgbImage } from "../../core/image.ts";
import type { ObjectPrompt } from "../../core/object-prompt.ts";
import type { Proposal } from "../../core/proposal.ts";
import type { Proposer, Segmenter } from "./mask-source.ts";

/** The proposals for a picture. What a source needs is loaded when it is first used: nobody waits for the others. */
export async function makeProposals(
  image: RgbImage,
  proposer: Proposer,
  signal: AbortSignal,
): Promise<Proposal[]> {
  switch (proposer.kind) {
    case "regions": {
      const { proposeRegions } = await import("../../methods/proposals/regions/regions.ts");
      return proposeRegions(image, { count: proposer.maxProposals });
    }
    case "sam": {
      const [{ proposeWithSam }, { threadModel }] = await Promise.all([
        import("../../methods/proposals/sam-auto/propose.ts"),
        import("./thread-model.ts"),
      ]);
      return await proposeWithSam(await threadModel(proposer.model), image, {
        ...proposer.generator,
        signal,
      });
    }
    default:
      return proposer satisfies never;
  }
}

/** A mask for each prompt on a picture. */
export async function answerPrompts(
  image: RgbImage,
  prompts: readonly ObjectPrompt[],
  segmenter: Segmenter,
  signal: AbortSignal,
): Promise<Proposal[]> {
  switch (segmenter.kind) {
    case "regions": {
      const { segmentRegions } = await import("../../methods/proposals/regions/segment-regions.ts");
      return segmentRegions(image, prompts);
    }
    case "sam": {
      const [{ segmentWithSam }, { threadModel }] = await Promise.all([
        import("../../methods/proposals/sam-prompted/segment-with-sam.ts"),
        import("./thread-model.ts"),
      ]);
      return await segmentWithSam(await threadModel(segmenter.model), image, prompts, { signal });
    }
    default:
      return segmenter satisfies never;
  }
}
