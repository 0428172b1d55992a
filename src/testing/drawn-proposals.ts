import type { ProposalSet } from "../core/proposal.ts";
import { encodeRle } from "../core/rle.ts";
import { encodeMask } from "../data/mask-file.ts";
import { encodeProposals } from "../data/proposal-file.ts";
import { mask } from "./picture.ts";

const drawn = mask(".## ...");

/** One mask of a picture. */
export const drawnSet: ProposalSet = {
  id: "elsewhere",
  height: 2,
  width: 3,
  proposals: [
    {
      rle: encodeRle(drawn),
      area: 2,
      box: { x0: 1, y0: 0, x1: 3, y1: 1 },
      predictedIou: 1,
      stability: 1,
    },
  ],
};

/** The same as files of the two layouts: JSON, and a PNG in the picture's folder. */
export const drawnFiles: { readonly json: string; readonly png: Uint8Array } = {
  json: encodeProposals(drawnSet),
  png: encodeMask(drawn),
};
