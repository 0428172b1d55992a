import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { badFormat, MaskwrightError } from "../core/error.ts";
import { sorted } from "./artifact-key.ts";
import { makeFolder, removeTemporaries, writeAtomically } from "./files.ts";
import { type Journal, openJournal } from "./journal.ts";
import { version } from "./version.ts";

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
    checkSameRun(dir, readDescription(path), resolved);
    removeTemporaries(dir);
  } else {
    makeFolder(dir);
    checkEmpty(dir);
    const runtime = {
      maskwright: version,
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
    };
    writeAtomically(path, `${JSON.stringify({ ...resolved, versions: runtime }, null, 2)}\n`);
  }
  return { dir, journal: openJournal(join(dir, "log.ndjson")) };
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

type Values = Readonly<Record<string, unknown>>;

function checkSameRun(dir: string, before: RunDescription, now: RunDescription): void {
  const hint = "Choose another -o, or delete the folder to start again.";
  const refuse = (what: string, held: unknown, got: unknown): never => {
    const text = `${dir}: expected to resume ${what} ${JSON.stringify(held)}, got ${JSON.stringify(got)}`;
    throw new MaskwrightError("INVALID_ARGUMENT", text, { hint });
  };
  if (before.command !== now.command) refuse("command", before.command, now.command);
  const [heldValues, values] = [before, now].map(
    ({ options, inputs }) => ({ ...options, ...inputs }) as Values,
  );
  for (const name of Object.keys({ ...heldValues, ...values }).sort()) {
    const held = heldValues[name];
    const got = values[name];
    if (JSON.stringify(held) !== JSON.stringify(got)) refuse(`a run with ${name}`, held ?? null, got ?? null);
  }
}
