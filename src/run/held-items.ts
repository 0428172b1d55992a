import { existsSync } from "node:fs";
import type { RunDirectory } from "./run-directory.ts";
import { isBadImage } from "./stage.ts";

/** What a stage of a run leaves of each item. */
export interface StageFiles {
  readonly run: RunDirectory;
  /** Its name in the journal. */
  readonly stage: string;
  readonly fileOf: (id: string) => string;
  /** The key the item would be made under now. */
  readonly keyOf: (id: string) => string;
}

/**
 * The items that a run has, in the order given: those just made, and those of other selections that would be made the same from their
 * inputs as these are now.
 */
export function* heldItems(
  ids: Iterable<string>,
  made: readonly string[],
  files: StageFiles,
): Generator<string> {
  const isMade = new Set(made);
  for (const id of ids) if (isMade.has(id) || isUpToDate(id, files)) yield id;
}

function isUpToDate(id: string, { run, stage, fileOf, keyOf }: StageFiles): boolean {
  const known = run.journal.find(stage, id);
  if (known === undefined || !existsSync(fileOf(id))) return false;
  try {
    return keyOf(id) === known.key;
  } catch (error) {
    if (isBadImage(error)) return false;
    throw error;
  }
}
