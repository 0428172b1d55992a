import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { MaskwrightError } from "../../core/error.ts";
import type { FmaRecipe } from "../../methods/fma/recipes.ts";
import { type CamSource, type ClipModel, sourceIdentity } from "../cams/cam-source.ts";
import { openLabels } from "../label-input.ts";

/** CLIP with text contexts that are learned from the photos, twice: FMA-WSSS. */
export interface LearnedOrigin {
  readonly kind: "learned";
  readonly clip: ClipModel;
  /** With the texts of the classes at hand. */
  readonly recipe: FmaRecipe;
  /** Of the batches; where contexts start is the recipe's. */
  readonly seed: number;
}

/** Where CAMs come from: they are made on the way, or those of a folder are taken. */
export type CamOrigin =
  | { readonly kind: "made"; readonly source: CamSource }
  | LearnedOrigin
  | {
      readonly kind: "folder";
      readonly folder: string;
      /** File of each id. */
      readonly files: ReadonlyMap<string, string>;
      /** Folder of attention beside the CAMs of a run of `cam`; null where there is none. */
      readonly attention: string | null;
      readonly keyBase: 0 | 1;
    };

/**
 * The CAMs of a folder, or of a run of `maskwright cam`.
 *
 * @throws MaskwrightError NOT_FOUND for a missing folder; BAD_FORMAT for one of label maps
 */
export function openCams(path: string, keyBase: 0 | 1): CamOrigin {
  const isRun = existsSync(join(path, "run.json"));
  const { kind, folder, files } = openLabels(isRun ? join(path, "cams") : path);
  if (kind !== "cams") {
    const text = `${folder}: expected CAM files (npy, npz, safetensors), got label maps`;
    throw new MaskwrightError("BAD_FORMAT", text, { hint: "`maskwright refine` takes label maps." });
  }
  const attention = join(path, "attention");
  const hasAttention = isRun && (statSync(attention, { throwIfNoEntry: false })?.isDirectory() ?? false);
  return { kind: "folder", folder, files, attention: hasAttention ? attention : null, keyBase };
}

/** What decides an origin's CAMs, for `run.json`: options and inputs. */
export function camIdentity(origin: CamOrigin): {
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, string>>;
} {
  if (origin.kind === "made") return { options: sourceIdentity(origin.source), inputs: {} };
  if (origin.kind === "learned") {
    const { clip, recipe, seed } = origin;
    return { options: { source: "learned", clip: clip.sha256, recipe, seed }, inputs: {} };
  }
  return { options: { keyBase: origin.keyBase }, inputs: { cams: resolve(origin.folder) } };
}
