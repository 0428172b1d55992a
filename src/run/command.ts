import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import type { Failure } from "./stage.ts";

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
