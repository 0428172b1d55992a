import { existsSync } from "node:fs";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { encodeProposals } from "../../data/proposal-file.ts";
import { proposeRegions } from "../../methods/proposals/regions/regions.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import type { ItemResult } from "../stage.ts";

export interface ProposeTask {
  readonly id: string;
  readonly photo: string;
  /** The proposals JSON to write; null computes and throws away (a dry run). */
  readonly out: string | null;
  readonly stage: string;
  readonly knownKey: string | null;
  /** Keep at most this many, the best ones. */
  readonly maxProposals: number;
}

export interface ProposeResult {
  readonly proposals: number;
  readonly height: number;
  readonly width: number;
  readonly bytes: number;
}

/** Proposes masks for one photo and writes them as JSON. */
export async function proposeItem(task: ProposeTask): Promise<ItemResult<ProposeResult>> {
  const { id, photo, out, stage, knownKey, maxProposals } = task;
  const bytes = readFileBytes(photo);
  const key = artifactKey(stage, [bytes]);
  if (out !== null && key === knownKey && existsSync(out)) return { key, result: null };
  const image = await readPhoto(photo);
  const proposals = proposeRegions(image, { count: maxProposals });
  const { height, width } = image;
  const text = encodeProposals({ id, height, width, model: "regions", proposals });
  if (out !== null) writeAtomically(out, text);
  return { key, result: { proposals: proposals.length, height, width, bytes: text.length } };
}
