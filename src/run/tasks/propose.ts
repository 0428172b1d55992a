import { existsSync } from "node:fs";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { encodeProposals } from "../../data/proposal-file.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import { makeProposals } from "../masks/make-masks.ts";
import { modelName, type Proposer } from "../masks/mask-source.ts";
import type { ItemResult } from "../stage.ts";

export interface ProposeTask {
  readonly id: string;
  readonly photo: string;
  /** The proposals JSON to write; null computes and throws away (a dry run). */
  readonly out: string | null;
  readonly stage: string;
  readonly knownKey: string | null;
  readonly proposer: Proposer;
  /** "original": boxes are written as SAM writes them, one pixel short. */
  readonly compat?: "original";
}

export interface ProposeResult {
  readonly proposals: number;
  readonly height: number;
  readonly width: number;
  readonly bytes: number;
}

/** Proposes masks for one photo and writes them as JSON. */
export async function proposeItem(
  task: ProposeTask,
  signal: AbortSignal,
): Promise<ItemResult<ProposeResult>> {
  const { id, photo, out, stage, knownKey, proposer, compat } = task;
  const bytes = readFileBytes(photo);
  const key = artifactKey(stage, [bytes]);
  if (out !== null && key === knownKey && existsSync(out)) return { key, result: null };
  const image = await readPhoto(photo);
  const proposals = await makeProposals(image, proposer, signal);
  const { height, width } = image;
  const set = { id, height, width, model: modelName(proposer), proposals };
  const text = encodeProposals(set, { shortBoxes: compat === "original" });
  if (out !== null) writeAtomically(out, text);
  return { key, result: { proposals: proposals.length, height, width, bytes: text.length } };
}
