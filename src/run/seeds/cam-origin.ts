import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { MaskwrightError } from "../../core/error.ts";
import type { FmaRecipe, SeedRound } from "../../methods/fma/recipes.ts";
import {
  type CamSource,
  type ClipModel,
  clipIdentity,
  sourceIdentity,
  sourceKinds,
} from "../cams/cam-source.ts";
import { openLabels } from "../label-input.ts";
import { readRunDescription } from "../run-directory.ts";

/** CLIP with text contexts that are learned from the photos, twice: FMA-WSSS. */
export interface LearnedOrigin {
  readonly kind: "learned";
  readonly clip: ClipModel;
  /** With the texts of the classes at hand. */
  readonly recipe: FmaRecipe;
  /** Of the batches; where contexts start is the recipe's. */
  readonly seed: number;
}

/** CAM files that are there. */
export interface CamFolder {
  readonly kind: "folder";
  readonly folder: string;
  /** File of each id. */
  readonly files: ReadonlyMap<string, string>;
  /** Folder of `<id>.safetensors` with attention; null where there is none. */
  readonly attention: string | null;
  readonly keyBase: 0 | 1;
  /** What made them, where a run says so; null for those of other code. */
  readonly source: CamSource["kind"] | null;
  /** The seeds that they are for. */
  readonly round: SeedRound;
  /** Whether affinity has refined them. */
  readonly isRefined: boolean;
}

/** CAMs that are made on the way, by what is there. */
export interface MadeOrigin {
  readonly kind: "made";
  readonly source: CamSource;
  readonly round: SeedRound;
}

/** Where CAMs come from: they are made on the way, or those of a folder are taken. */
export type CamOrigin = MadeOrigin | LearnedOrigin | CamFolder;

/**
 * The CAMs of a folder, or of a run of `maskwright cam`, `affinity` or `seed`.
 *
 * @param round  the seeds that they are for; by default those of the run, which are the fine ones where contexts were learned for both
 * @throws MaskwrightError NOT_FOUND for a missing folder; BAD_FORMAT for one of label maps
 */
export function openCams(path: string, keyBase: 0 | 1, round?: SeedRound): CamFolder {
  const run = readRunDescription(path);
  const made = ["cams", "refined"].find((name) => run !== null && existsSync(join(path, name)));
  const { kind, folder, files } = openLabels(made === undefined ? path : join(path, made));
  if (kind !== "cams") {
    const text = `${folder}: expected CAM files (npy, npz, safetensors), got label maps`;
    throw new MaskwrightError("BAD_FORMAT", text, { hint: "`maskwright refine` takes label maps." });
  }
  const attention = join(path, "attention");
  const hasAttention =
    run !== null && (statSync(attention, { throwIfNoEntry: false })?.isDirectory() ?? false);
  const isLearned = run?.options.source === "learned";
  const source = isLearned ? "contexts" : (sourceKinds.find((each) => each === run?.options.source) ?? null);
  return {
    ...{ kind: "folder", folder, files, keyBase, source },
    round: round ?? (isLearned || run?.options.round === "fine" ? "fine" : "coarse"),
    attention: hasAttention ? attention : null,
    isRefined: made === "refined",
  };
}

/** What decides an origin's CAMs, for `run.json`: options and inputs. */
export function camIdentity(origin: CamOrigin): {
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, string>>;
} {
  if (origin.kind === "made")
    return { options: { ...sourceIdentity(origin.source), round: origin.round }, inputs: {} };
  if (origin.kind === "learned") {
    const { clip, seed } = origin;
    // What other sources have is not read.
    const { others: _, ...recipe } = origin.recipe;
    return { options: { source: "learned", ...clipIdentity(clip), recipe, seed }, inputs: {} };
  }
  const { keyBase, source, round, folder } = origin;
  return { options: { keyBase, source, round }, inputs: { cams: resolve(folder) } };
}
