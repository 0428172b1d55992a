import { join } from "node:path";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import { fingerprintOf } from "./artifact-key.ts";
import { writeAtomically } from "./files.ts";
import type { Failure, FinishedItems } from "./stage.ts";
import { version } from "./version.ts";

/** What every command that writes a run reports, besides its own figures. */
export interface RunSummary {
  readonly command: string;
  readonly maskwright: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Images that were done. */
  readonly images: number;
  readonly failures: readonly Failure[];
  /** Digest over the ids and the content of everything that was read, in order. */
  readonly fingerprint: string;
  /** Not part of the result: differs from run to run. */
  readonly timing: { readonly seconds: number };
}

/** What is done, for `summarizeRun`. */
export interface RunOutcome extends Pick<RunSummary, "command" | "options" | "failures"> {
  readonly finished: FinishedItems<unknown>;
  readonly startMs: number;
}

/** The report of a run whose stages all have an artifact an image, with a command's own figures. */
export function summarizeRun<F extends object>(
  { command, options, finished, failures, startMs }: RunOutcome,
  figures: F,
): RunSummary & F {
  return {
    command,
    maskwright: version,
    options,
    images: finished.ids.length,
    ...figures,
    failures,
    fingerprint: fingerprintOf(finished),
    timing: { seconds: secondsSince(startMs) },
  };
}

/** Writes `OUT/report.json`. */
export function writeReport(out: string, report: RunSummary): void {
  writeAtomically(join(out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
}

/** The sum of a figure over all results. */
export function sumOf<R>(finished: FinishedItems<R>, figure: (result: R) => number): number {
  let sum = 0;
  for (const { result } of finished) sum += figure(result);
  return sum;
}

/** Refuses a run in which no image could be done: there is nothing to report. */
export function checkSomeFinished(stage: string, finished: number, failures: readonly Failure[]): void {
  if (finished > 0 || failures.length === 0) return;
  throw new MaskwrightError(
    "BAD_FORMAT",
    `${stage}: of ${formatCount(failures.length, "image")} all failed; the first: ${failures[0].message}`,
  );
}

export function secondsSince(startMs: number): number {
  return Math.round(performance.now() - startMs) / 1000;
}
