import { existsSync } from "node:fs";
import { badFormat, shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize } from "../../core/geometry.ts";
import { type ClassId, compareLabels, countLabels, IGNORE, type LabelMap } from "../../core/label-map.ts";
import { encodeLabelMap } from "../../data/label-file.ts";
import type { OddMasks } from "../../data/odd-masks.ts";
import { readFileBytes } from "../../data/paths.ts";
import { loadProposals } from "../../data/stored-proposals.ts";
import { proposalsForRefinement } from "../../methods/proposals/regions/refinement.ts";
import { type MergeOptions, mergeProposals } from "../../methods/sepl/merge.ts";
import { artifactKey } from "../artifact-key.ts";
import { decodeLabels } from "../decode-labels.ts";
import { writeAtomically } from "../files.ts";
import type { CamReading } from "../label-input.ts";
import type { ItemResult } from "../stage.ts";

export interface RefineTask {
  readonly id: string;
  readonly labels: string;
  /** Used where `labels` is a CAM file. */
  readonly cams: CamReading;
  /** Folder of proposals, as `openProposals` found it. */
  readonly proposals: string;
  /** The label PNG to write; null computes and throws away (a dry run). */
  readonly out: string | null;
  readonly stage: string;
  readonly knownKey: string | null;
  readonly options: Omit<MergeOptions, "assign">;
  readonly palette: Uint8Array | null;
}

export interface RefineResult {
  readonly pixels: number;
  /** Pixels whose label differs from before. */
  readonly changed: number;
  readonly proposals: number;
  /** Proposals that some class took. */
  readonly taken: number;
  /** Classes of the input that no pixel of the output has. */
  readonly vanished: readonly ClassId[];
  /** Ignore pixels of the input that became something else. */
  readonly ignoreLost: number;
  /** Size of the label PNG. */
  readonly bytes: number;
  readonly oddMasks: readonly OddMasks[];
}

/** Refines one pseudo label and writes it. */
export async function refineItem(task: RefineTask): Promise<ItemResult<RefineResult>> {
  const { id, labels: path, cams, out, stage, knownKey, options, palette } = task;
  const bytes = readFileBytes(path);
  const input = await loadProposals(task.proposals, id);
  const key = artifactKey(stage, [bytes, ...input.files.map((file) => file.bytes)]);
  if (out !== null && key === knownKey && existsSync(out)) return { key, result: null };

  const before = await decodeLabels(bytes, path, cams);
  if (options.compat !== "original") checkClasses(before, path, options.classCount);
  const { set, oddMasks } = input.decode({ published: options.compat === "original" });
  // An empty folder of masks is a set of no known size.
  if (set.height > 0 && !isSameSize(set, before)) {
    const isTurned = set.height === before.width && set.width === before.height;
    const hint = isTurned
      ? "Photos are turned as their EXIF orientation says; labels have to be as well."
      : undefined;
    throw shapeMismatch(`proposals of ${id}`, `${formatSize(before)} like ${path}`, formatSize(set), hint);
  }
  // Both compat modes merge what they are given, whole; see `proposalsForRefinement` for why that would do harm.
  const isPool = set.model === "regions" && options.compat === undefined;
  const proposals = isPool ? proposalsForRefinement(set.proposals) : set.proposals;
  const { labels, takenBy } = mergeProposals(
    before,
    proposals.map(({ rle }) => rle),
    options,
  );
  const encoded = encodeLabelMap(labels, palette ?? undefined);
  if (out !== null) writeAtomically(out, encoded);
  const result = {
    ...describeChange(before, labels),
    ...countTaken(takenBy),
    bytes: encoded.length,
    oddMasks,
  };
  return { key, result };
}

/** Ids past the class list would silently become background; the published code lets them. */
function checkClasses(labels: LabelMap, path: string, classCount: number = IGNORE): void {
  if (classCount >= IGNORE) return;
  const id = countLabels(labels).findIndex((pixels, c) => pixels > 0 && c >= classCount && c < IGNORE);
  if (id < 0) return;
  const hint = `--classes FILE names the classes, one a line from the background on; without it every id is one.`;
  throw badFormat(path, `class ids below ${classCount} (or ${IGNORE}, ignore)`, String(id), hint);
}

function countTaken(takenBy: readonly ClassId[]): { proposals: number; taken: number } {
  return { proposals: takenBy.length, taken: takenBy.filter((c) => c > 0).length };
}

function describeChange(
  before: LabelMap,
  after: LabelMap,
): Pick<RefineResult, "pixels" | "changed" | "vanished" | "ignoreLost"> {
  const pixels = compareLabels(before, after);
  const vanished: ClassId[] = [];
  for (let c = 1; c < IGNORE; c++) if (pixels.before[c] > 0 && pixels.after[c] === 0) vanished.push(c);
  return {
    pixels: before.data.length,
    changed: pixels.changed,
    vanished,
    ignoreLost: pixels.before[IGNORE] - pixels.after[IGNORE],
  };
}
