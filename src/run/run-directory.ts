import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { badFormat, MaskwrightError } from "../core/error.ts";
import { quote } from "../data/problems.ts";
import { sorted } from "./artifact-key.ts";
import { makeFolder, removeTemporaries, writeAtomically } from "./files.ts";
import { type Journal, openJournal } from "./journal.ts";
import { runtimeVersions } from "./version.ts";

/** Everything that decides a run's output; written to `run.json` and compared when the run is resumed. */
export interface RunDescription {
  readonly command: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Folders it reads, absolute: another data set needs a run of its own. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** An open run directory: `run.json`, `log.ndjson`, one folder per stage, `report.json` at the end. */
export interface RunDirectory {
  readonly dir: string;
  readonly journal: Journal;
}

/**
 * Creates a run directory, or opens one to resume it.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when the folder holds a run with other options, or other files
 */
export function openRunDirectory(dir: string, description: RunDescription): RunDirectory {
  const path = join(dir, "run.json");
  const resolved = sorted(description) as RunDescription;
  if (existsSync(path)) {
    // As JSON has it: Infinity, for one, was written as null.
    checkSameRun(dir, readDescription(path), JSON.parse(JSON.stringify(resolved)));
    removeTemporaries(dir);
  } else {
    makeFolder(dir);
    checkEmpty(dir);
    writeAtomically(path, `${JSON.stringify({ ...resolved, versions: runtimeVersions() }, null, 2)}\n`);
  }
  return { dir, journal: openJournal(join(dir, "log.ndjson")) };
}

/** Works in a run directory, and closes its log whatever happens. @throws MaskwrightError as `openRunDirectory` */
export async function inRunDirectory<T>(
  dir: string,
  description: RunDescription,
  work: (run: RunDirectory) => Promise<T>,
): Promise<T> {
  const run = openRunDirectory(dir, description);
  try {
    return await work(run);
  } finally {
    run.journal.close();
  }
}

/**
 * What the run in a folder is; null for a folder that is no run.
 *
 * @throws MaskwrightError BAD_FORMAT for a damaged `run.json`
 */
export function readRunDescription(dir: string): RunDescription | null {
  const path = join(dir, "run.json");
  if (!existsSync(path)) return null;
  const run: unknown = readDescription(path);
  if (isRecord(run) && typeof run.command === "string" && isRecord(run.options) && isRecord(run.inputs))
    return run as unknown as RunDescription;
  throw badFormat(path, "a run description", "JSON of something else");
}

/** A run's files would stand among others, and its `report.json` might replace one of them. */
function checkEmpty(dir: string): void {
  const other = readdirSync(dir).find((name) => !name.startsWith("."));
  if (other === undefined) return;
  const text = `${dir}: expected a new or empty folder, or a run to resume, got one with ${other} in it`;
  throw new MaskwrightError("INVALID_ARGUMENT", text, { hint: "Choose another -o." });
}

function readDescription(path: string): RunDescription {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as RunDescription;
  } catch (cause) {
    throw badFormat(
      path,
      "a run description",
      `unreadable JSON (${(cause as Error).message})`,
      "Remove the folder or choose another -o.",
    );
  }
}

function checkSameRun(dir: string, before: RunDescription, now: RunDescription): void {
  const found =
    before.command === now.command
      ? differences({ ...before.options, ...before.inputs }, { ...now.options, ...now.inputs })
      : differences({ command: before.command }, { command: now.command });
  if (found.length === 0) return;
  const more = found.length > LISTED ? [`and ${found.length - LISTED} more`] : [];
  const text = [...found.slice(0, LISTED), ...more].join("; ");
  throw new MaskwrightError("INVALID_ARGUMENT", `${dir}: ${text}`, {
    hint: "Choose another -o, or delete the folder to start again.",
  });
}

/** Differences that one line names. */
const LISTED = 3;

/** What differs between two values that were JSON, by its path: names of options, not whole lists of classes. */
function differences(held: unknown, got: unknown, path = ""): string[] {
  if (isList(held) && isList(got)) {
    if (held.length !== got.length)
      return [`${path}: expected ${held.length} entries as before, got ${got.length}`];
    return held.flatMap((value, k) => differences(value, got[k], `${path}[${k}]`));
  }
  if (isRecord(held) && isRecord(got))
    return Object.keys({ ...held, ...got })
      .sort()
      .flatMap((name) => differences(held[name], got[name], path === "" ? name : `${path}.${name}`));
  // An option that is null and one that a run of an older version did not have are the same.
  if ((held ?? null) === (got ?? null)) return [];
  return [`${path}: expected ${quote(held ?? null)} as before, got ${quote(got ?? null)}`];
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
